"""What a relay does with what a server says, one notice after the other."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.edges.relay.flags import RelayFlags
from holdfast.edges.relay.relay import Relay
from holdfast.edges.relay.upstream import Upstream, follow
from holdfast.errors import FeedError, UsageError
from holdfast.loop.flag_clients import ClientBook
from holdfast.testing.clocks import FakeClock
from tests.flag_stand import ENVIRONMENT, ON_OFF, T0


class Told(Upstream):
    """A server that says what it is told to, and stops its relay then."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__("http://127.0.0.1:1", "token", "relay-1")
        self.stop, self.said, self.now = stop, list[str | None](), ("", "")
        self.asked = 0

    def notices(self) -> Iterator[str | None]:
        yield from self.said
        self.stop.set()
        raise FeedError("the server ended the stream")

    def document(self) -> tuple[str, str]:
        self.asked += 1
        return self.now


class Followed:
    """A relay of such a server."""

    def __init__(self, path: Path) -> None:
        self.stop = threading.Event()
        self.server, self.flags = Told(self.stop), RelayFlags(ENVIRONMENT)
        self.relay = Relay(self.flags, self.server, path, ClientBook(), clock=FakeClock(T0), say=lambda _: None)

    def hear(self, said: list[str | None], edition: str, default: str) -> int:
        """Follow one connection; returns how often the document was asked for."""
        text = '{"flags":{"tax":%s},"metadata":{"flagSetId":"production","revision":7}}'
        self.server.said, self.server.now = said, (edition, text % ON_OFF.replace('"on"}', f'"{default}"}}'))
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
    confirmed: list[None] = []
    stop = followed.stop
    stop.clear()
    follow(
        followed.server,
        stop,
        take=lambda *_: None,
        known=lambda: "7",
        confirm=lambda: confirmed.append(None),
        lose=lambda _: None,
    )
    assert confirmed == []


@pytest.mark.parametrize("url", ["http://x:99999", "http://x:abc", "http://[::1", "http://x:0"])
def test_address_that_is_none_is_refused_in_words(url: str) -> None:
    with pytest.raises(UsageError):
        Upstream(url, "token", "relay")


@pytest.mark.parametrize(("token", "name"), [("to\nken", "relay"), ("tok\u20ac", "relay"), ("token", "b\u00fcro")])
def test_what_no_header_can_hold_is_refused_at_once(token: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Upstream("http://x", token, name)
    assert token not in str(caught.value)
