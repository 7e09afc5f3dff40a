"""OFREP over a real server on loopback, asked by the official OpenFeature SDK and by plain HTTP."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason

from holdfast.edges.ofrep.router import matches_etag, ofrep_router
from holdfast.errors import UnauthenticatedError
from holdfast.loop.flag_feed import FlagFeed
from holdfast.loop.flags import define_flag
from holdfast.model.flag import Overlay
from holdfast.model.tenancy import Permission, Token
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, Shop, open_shop

READER = Token(ORG, "tok_1", "app", "", frozenset({Permission.FLAGS_READ}), T0, None, environment=ENVIRONMENT)
TOKENS = {
    "reader": READER,
    "staging": replace(READER, environment="staging"),
    "unbound": replace(READER, environment=None),
    "other": replace(READER, permissions=frozenset({Permission.READ})),
    "foreign": replace(READER, org="org_2"),
}
GOLD = {"if": [{"==": [{"var": "plan"}, "gold"]}, "on"]}


def identify(headers: Mapping[str, str]) -> Token:
    """Return who a bearer token stands for."""
    token = TOKENS.get(headers.get("authorization", "").removeprefix("Bearer "))
    if token is None:
        raise UnauthenticatedError("no valid token")
    return token


@dataclass
class Served:
    """A shop whose flags are served at `url`."""

    shop: Shop
    feed: FlagFeed
    url: str

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Ask as the reader, or as `authorization` says."""
        sent = {"authorization": "Bearer reader"} | {name.replace("_", "-"): text for name, text in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return httpx.post(f"{self.url}/ofrep/v1/{path}", content=content, headers=sent, timeout=10)

    def define(self, key: str, text: str = ON_OFF) -> None:
        """Define a flag and tell it."""
        with self.shop.write() as tx:
            define_flag(tx, ENVIRONMENT, key, text, T0)
        self.feed.notify(ORG, ENVIRONMENT)

    def hold(self, name: str = "ovl_1") -> None:
        """Force the flag off and tell it."""
        with self.shop.write() as tx:
            tx.overlays.save(Overlay(ORG, name, ENVIRONMENT, "tax", "off", "test", None, T0))
        self.feed.notify(ORG, ENVIRONMENT)

    def lift(self, name: str = "ovl_1") -> None:
        """Lift it and tell it."""
        with self.shop.write() as tx:
            tx.overlays.lift(name, T0)
        self.feed.notify(ORG, ENVIRONMENT)


@pytest.fixture
def served() -> Iterator[Served]:
    with open_shop() as shop:
        feed = FlagFeed(shop.store)
        app = Litestar([ofrep_router(shop.server, feed, identify, heartbeat_s=0.1)])
        # asyncio turns Nagle's algorithm off only for sockets that say they are TCP
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield Served(shop, feed, f"http://127.0.0.1:{listener.getsockname()[1]}")
        server.should_exit = True
        thread.join(10)
        listener.close()


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
    served.hold("ovl_1")
    served.hold("ovl_2")
    assert client.get_boolean_value("tax", True) is False
    served.lift("ovl_1")
    assert client.get_boolean_value("tax", True) is False
    served.lift("ovl_2")
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
    served.define("kind", json.dumps(text))
    assert getattr(client, getter)("kind", default) == value


def test_sdk_hands_its_context_to_the_rules(served: Served, client: OpenFeatureClient) -> None:
    rule = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": GOLD}
    served.define("beta", json.dumps(rule))
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
    assert answer.json() == {"key": "tax", "reason": "STATIC", "value": True, "variant": "on"}


def test_disabled_flag_answers_without_a_value(served: Served) -> None:
    served.define("dark", ON_OFF.replace("ENABLED", "DISABLED"))
    assert served.post("evaluate/flags/dark").json() == {"key": "dark", "reason": "DISABLED"}


def test_unknown_flag_is_404_with_its_code(served: Served) -> None:
    answer = served.post("evaluate/flags/nope")
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "FLAG_NOT_FOUND"
    assert answer.json()["key"] == "nope"


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"x"', b'{"context": []}', b'{"context": {"targetingKey": 1}}', b"\xff\xfe", b"[" * 50_000],
)
def test_body_that_is_no_context_is_400_with_its_code(served: Served, body: bytes) -> None:
    for path in ("evaluate/flags/tax", "evaluate/flags"):
        answer = served.post(path, body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_CONTEXT")


def test_missing_body_is_an_empty_context(served: Served) -> None:
    assert served.post("evaluate/flags/tax", b"").json()["value"] is True


def test_missing_targeting_key_is_400_with_its_code(served: Served) -> None:
    rule = {"fractional": [["on", 50], ["off", 50]]}
    text = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on", "targeting": rule}
    served.define("half", json.dumps(text))
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
    served.define("broken", ON_OFF.replace("}", '}, "targeting": {"if": [true, "purple"]}', 1))
    answer = served.post("evaluate/flags")
    assert answer.status_code == 200
    flags = {flag["key"]: flag for flag in answer.json()["flags"]}
    assert flags["tax"] == {"key": "tax", "reason": "STATIC", "value": True, "variant": "on"}
    assert flags["broken"]["errorCode"] == "GENERAL"
    assert answer.json()["eventStreams"] == [
        {"type": "sse", "url": f"{served.url}/ofrep/v1/events", "inactivityDelaySec": 120}
    ]


def test_bulk_answers_304_exactly_while_no_value_changed(served: Served) -> None:
    """Asked, asked again, killed, lifted: 200, 304, 200, 304."""
    first = served.post("evaluate/flags")
    etag = first.headers["etag"]
    again = served.post("evaluate/flags", if_none_match=etag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    served.hold()
    killed = served.post("evaluate/flags", if_none_match=etag)
    assert (killed.status_code, killed.headers["etag"] == etag) == (200, False)
    assert killed.json()["flags"][0]["value"] is False
    served.lift()
    assert served.post("evaluate/flags", if_none_match=etag).status_code == 304


def test_bulk_etag_is_of_the_context_that_was_sent(served: Served) -> None:
    rule = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": GOLD}
    served.define("beta", json.dumps(rule))
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
        served.hold()
        second = next(events)
    assert {first["type"], second["type"]} == {"refetchEvaluation"}
    assert first["etag"] != second["etag"]


def test_stream_that_missed_nothing_says_nothing_at_first(served: Served) -> None:
    revision = str(served.feed.revision(ORG, ENVIRONMENT))
    with stream(served, last_event_id=revision) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 1000"
        assert next(line for line in lines if line) == ": nothing new"
        served.hold()
        assert next(notices(lines))["type"] == "refetchEvaluation"


def test_stream_that_missed_something_is_told_at_once(served: Served) -> None:
    revision = str(served.feed.revision(ORG, ENVIRONMENT))
    served.hold()
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
        assert served.feed.waiting == 1
    for _ in range(500):
        if served.feed.waiting == 0:
            break
        served.post("evaluate/flags/tax")
    assert served.feed.waiting == 0


def test_stream_ends_when_its_token_does(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with stream(served) as answer:
        lines = answer.iter_lines()
        assert next(notices(lines))["type"] == "refetchEvaluation"
        monkeypatch.delitem(TOKENS, "reader")
        assert list(notices(lines)) == []
