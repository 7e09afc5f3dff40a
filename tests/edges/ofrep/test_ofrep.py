"""OFREP over a real server on loopback, asked by the official OpenFeature SDK and by plain HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason

from holdfast.edges.ofrep.app import OfrepApp, matches_etag
from holdfast.edges.ofrep.limits import Limits
from holdfast.errors import HoldfastError
from holdfast.loop.flag_snapshot import FlagSnapshot
from tests.flag_stand import ENVIRONMENT, ON_OFF, ORG, READER, FlagStand, open_stand, serve_app, wait_for

GOLD = {"if": [{"==": [{"var": "plan"}, "gold"]}, "on"]}


@dataclass
class Served:
    """A shop whose flags are served at `url`."""

    stand: FlagStand
    app: OfrepApp
    url: str

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Ask as the reader, or as `authorization` says."""
        sent = {"authorization": "Bearer reader"} | {name.replace("_", "-"): text for name, text in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return httpx.post(f"{self.url}/ofrep/v1/{path}", content=content, headers=sent, timeout=10)


@pytest.fixture
def limits() -> Limits:
    """How much may be asked; tests of what is too much replace it."""
    return Limits()


@pytest.fixture
def served(limits: Limits) -> Iterator[Served]:
    with open_stand() as stand:
        app = stand.ofrep(limits)
        with serve_app(app) as url:
            yield Served(stand, app, url)


@pytest.fixture
def client(served: Served) -> Iterator[OpenFeatureClient]:
    provider = OFREPProvider(served.url, headers_factory=lambda: {"Authorization": "Bearer reader"})
    api.set_provider(provider)
    yield api.get_client()
    provider.session.close()
    api.clear_providers()


def test_sdk_reads_a_flag(client: OpenFeatureClient) -> None:
    details = client.get_boolean_details("tax", False)
    assert (details.value, details.variant, details.reason) == (True, "on", Reason.STATIC)


def test_sdk_sees_a_kill_and_its_end(served: Served, client: OpenFeatureClient) -> None:
    served.stand.hold("ovl_1")
    served.stand.hold("ovl_2")
    assert client.get_boolean_value("tax", True) is False
    served.stand.lift("ovl_1")
    assert client.get_boolean_value("tax", True) is False
    served.stand.lift("ovl_2")
    assert client.get_boolean_value("tax", False) is True


@pytest.mark.parametrize(
    ("getter", "value", "default"),
    [
        ("get_boolean_value", True, False),
        ("get_string_value", "new", "old"),
        ("get_integer_value", 7, 0),
        ("get_float_value", 1.0, 0.5),
        ("get_object_value", {"a": [1]}, {}),
    ],
)
def test_sdk_reads_every_kind(served: Served, client: OpenFeatureClient, getter: str, value: Any, default: Any) -> None:
    text = {"state": "ENABLED", "variants": {"v": value}, "defaultVariant": "v"}
    served.stand.define("kind", json.dumps(text))
    assert getattr(client, getter)("kind", default) == value


def test_sdk_hands_its_context_to_the_rules(served: Served, client: OpenFeatureClient) -> None:
    rule = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": GOLD}
    served.stand.define("beta", json.dumps(rule))
    assert client.get_boolean_value("beta", False, EvaluationContext("u", {"plan": "gold"})) is True
    details = client.get_boolean_details("beta", True, EvaluationContext("u", {"plan": "tin"}))
    assert (details.value, details.reason) == (False, Reason.DEFAULT)


def test_sdk_keeps_its_default_for_an_unknown_flag(client: OpenFeatureClient) -> None:
    details = client.get_boolean_details("nope", True)
    assert (details.value, details.error_code) == (True, "FLAG_NOT_FOUND")


def test_sdk_keeps_its_default_when_the_server_is_gone() -> None:
    provider = OFREPProvider("http://127.0.0.1:1")
    api.set_provider(provider)
    assert api.get_client().get_boolean_value("tax", False) is False
    provider.session.close()
    api.clear_providers()


def test_single_answer_is_what_the_protocol_says(served: Served) -> None:
    answer = served.post("evaluate/flags/tax", {"context": {"targetingKey": "u"}})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    metadata = {"flagSetId": ENVIRONMENT, "revision": served.stand.revision}
    assert answer.json() == {"key": "tax", "reason": "STATIC", "value": True, "variant": "on", "metadata": metadata}


def test_disabled_flag_answers_without_a_value(served: Served) -> None:
    served.stand.define("dark", ON_OFF.replace("ENABLED", "DISABLED"))
    assert served.post("evaluate/flags/dark").json().keys() == {"key", "reason", "metadata"}


def test_unknown_flag_is_404_with_its_code(served: Served) -> None:
    answer = served.post("evaluate/flags/nope")
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "FLAG_NOT_FOUND"
    assert answer.json()["key"] == "nope"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b"\xff\xfe", "PARSE_ERROR"),
        (b"[" * 50_000, "PARSE_ERROR"),
        (b"[]", "INVALID_CONTEXT"),
        (b'"x"', "INVALID_CONTEXT"),
        (b'{"context": []}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": 1}}', "INVALID_CONTEXT"),
    ],
)
def test_body_that_is_no_context_is_400_with_its_code(served: Served, body: bytes, code: str) -> None:
    for path in ("evaluate/flags/tax", "evaluate/flags"):
        answer = served.post(path, body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
        assert answer.json()["errorDetails"]


def test_missing_body_is_an_empty_context(served: Served) -> None:
    assert served.post("evaluate/flags/tax", b"").json()["value"] is True


def test_missing_targeting_key_is_400_with_its_code(served: Served) -> None:
    rule = {"fractional": [["on", 50], ["off", 50]]}
    text = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on", "targeting": rule}
    served.stand.define("half", json.dumps(text))
    answer = served.post("evaluate/flags/half")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "TARGETING_KEY_MISSING")


def test_huge_body_is_refused(served: Served) -> None:
    assert served.post("evaluate/flags/tax", b'{"context": {"x": "' + b"y" * 300_000 + b'"}}').status_code == 413


@pytest.mark.parametrize("path", ["evaluate/flags/tax", "evaluate/flags"])
@pytest.mark.parametrize(("token", "status"), [("nobody", 401), ("other", 403), ("unbound", 403)])
def test_who_may_not_read_flags_is_refused(served: Served, path: str, token: str, status: int) -> None:
    answer = served.post(path, authorization=f"Bearer {token}")
    assert answer.status_code == status
    assert set(answer.json()) == {"errorDetails"}
    assert (answer.headers.get("www-authenticate") == "Bearer") is (status == 401)


def test_who_says_nothing_of_itself_is_refused(served: Served) -> None:
    assert httpx.post(f"{served.url}/ofrep/v1/evaluate/flags", timeout=10).status_code == 401


@pytest.mark.parametrize("token", ["staging", "foreign"])
def test_other_environment_or_org_has_no_such_flag(served: Served, token: str) -> None:
    assert served.post("evaluate/flags/tax", authorization=f"Bearer {token}").status_code == 404
    assert served.post("evaluate/flags", authorization=f"Bearer {token}").json()["flags"] == []


def test_api_key_stands_for_a_token(served: Served) -> None:
    answer = httpx.post(f"{served.url}/ofrep/v1/evaluate/flags/tax", headers={"x-api-key": "reader"}, timeout=10)
    assert answer.json()["value"] is True


def test_bulk_answer_has_every_flag_and_the_stream(served: Served) -> None:
    served.stand.define("broken", ON_OFF.replace("}", '}, "targeting": {"if": [true, "purple"]}', 1))
    answer = served.post("evaluate/flags")
    assert answer.status_code == 200
    flags = {flag["key"]: flag for flag in answer.json()["flags"]}
    assert flags["tax"] == {"key": "tax", "reason": "STATIC", "value": True, "variant": "on"}
    assert flags["broken"]["errorCode"] == "GENERAL"
    (stream,) = answer.json()["eventStreams"]
    assert (stream["type"], stream["inactivityDelaySec"]) == ("sse", 120)
    assert stream["url"].startswith(f"{served.url}/ofrep/v1/events?ticket=")
    assert answer.json()["metadata"] == {"flagSetId": ENVIRONMENT, "revision": served.stand.revision}


def test_bulk_answers_304_exactly_while_no_value_changed(served: Served) -> None:
    """Asked, asked again, killed, lifted: 200, 304, 200, 304."""
    first = served.post("evaluate/flags")
    etag = first.headers["etag"]
    again = served.post("evaluate/flags", if_none_match=etag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    served.stand.hold()
    killed = served.post("evaluate/flags", if_none_match=etag)
    assert (killed.status_code, killed.headers["etag"] == etag) == (200, False)
    assert killed.json()["flags"][0]["value"] is False
    served.stand.lift()
    assert served.post("evaluate/flags", if_none_match=etag).status_code == 304


def test_bulk_etag_is_of_the_context_that_was_sent(served: Served) -> None:
    rule = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": GOLD}
    served.stand.define("beta", json.dumps(rule))
    etag = served.post("evaluate/flags", {"context": {"plan": "tin"}}).headers["etag"]
    assert served.post("evaluate/flags", {"context": {"plan": "gold"}}, if_none_match=etag).status_code == 200
    assert served.post("evaluate/flags", {"context": {"plan": "tin"}}, if_none_match=etag).status_code == 304


@pytest.mark.parametrize(
    ("header", "matches"),
    [(None, False), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False)],
)
def test_if_none_match_is_read_as_http_says(header: str | None, matches: bool) -> None:
    assert matches_etag(header, '"a"') is matches


def notices(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield the data of each event."""
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def stream(served: Served, **headers: str) -> Any:
    """Open the stream of notices."""
    sent = {"authorization": "Bearer reader"} | {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.stream("GET", f"{served.url}/ofrep/v1/events", headers=sent, timeout=10)


def test_stream_says_to_evaluate_again_after_connecting_and_after_every_change(served: Served) -> None:
    with stream(served) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = notices(answer.iter_lines())
        first = next(events)
        served.stand.hold()
        second = next(events)
    assert {first["type"], second["type"]} == {"refetchEvaluation"}
    assert first["etag"] != second["etag"]


def test_stream_that_missed_nothing_says_nothing_at_first(served: Served) -> None:
    revision = str(served.stand.revision)
    with stream(served, last_event_id=revision) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 1000"
        assert next(line for line in lines if line) == ": nothing new"
        served.stand.hold()
        assert next(notices(lines))["type"] == "refetchEvaluation"


def test_stream_that_missed_something_is_told_at_once(served: Served) -> None:
    revision = str(served.stand.revision)
    served.stand.hold()
    with stream(served, last_event_id=revision) as answer:
        assert next(notices(answer.iter_lines()))["type"] == "refetchEvaluation"


@pytest.mark.parametrize(("token", "status"), [("nobody", 401), ("other", 403), ("unbound", 403)])
def test_stream_is_refused_to_who_may_not_read_flags(served: Served, token: str, status: int) -> None:
    with stream(served, authorization=f"Bearer {token}") as answer:
        assert answer.status_code == status


def test_client_that_goes_away_is_forgotten(served: Served) -> None:
    with stream(served) as answer:
        events = notices(answer.iter_lines())  # held on to: a dropped iterator closes the connection
        assert next(events)["type"] == "refetchEvaluation"
        assert served.app.hub.open == 1
    for _ in range(500):
        if served.app.hub.open == 0:
            break
        served.post("evaluate/flags/tax")
    assert served.app.hub.open == 0


def test_stream_ends_when_its_token_does(served: Served) -> None:
    with stream(served) as answer:
        lines = answer.iter_lines()
        assert next(notices(lines))["type"] == "refetchEvaluation"
        del served.stand.tokens["reader"]
        served.stand.access.forget()
        assert list(notices(lines)) == []


def test_stream_opens_with_the_ticket_of_the_bulk_answer_alone(served: Served) -> None:
    (named,) = served.post("evaluate/flags").json()["eventStreams"]
    again = served.post("evaluate/flags").json()["eventStreams"]
    assert again == [named]  # another address would make every client connect anew
    with httpx.stream("GET", named["url"], timeout=10) as answer:
        assert next(notices(answer.iter_lines()))["type"] == "refetchEvaluation"


def test_ticket_reads_no_flags(served: Served) -> None:
    (named,) = served.post("evaluate/flags").json()["eventStreams"]
    ticket = named["url"].partition("?")[2]
    assert httpx.post(f"{served.url}/ofrep/v1/evaluate/flags?{ticket}", timeout=10).status_code == 401
    assert httpx.get(f"{served.url}/flagd/v1/flags.json?{ticket}", timeout=10).status_code == 401
    assert httpx.get(f"{named['url']}0", timeout=10).status_code == 401


def test_thousand_questions_of_one_token_cost_one_look(served: Served) -> None:
    for _ in range(50):
        assert served.post("evaluate/flags").status_code == 200
    assert served.stand.looks == 1


def test_revoked_token_is_refused_two_seconds_later_and_at_once_where_it_is_told(served: Served) -> None:
    served.post("evaluate/flags")
    del served.stand.tokens["reader"]
    assert served.post("evaluate/flags").status_code == 200
    served.stand.clock.tick(2)
    assert served.post("evaluate/flags").status_code == 401


def test_page_of_another_site_may_ask(served: Served) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    answer = httpx.options(f"{served.url}/ofrep/v1/evaluate/flags", headers=asked, timeout=10)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert "authorization" in answer.headers["access-control-allow-headers"]
    answer = served.post("evaluate/flags", origin="https://shop.example")
    assert "etag" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    refused = served.post("evaluate/flags", origin="https://shop.example", authorization="Bearer nobody")
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")


@pytest.mark.parametrize("limits", [Limits(rate=0.5, burst=2)])
def test_who_asks_too_much_is_told_when_to_come_back(served: Served) -> None:
    answers = [served.post("evaluate/flags/tax") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2
    assert served.post("evaluate/flags", authorization="Bearer staging").status_code == 200


@pytest.mark.parametrize("limits", [Limits(streams=1)])
def test_stream_too_many_is_told_when_to_come_back(served: Served) -> None:
    with stream(served) as answer:
        events = notices(answer.iter_lines())
        assert next(events)["type"] == "refetchEvaluation"
        refused = httpx.get(f"{served.url}/ofrep/v1/events", headers={"authorization": "Bearer reader"}, timeout=10)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")


def test_store_that_is_away_is_500(served: Served) -> None:
    def fail(org: str, environment: str) -> FlagSnapshot:
        raise HoldfastError("the store is away")

    served.stand.server.snapshot = fail  # type: ignore[method-assign]  # as if the disk were gone
    for path in ("evaluate/flags", "evaluate/flags/tax"):
        assert (served.post(path).status_code, set(served.post(path).json())) == (500, {"errorDetails"})


def test_path_that_is_not_there_is_404_and_a_wrong_method_405(served: Served) -> None:
    assert httpx.get(f"{served.url}/ofrep/v1/nothing", timeout=10).status_code == 404
    assert httpx.get(f"{served.url}/ofrep/v1/evaluate/flags", timeout=10).status_code == 405


def test_document_is_what_flagd_reads_from_a_server(served: Served) -> None:
    """Asked, asked again, killed: 200, 304, 200 with the forced definition in place of the one that was given."""
    sent = {"authorization": "Bearer reader"}
    first = httpx.get(f"{served.url}/flagd/v1/flags.json", headers=sent, timeout=10)
    assert first.json()["flags"]["tax"] == json.loads(ON_OFF)
    assert ON_OFF in first.text  # to the bit
    sent["if-none-match"] = first.headers["etag"]
    assert httpx.get(f"{served.url}/flagd/v1/flags.json", headers=sent, timeout=10).status_code == 304
    served.stand.hold()
    killed = httpx.get(f"{served.url}/flagd/v1/flags.json", headers=sent, timeout=10)
    assert killed.json()["flags"]["tax"]["defaultVariant"] == "off"
    served.stand.lift()
    sent.pop("if-none-match")
    assert ON_OFF in httpx.get(f"{served.url}/flagd/v1/flags.json", headers=sent, timeout=10).text


def test_bulk_answer_is_evaluated_once_for_a_context(served: Served) -> None:
    for _ in range(5):
        served.post("evaluate/flags", {"context": {"targetingKey": "u"}})
    served.post("evaluate/flags", {"context": {"targetingKey": "v"}})
    assert served.app.answers.evaluated == 2


def test_bulk_answer_of_a_rule_that_reads_the_time_is_evaluated_every_time(served: Served) -> None:
    rule = {"if": [{">": [{"var": "$flagd.timestamp"}, 1]}, "on", "off"]}
    text = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": rule}
    served.stand.define("later", json.dumps(text))
    for _ in range(3):
        assert served.post("evaluate/flags").status_code == 200
    assert served.app.answers.evaluated == 3


def test_client_is_known_by_the_name_that_it_says(served: Served) -> None:
    served.post("evaluate/flags", x_holdfast_client="shop-1", x_holdfast_target="eu", x_holdfast_service="shop")
    served.post("evaluate/flags", origin="https://shop.example")
    shop, browser = served.stand.book.list((ORG, ENVIRONMENT))
    assert (shop.id, shop.kind, shop.target, shop.service) == ("shop-1@tok_1", "server", "eu", "shop")
    assert (shop.fetched, shop.delivered) == (served.stand.revision, None)
    assert (browser.id, browser.kind) == ("tok_1@127.0.0.1", "browser")


def test_client_that_asks_for_one_flag_has_fetched_that_one(served: Served) -> None:
    served.post("evaluate/flags/tax", x_holdfast_client="shop-1")
    served.post("evaluate/flags/none", x_holdfast_client="shop-1")
    shop = served.stand.client("shop-1")
    assert (shop.fetched, shop.asked) == (None, (("tax", served.stand.revision),))


def test_stream_proves_that_a_change_was_delivered(served: Served) -> None:
    with stream(served, x_holdfast_client="shop-1") as answer:
        events = notices(answer.iter_lines())
        next(events)
        served.stand.hold()
        next(events)
        shop = served.stand.client("shop-1")
        assert (shop.connected, shop.fetched, shop.effective) == (True, None, None)
        assert wait_for(lambda: served.stand.client("shop-1").delivered == served.stand.revision)
    assert wait_for(lambda: not served.stand.client("shop-1").connected)


def test_hook_of_an_application_proves_an_effect(served: Served) -> None:
    """Not with another variant than the forced one, and not without a revision while nothing is forced."""
    body = {"flag": "tax", "variant": "off", "client": "shop-1"}
    assert served.post("effects", body).json()["counted"] is False
    served.stand.hold()
    assert served.post("effects", body | {"variant": "on"}).json()["counted"] is False
    assert served.stand.book.list((ORG, ENVIRONMENT)) == []
    assert served.post("effects", body).json()["counted"] is True
    assert served.stand.client("shop-1").effects == (("tax", served.stand.revision),)
    assert served.post("effects", body | {"revision": 10_000}).status_code == 202
    assert served.stand.client("shop-1").effective == served.stand.revision
    assert served.post("effects", b"{").status_code == 400


def test_relay_reports_its_clients(served: Served) -> None:
    at = served.stand.revision
    clients = [
        {
            "id": "shop-1",
            "kind": "server",
            "connected": True,
            "fetched": at,
            "effects": [["tax", at]],
            "asked": [["tax", at]],
        }
    ]
    report = {"clients": [*clients, {"id": "x", "kind": "ghost", "connected": True}]}
    answer = served.post("clients", report, x_holdfast_client="relay-1", x_holdfast_kind="relay")
    assert answer.status_code == 202
    (shop,) = served.stand.book.list((ORG, ENVIRONMENT))
    assert (shop.id, shop.fetched, shop.connected, shop.effects) == ("relay-1@tok_1/shop-1", at, True, (("tax", at),))
    assert shop.asked == (("tax", at),)


def test_relay_proves_nothing_that_was_not_served_yet(served: Served) -> None:
    """Nor may it write numbers and names that no store takes."""
    far = 10**30
    proofs = {"delivered": far, "fetched": -far, "effective": far, "effects": [["tax", far]]}
    client = {"id": "shop-1", "kind": "server", "connected": True, "service": "a\0b", **proofs}
    unnamed = [{"id": one, "kind": "server", "connected": True} for one in ("", "a\0b", "a\nb", "x" * 129)]
    assert served.post("clients", {"clients": [*unnamed, client]}, x_holdfast_client="relay-1").status_code == 202
    (shop,) = served.stand.book.list((ORG, ENVIRONMENT))
    newest = served.stand.revision
    assert (shop.id, shop.service, shop.delivered, shop.fetched) == ("relay-1@tok_1/shop-1", None, newest, 0)
    assert (shop.effective, shop.effects) == (newest, (("tax", newest),))


def test_effect_of_a_client_without_a_name_is_refused(served: Served) -> None:
    served.stand.hold()
    answer = served.post("effects", {"flag": "tax", "variant": "off", "client": "a\0b"})
    assert (answer.status_code, served.stand.book.list((ORG, ENVIRONMENT))) == (400, [])


def test_token_proves_nothing_for_the_client_of_another(served: Served) -> None:
    """One that stands in a page, say: it can name itself as it likes."""
    served.stand.tokens["page"] = replace(READER, id="tok_9")
    served.stand.hold()
    served.post("evaluate/flags", x_holdfast_client="shop-1")
    forged = {"flag": "tax", "variant": "off", "client": "shop-1"}
    assert served.post("effects", forged, authorization="Bearer page").json()["counted"] is True
    report = {"clients": [{"id": "x", "kind": "server", "connected": True, "effective": served.stand.revision}]}
    served.post("clients", report, authorization="Bearer page", x_holdfast_client="shop-1@tok_1")
    shop = served.stand.client("shop-1")
    assert (shop.effective, shop.effects) == (None, ())
