"""A relay against a real server on loopback: it follows, it is cut off, it comes back."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from openfeature.evaluation_context import EvaluationContext

from holdfast.edges.ofrep.app import OfrepApp, Serving
from holdfast.edges.ofrep.reports import take_effect
from holdfast.edges.relay.flags import ORG, RelayFlags
from holdfast.edges.relay.relay import Relay
from holdfast.edges.relay.snapshot_file import load_snapshot
from holdfast.edges.relay.upstream import MAX_PAUSE_S, Pauses, Upstream
from holdfast.errors import FactError, FeedError, HoldfastError, UsageError
from holdfast.loop.flag_clients import ClientBook, ClientName
from holdfast.loop.flags import FlagServer
from holdfast.mitigations.evaluation import Evaluated
from holdfast.testing.clocks import FakeClock
from tests.flag_stand import ENVIRONMENT, ON_OFF, READER, T0, FlagStand, open_stand, serve_app, wait_for
from tests.flag_stand import ORG as STAND_ORG

PLACE = (ORG, ENVIRONMENT)


class Follower:
    """A relay and what it said."""

    def __init__(self, url: str, path: Path, token: str = "reader", environment: str = ENVIRONMENT) -> None:
        self.said: list[str] = []
        self.clock, self.book, self.stop = FakeClock(T0), ClientBook(), threading.Event()
        self.flags = RelayFlags(environment)
        upstream = Upstream(url, token, "relay-1")
        self.relay = Relay(self.flags, upstream, path, self.book, clock=self.clock, say=self.said.append)

    @property
    def served(self) -> str | None:
        """The variant that is served; `None` before anything is."""
        current = self.flags.current
        out = current.evaluate("tax", EvaluationContext()) if current else None
        return out.variant if isinstance(out, Evaluated) else None

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow the server meanwhile."""
        thread = threading.Thread(target=self.relay.run_forever, args=(self.stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()


@pytest.fixture
def stand() -> Iterator[FlagStand]:
    with open_stand() as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.snapshot"


def test_relay_serves_what_the_server_does_and_keeps_it_on_disk(stand: FlagStand, path: Path) -> None:
    with serve_app(stand.ofrep()) as url:
        follower = Follower(url, path)
        with follower.following():
            assert wait_for(lambda: follower.served == "on")
            stand.hold()
            assert wait_for(lambda: follower.served == "off")
            stand.lift()
            assert wait_for(lambda: follower.served == "on")
            assert wait_for(lambda: load_snapshot(path).revision == stand.revision)
    assert ON_OFF in load_snapshot(path).text  # to the bit


def test_relay_that_is_cut_off_serves_on_and_says_since_when(stand: FlagStand, path: Path) -> None:
    stand.hold()
    with ExitStack() as cut:
        follower = Follower(cut.enter_context(serve_app(stand.ofrep())), path)
        with follower.following():
            assert wait_for(lambda: follower.served == "off")
            assert wait_for(lambda: follower.relay.health()[1]["status"] == "ok")
            cut.close()
            assert wait_for(lambda: follower.relay.health()[1]["status"] == "stale")
            assert follower.served == "off"
    again = Follower("http://127.0.0.1:1", path)
    again.relay.open_snapshot()
    assert again.served == "off"
    status, health = again.relay.health()
    assert (status, health["status"], health["revision"]) == (200, "stale", stand.revision)
    with again.following():
        assert wait_for(lambda: any("can't be followed" in one for one in again.said))
    assert again.served == "off"


def test_relay_of_a_server_whose_store_is_away_says_since_when(
    stand: FlagStand, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise HoldfastError("the store is away")

    stand.server = FlagServer(stand.store, failures=(HoldfastError,), clock=stand.clock)
    with serve_app(stand.ofrep()) as url:
        follower = Follower(url, path)
        near = OfrepApp(Serving(follower.flags, follower.flags, stand.access, follower.book, follower.clock))
        with follower.following():
            assert wait_for(lambda: follower.relay.health()[1]["status"] == "ok")
            with monkeypatch.context() as away:
                away.setattr(stand.store, "read", fail)
                assert wait_for(lambda: follower.relay.health()[1]["status"] == "stale")
                assert follower.relay.health()[1]["stale_since"] == T0.isoformat()
                with serve_app(near) as served:
                    headers = {"authorization": "Bearer reader"}
                    path_ = "/ofrep/v1/evaluate/flags/tax"
                    answer = httpx.post(served + path_, json={}, headers=headers, trust_env=False)
                assert (answer.json()["variant"], answer.headers["x-holdfast-stale-since"]) == ("on", T0.isoformat())
            assert wait_for(lambda: follower.relay.health()[1]["status"] == "ok")


def test_relay_catches_up_when_the_server_is_back(stand: FlagStand, path: Path) -> None:
    with serve_app(stand.ofrep()) as url:
        follower = Follower(url, path)
        with follower.following():
            assert wait_for(lambda: follower.served == "on")
    stand.hold()
    with serve_app(stand.ofrep()) as url:
        again = Follower(url, path)
        again.relay.open_snapshot()
        assert again.flags.snapshot(*PLACE).stale_since is not None
        with again.following():
            assert wait_for(lambda: again.served == "off")
            assert wait_for(lambda: again.flags.snapshot(*PLACE).stale_since is None)


def test_relay_without_anything_serves_nothing_and_says_so(path: Path) -> None:
    follower = Follower("http://127.0.0.1:1", path)
    follower.relay.open_snapshot()
    assert follower.relay.health()[0] == 503
    with pytest.raises(HoldfastError, match="no flags were given"):
        follower.flags.snapshot(*PLACE)


def test_relay_says_loudly_that_a_snapshot_is_refused(path: Path) -> None:
    path.write_text("rubbish")
    follower = Follower("http://127.0.0.1:1", path)
    follower.relay.open_snapshot()
    assert "REFUSED" in follower.said[0]
    assert str(path) in follower.said[0]


@pytest.mark.parametrize(("token", "words"), [("nobody", "401"), ("other", "403"), ("staging", "environment")])
def test_relay_with_a_wrong_token_takes_nothing_and_says_why(
    stand: FlagStand, path: Path, token: str, words: str
) -> None:
    with serve_app(stand.ofrep()) as url:
        follower = Follower(url, path, token)
        with follower.following():
            assert wait_for(lambda: any(words in one for one in follower.said))
    assert follower.flags.current is None
    assert not path.exists()


def test_relay_reports_its_clients(stand: FlagStand, path: Path) -> None:
    with serve_app(stand.ofrep()) as url:
        follower = Follower(url, path)
        follower.book.connect(PLACE, ClientName("shop-1", target="eu"), T0)
        follower.book.deliver(PLACE, ClientName("shop-1", target="eu"), 1, T0, with_values=True)
        follower.book.fetch_one(PLACE, ClientName("shop-1", target="eu"), "tax", 1, T0)
        follower.relay.report()
        follower.relay.report()  # nothing new: nothing is sent
        shop = next(one for one in stand.book.list((STAND_ORG, ENVIRONMENT)) if one.id == "relay-1@tok_1/shop-1")
    assert (shop.target, shop.delivered, shop.fetched, shop.connected) == ("eu", 1, 1, True)
    assert shop.asked == (("tax", 1),)


def test_relay_counts_an_effect_of_the_forced_variant_alone(stand: FlagStand, path: Path) -> None:
    """As the server does, from which the forced variant is known; with what stood in the definition's own metadata."""
    stand.define("tax", ON_OFF[:-1] + ', "metadata": {"team": "shop"}}')
    with serve_app(stand.ofrep()) as url:
        follower = Follower(url, path)
        with follower.following():
            assert wait_for(lambda: follower.served == "on")
            assert count(follower, "on", revision=None) is False
            stand.hold()
            assert wait_for(lambda: follower.served == "off")
    assert (count(follower, "on", revision=3), count(follower, "on", revision=None)) == (False, False)
    assert count(follower, "off", revision=3, flag="gone") is False
    assert follower.book.list(PLACE) == []
    assert count(follower, "off", revision=None) is True
    assert follower.book.list(PLACE)[0].effects == (("tax", stand.revision),)
    again = Follower("http://127.0.0.1:1", path)
    again.relay.open_snapshot()
    assert (count(again, "on", revision=3), count(again, "off", revision=3)) == (False, True)
    out = again.flags.snapshot(*PLACE).evaluate("tax", EvaluationContext())
    assert isinstance(out, Evaluated)
    assert out.metadata["team"] == "shop"


def count(follower: Follower, variant: str, *, revision: int | None, flag: str = "tax") -> bool:
    """Report what an application was given; returns whether that is a proof."""
    body = json.dumps({"flag": flag, "variant": variant, "revision": revision}).encode()
    snapshot = follower.flags.snapshot(*PLACE)
    answer = take_effect(follower.book, snapshot, ClientName("shop-1"), READER, body, now=T0)
    counted: bool = json.loads(answer.body)["counted"]
    return counted


def test_report_that_fails_is_sent_another_time(path: Path) -> None:
    follower = Follower("http://127.0.0.1:1", path)
    follower.book.connect(PLACE, ClientName("shop-1"), T0)
    follower.relay.report()
    assert [one.id for one in follower.book.take_changed(T0, 9)] == ["shop-1"]


def test_every_change_is_told_to_who_waits() -> None:
    flags, told = RelayFlags(ENVIRONMENT), list[int]()
    leave = flags.subscribe(*PLACE, told.append)
    document = '{"flags":{"tax":%s},"metadata":{"flagSetId":"production","revision":%d}}'
    flags.take(document % (ON_OFF, 1), "1", T0)
    flags.mark_stale(T0)
    flags.mark(None)
    flags.take(document % (ON_OFF, 2), "2", T0)
    leave()
    flags.take(document % (ON_OFF, 3), "3", T0)
    assert told == [1, 2]


@pytest.mark.parametrize("text", ["{}", "[]", '{"flags":{},"metadata":{"flagSetId":"production"}}'])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(FactError):
        RelayFlags(ENVIRONMENT).take(text, "1", T0)


@pytest.mark.parametrize("url", ["ftp://x", "holdfast", "http://", "http://user@x"])
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        Upstream(url, "token", "relay")


def test_redirect_is_refused() -> None:
    async def elsewhere(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", b"http://x.example")]})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    with serve_app(elsewhere) as url, pytest.raises(FeedError, match="302"):
        Upstream(url, "token", "relay").document()


def test_pauses_double_to_a_limit_and_begin_anew() -> None:
    pauses = Pauses(lambda low, high: high)
    taken = [pauses.take() for _ in range(9)]
    assert taken[:4] == [0.25, 0.5, 1.0, 2.0]
    assert taken[-1] == MAX_PAUSE_S
    pauses.reset()
    assert pauses.take() == 0.25
    assert 0.25 <= Pauses().take() * 2 <= 0.5
