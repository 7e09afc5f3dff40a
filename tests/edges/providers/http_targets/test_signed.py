"""Signed requests: a receiver can check them, and what became of one is never guessed."""

import hashlib
import hmac
from collections.abc import Iterator

import pytest

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.http_targets.signed import SPEC, SignedHttp
from holdfast.errors import ActionError, PlanError, UnsentError
from holdfast.testing.dripping import BODY, dripping
from tests.edges.providers.entries import entry, tools
from tests.edges.providers.listening import Got, Listener, listening

KEY = "run_1/1"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def http() -> Iterator[HttpxHttp]:
    client = HttpxHttp()
    yield client
    client.close()


def receiver(listener: Listener, http: HttpxHttp, **options: object) -> SignedHttp:
    given = {"url": f"{listener.url}/hook?x=1", "secret": "env:SECRET", "timeout": "500ms"} | options
    return SignedHttp(entry("http", "signed", "pager", given), tools(http))


def signature_of(got: Got, secret: str = "s3cr3t") -> str:
    """Check a request as a receiver would, by the documentation alone."""
    timestamp, key = got.headers["x-holdfast-timestamp"], got.headers["idempotency-key"]
    lines = [got.method, got.path, timestamp, key, got.headers["x-holdfast-fence"]]
    message = "".join(f"{line}\n" for line in lines).encode() + got.body
    return "v1=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def test_receiver_can_check_a_request(listener: Listener, http: HttpxHttp) -> None:
    reply = receiver(listener, http, authorization="env:TOKEN").send(b'{"a": 1}', KEY, 7)
    (got,) = listener.got
    assert (reply.status, reply.output) == (200, "ok")
    assert (got.method, got.path, got.body) == ("POST", "/hook?x=1", b'{"a": 1}')
    assert got.headers["x-holdfast-signature"] == signature_of(got)
    assert got.headers["x-holdfast-signature"] != signature_of(got, "another")
    assert got.headers["x-holdfast-timestamp"] == "1767268800"
    assert (got.headers["content-type"], got.headers["authorization"]) == ("application/json", "Bearer t0k3n")


@pytest.mark.parametrize("name", ["idempotency-key", "x-holdfast-fence", "x-holdfast-timestamp"])
def test_no_part_can_be_exchanged(listener: Listener, http: HttpxHttp, name: str) -> None:
    receiver(listener, http).send(b"x", KEY, 7)
    (got,) = listener.got
    changed = Got(got.method, got.path, got.headers | {name: "9"}, got.body)
    assert signature_of(changed) != got.headers["x-holdfast-signature"]


def test_secret_is_read_anew_for_each_request(listener: Listener, http: HttpxHttp) -> None:
    secrets = {"SECRET": "old"}
    target = SignedHttp(entry("http", "signed", url=listener.url, secret="env:SECRET"), tools(http, secrets))
    target.send(b"x", KEY, 0)
    secrets["SECRET"] = "new"
    target.send(b"x", KEY, 0)
    assert [signature_of(got, "old") == got.headers["x-holdfast-signature"] for got in listener.got] == [True, False]
    del secrets["SECRET"]
    with pytest.raises(PlanError, match="`SECRET` is not set"):
        target.send(b"x", KEY, 0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
def test_refusal_is_known_not_to_have_been_done(listener: Listener, http: HttpxHttp, status: int) -> None:
    listener.respond = lambda _: (status, b"\x1b[31mno such thing\xff\nmore")
    target = receiver(listener, http)
    with pytest.raises(ActionError, match=rf"answered with status {status}: \[31mno such thing"):
        target.send(b"x", KEY, 0)
    found = target.look(KEY)
    assert found is not None
    assert found.status == 404


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409])
def test_failure_leaves_open_what_became_of_it(listener: Listener, http: HttpxHttp, status: int) -> None:
    listener.respond = lambda _: (status, b"secret details")
    target = receiver(listener, http)
    with pytest.raises(ActionError, match=f"answered with status {status}$"):
        target.send(b"x", KEY, 0)
    assert target.look(KEY) is None


def test_redirect_is_not_followed(listener: Listener, http: HttpxHttp) -> None:
    listener.respond = lambda _: (307, b"")
    with pytest.raises(ActionError, match="status 307") as caught:
        receiver(listener, http).send(b"x", KEY, 0)
    assert "not followed" in (caught.value.hint or "")
    assert len(listener.got) == 1


def test_answer_that_was_lost_leaves_it_open(listener: Listener, http: HttpxHttp) -> None:
    target = receiver(listener, http)
    target.send(b"x", KEY, 0)
    assert target.look(KEY) is not None
    listener.respond = lambda _: None
    with pytest.raises(ActionError, match="no answer"):
        target.send(b"x", KEY, 0)
    assert target.look(KEY) is None


def test_nobody_reached_is_known_not_to_have_been_done(http: HttpxHttp) -> None:
    target = SignedHttp(entry("http", "signed", url="http://127.0.0.1:1", secret="env:SECRET"), tools(http))
    with pytest.raises(UnsentError, match="no answer from"):
        target.send(b"x", KEY, 0)
    found = target.look(KEY)
    assert found is not None
    assert found.status == 404


def test_slow_drip_is_no_answer(http: HttpxHttp) -> None:
    """A receiver that sends a byte at a time is given up after ten times the time that an answer may take."""
    with dripping(BODY) as url:
        target = SignedHttp(entry("http", "signed", url=url, secret="env:SECRET", timeout="300ms"), tools(http))
        with pytest.raises(ActionError, match="the answer took too long"):
            target.send(b"x", KEY, 0)


def test_look_asks_what_became_of_a_key(listener: Listener, http: HttpxHttp) -> None:
    target = receiver(listener, http, look=f"{listener.url}/keys/{{key}}")
    listener.respond = lambda got: (404, b"") if got.path.startswith("/keys/") else (200, b"")
    target.send(b"x", KEY, 0)
    found = target.look(KEY)
    assert found is not None
    assert found.status == 404, "the receiver is believed, not its answer"
    assert listener.got[-1].path == "/keys/run_1%2F1"
    assert listener.got[-1].headers["x-holdfast-signature"] == signature_of(listener.got[-1])
    listener.respond = lambda _: (500, b"")
    with pytest.raises(ActionError, match="asked what became"):
        target.look(KEY)


@pytest.mark.parametrize(("status", "problem"), [(200, None), (405, None), (401, "401"), (403, "403"), (503, "503")])
def test_problem_is_found_without_changing_anything(
    listener: Listener, http: HttpxHttp, status: int, problem: str | None
) -> None:
    listener.respond = lambda _: (status, b"")
    found = receiver(listener, http).find_problem()
    assert (found is None) if problem is None else (problem in (found or ""))
    assert [got.method for got in listener.got] == ["HEAD"]


def test_look_without_a_place_for_the_key_is_refused() -> None:
    assert SPEC.check(entry("http", "signed", look="https://x.example/keys")) == ["`look` has no `{key}` in it"]
