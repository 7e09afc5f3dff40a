"""What a relay does with what a server says, one notice after the other."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from holdfast.edges.relay.flags import RelayFlags
from holdfast.edges.relay.relay import BEHIND, Relay
from holdfast.edges.relay.snapshot_file import load_snapshot
from holdfast.edges.relay.upstream import Given, Upstream, follow
from holdfast.errors import FactError, FeedError, UsageError
from holdfast.loop.flag_clients import ClientBook
from holdfast.testing.clocks import FakeClock
from tests.flag_stand import ENVIRONMENT, ON_OFF, T0, serve_app


class Told(Upstream):
    """A server that says what it is told to, and stops its relay then."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__("http://127.0.0.1:1", "token", "relay-1")
        self.stop, self.said, self.now = stop, list[str | None](), Given("", "")
        self.asked = 0

    def notices(self) -> Iterator[str | None]:
        yield from self.said
        self.stop.set()
        raise FeedError("the server ended the stream")

    def document(self, known: str | None = None) -> Given:
        if known == self.now.edition:
            return replace(self.now, text=None)
        self.asked += 1
        return self.now


class Followed:
    """A relay of such a server."""

    def __init__(self, path: Path) -> None:
        self.stop = threading.Event()
        self.server, self.flags = Told(self.stop), RelayFlags(ENVIRONMENT)
        self.told: list[str] = []
        self.clock = FakeClock(T0)
        self.relay = Relay(self.flags, self.server, path, ClientBook(), clock=self.clock, say=self.told.append)

    def hear(self, said: list[str | None], edition: str, default: str, *, stale_since: datetime | None = None) -> int:
        """Follow one connection; returns how often the document was given."""
        text = '{"flags":{"tax":%s},"metadata":{"flagSetId":"production","revision":7}}'
        self.server.said = said
        self.server.now = Given(edition, text % ON_OFF.replace('"on"}', f'"{default}"}}'), stale_since)
        self.stop.clear()
        before = self.server.asked
        self.relay.run_forever(self.stop)
        return self.server.asked - before

    @property
    def edition(self) -> str | None:
        return self.flags.current.edition if self.flags.current else None

    @property
    def text(self) -> str:
        return self.flags.current.text if self.flags.current else ""


def test_server_that_was_restored_to_the_same_edition_is_noticed(tmp_path: Path) -> None:
    """Its clients are told too: they see another edition. The next connection finds nothing new."""
    followed, told = Followed(tmp_path / "flags"), list[int]()
    assert followed.hear(["7"], "7", "on") == 1
    followed.flags.subscribe("relay", ENVIRONMENT, told.append)
    assert followed.hear(["7", "7"], "7", "off") == 1
    assert '"defaultVariant": "off"' in followed.text
    assert (followed.edition or "").startswith("7~")
    assert told == [7]
    assert followed.hear(["7", "7"], "7", "off") == 1
    assert told == [7]


def test_heartbeat_before_the_first_notice_confirms_nothing(tmp_path: Path) -> None:
    followed = Followed(tmp_path / "flags")
    followed.hear(["7"], "7", "on")
    assert followed.relay.health()[1]["status"] == "stale"
    followed.server.said = [None, None]
    confirmed: list[datetime | None] = []
    stop = followed.stop
    stop.clear()
    follow(
        followed.server,
        stop,
        take=lambda *_: None,
        known=lambda: "7",
        confirm=confirmed.append,
        lose=lambda _: None,
    )
    assert confirmed == []


def test_server_that_cannot_read_its_own_store_makes_its_relay_stale(tmp_path: Path) -> None:
    """12:00:00 taken; 12:01:00 stale since 12:00:40; lost at 12:02:00, and that changes nothing; a restart knows it."""
    followed, since = Followed(tmp_path / "flags"), T0 + timedelta(seconds=40)
    followed.hear(["7"], "7", "on")
    followed.clock.tick(60)
    followed.hear(["8", None], "8", "on", stale_since=since)
    assert followed.flags.current is not None
    assert followed.flags.current.stale_since == since
    assert followed.relay.health()[1]["stale_since"] == since.isoformat()
    assert any("can't read its own store" in one for one in followed.told)
    assert load_snapshot(tmp_path / "flags").seen_at == since
    followed.clock.tick(60)
    followed.server.said = []
    followed.stop.clear()
    followed.relay.run_forever(followed.stop)
    assert followed.flags.current.stale_since == since


def test_heartbeat_tells_that_the_server_has_become_stale_and_fresh_again(tmp_path: Path) -> None:
    followed = Followed(tmp_path / "flags")
    seen: list[tuple[str, str]] = []

    class Changing(Told):
        """A server whose store goes away for one heartbeat."""

        def notices(self) -> Iterator[str | None]:
            for since in (None, T0, None):
                self.now = replace(self.now, stale_since=since)
                yield "7" if not seen else None
                health = followed.relay.health()[1]
                seen.append((health["status"], health["because"]))
            self.stop.set()

    followed.hear(["7"], "7", "on")
    changing = Changing(followed.stop)
    changing.now = followed.server.now
    followed.stop.clear()
    relay = Relay(followed.flags, changing, tmp_path / "flags", ClientBook(), clock=FakeClock(T0), say=print)
    followed.relay = relay
    relay.run_forever(followed.stop)
    assert seen == [("ok", ""), ("stale", BEHIND), ("ok", "")]


@pytest.mark.parametrize("text", ["yesterday", "2026-05-01T12:00:00"])
def test_date_that_is_none_is_refused(text: str) -> None:
    async def answer(scope: object, receive: object, send: object) -> None:
        headers = [(b"etag", b'"7"'), (b"x-holdfast-stale-since", text.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]  # any ASGI send
        await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[operator]  # any ASGI send

    with serve_app(answer) as url, pytest.raises(FactError, match="no instant"):
        Upstream(url, "token", "relay").document()


@pytest.mark.parametrize("url", ["http://x:99999", "http://x:abc", "http://[::1", "http://x:0"])
def test_address_that_is_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(UsageError):
        Upstream(url, "token", "relay")


@pytest.mark.parametrize(("token", "name"), [("to\nken", "relay"), ("tok\u20ac", "relay"), ("token", "b\u00fcro")])
def test_what_no_header_can_hold_is_refused_at_once(token: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Upstream("http://x", token, name)
    assert token not in str(caught.value)
