"""The clients of the flags that we serve, and what is proven of each.

Rules:
1. *Delivered*: the change was written to its stream. *Fetched*: it asked for values with or after that revision, all
   of them or that flag's alone; a stream that carries the values themselves is both. *Effective*: its application
   reported what it was given, with a revision, or with the variant that is forced.
2. Numbers only rise. What is known here is written to the store once a second, and sooner what a server-side client
   fetched: a run's clock may wait for it. It is telemetry and not journaled.
3. A client says its name (`X-Holdfast-Client`), else it is its token and address. The name counts within its token:
   who has another token, such as one that stands in a page, proves nothing for it. Nothing that it sends on behalf of a
   person is kept.
"""

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from holdfast.model.flag import FlagClient
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Token

KINDS = ("server", "relay", "browser")
SAY_AGAIN = {"server": timedelta(seconds=30), "relay": timedelta(seconds=30), "browser": timedelta(minutes=10)}
FORGET_AFTER = timedelta(hours=1)
MAX_CLIENTS = 100_000
MAX_EFFECTS = 50
MAX_ASKED = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}")


@frozen
class ClientName:
    """Which client: what it says of itself, as far as it can be a name."""

    id: str
    kind: str = "server"
    service: str | None = None
    target: str | None = None


def name_client(get: Callable[[str], str | None], token: Token, peer: str, *, is_browser: bool = False) -> ClientName:
    """Return the name of a client whose headers or metadata `get` reads.

    Token and address stand for a client that says no name; all browsers behind one address are one then.
    """

    def named(header: str) -> str | None:
        value = (get(header) or "").strip()
        return value if _NAME.fullmatch(value) else None

    said = named("x-holdfast-kind")
    kind = said if said in KINDS else "browser" if is_browser else "server"
    own = named("x-holdfast-client")
    identity = identify_client(own, token) if own else f"{token.id}@{peer}"
    return ClientName(identity, kind, named("x-holdfast-service"), named("x-holdfast-target"))


def identify_client(own: str, token: Token) -> str:
    """Return the id of a client that says its own name: with its token, so that none speaks for another's client."""
    return f"{own}@{token.id}"


def is_name(text: str) -> bool:
    """Whether a store and a terminal can take a text for a client's name: one line, at most 128 characters."""
    return 0 < len(text) <= 128 and text.isprintable()


def _nothing() -> None:
    return None


class _Seen:
    """One client, as it is known here."""

    __slots__ = (
        "asked",
        "delivered",
        "effective",
        "effects",
        "elsewhere",
        "fetched",
        "name",
        "place",
        "saved_at",
        "seen_at",
        "streams",
    )

    def __init__(self, place: tuple[str, str], name: ClientName, now: datetime) -> None:
        self.place, self.name = place, name
        self.delivered: int | None = None
        self.fetched: int | None = None
        self.effective: int | None = None
        self.effects: dict[str, int] = {}
        self.asked: dict[str, int] = {}
        self.streams = 0
        self.elsewhere = False  # a relay says that a stream is open there
        self.seen_at = now
        self.saved_at: datetime | None = None

    def value(self) -> FlagClient:
        org, environment = self.place
        name = self.name
        return FlagClient(
            org,
            environment,
            name.id,
            name.kind,
            name.service,
            name.target,
            self.delivered,
            self.fetched,
            self.effective,
            self.streams > 0 or self.elsewhere,
            self.seen_at,
            tuple(self.effects.items()),
            tuple(self.asked.items()),
        )


class ClientBook:
    """Every client that this process knows. Safe between threads.

    `wake` is called when there is something to write, `hurry` when it is what a server-side client fetched.
    """

    def __init__(self, wake: Callable[[], None] = _nothing, hurry: Callable[[], None] = _nothing) -> None:
        self._lock = threading.Lock()
        self._wake, self._hurry = wake, hurry
        self._clients: dict[tuple[str, str, str], _Seen] = {}
        self._changed: dict[tuple[str, str, str], None] = {}

    def call_when_changed(self, wake: Callable[[], None], hurry: Callable[[], None] = _nothing) -> None:
        """Call `wake` from now on when there is something to write, `hurry` when somebody may wait for it."""
        self._wake, self._hurry = wake, hurry

    def connect(self, place: tuple[str, str], name: ClientName, now: datetime) -> None:
        """A stream of this client opened."""
        with self._lock:
            self._meet(place, name, now).streams += 1

    def disconnect(self, place: tuple[str, str], name: ClientName, now: datetime) -> None:
        """One of its streams ended."""
        with self._lock:
            seen = self._meet(place, name, now)
            seen.streams = max(0, seen.streams - 1)

    def deliver(
        self, place: tuple[str, str], name: ClientName, revision: int, now: datetime, *, with_values: bool = False
    ) -> None:
        """A revision was written to its stream; `with_values` when that was the flags themselves."""
        with self._lock:
            seen = self._meet(place, name, now)
            seen.delivered = max(revision, seen.delivered or 0)
            if with_values:
                self._take_all(seen, revision)

    def deliver_all(self, place: tuple[str, str], names: Iterable[ClientName], revision: int, now: datetime) -> None:
        """A revision was written to the streams of many clients."""
        with self._lock:
            for name in names:
                seen = self._meet(place, name, now)
                seen.delivered = max(revision, seen.delivered or 0)

    def fetch(self, place: tuple[str, str], name: ClientName, revision: int, now: datetime) -> None:
        """It asked for all values, and was given those of a revision."""
        with self._lock:
            self._take_all(self._meet(place, name, now), revision)

    def fetch_one(self, place: tuple[str, str], name: ClientName, flag: str, revision: int, now: datetime) -> None:
        """It asked for one flag's value, and was given that of a revision. Of hundreds, those asked for last count."""
        with self._lock:
            seen = self._meet(place, name, now)
            known = seen.asked.pop(flag, None)
            seen.asked[flag] = max(revision, known or 0)
            while len(seen.asked) > MAX_ASKED:
                seen.asked.pop(next(iter(seen.asked)))
            if (known is None or revision > known) and name.kind != "browser":
                self._hurry()

    def _take_all(self, seen: _Seen, revision: int) -> None:
        if seen.fetched is None or revision > seen.fetched:
            seen.fetched = revision
            if seen.name.kind != "browser":
                self._hurry()

    def take_effect(
        self,
        place: tuple[str, str],
        name: ClientName,
        flag: str,
        now: datetime,
        *,
        revision: int | None,
        current: int,
    ) -> None:
        """Its application was given what is served: of a revision that it names, or of the `current` one of a flag."""
        with self._lock:
            seen = self._meet(place, name, now)
            if revision is not None:
                seen.effective = max(min(revision, current), seen.effective or 0)
                return
            seen.effects.pop(flag, None)
            seen.effects[flag] = current
            while len(seen.effects) > MAX_EFFECTS:
                seen.effects.pop(next(iter(seen.effects)))

    def report(self, clients: Iterable[FlagClient], now: datetime) -> None:
        """What a relay says of its own clients."""
        with self._lock:
            for one in clients:
                name = ClientName(one.id, one.kind, one.service, one.target)
                seen = self._meet((one.org, one.environment), name, now)
                seen.name = name
                seen.elsewhere = one.connected
                for what in ("delivered", "fetched", "effective"):
                    said, known = getattr(one, what), getattr(seen, what)
                    if said is not None:
                        setattr(seen, what, max(said, known or 0))
                seen.effects.update(one.effects[:MAX_EFFECTS])
                seen.asked.update(one.asked[:MAX_ASKED])
                if one.kind != "browser":
                    self._hurry()

    def list(self, place: tuple[str, str]) -> Sequence[FlagClient]:
        """Return the clients of (org, environment), by id."""
        with self._lock:
            found = [one.value() for one in self._clients.values() if one.place == place]
        return sorted(found, key=lambda one: one.id)

    def take_changed(self, now: datetime, limit: int, *, browsers: bool = True) -> Sequence[FlagClient]:
        """Return up to `limit` clients to write down, servers first, and hold them for written.

        Open streams are a sign of life: their clients are written again before others take them for gone. Without
        `browsers` only those that changed are looked at: that is quick.
        """
        with self._lock:
            if browsers:
                self._say_again(now)
            ranks = {kind: rank for rank, kind in enumerate(KINDS) if browsers or kind != "browser"}
            waiting = [key for key in self._changed if key in self._clients]
            waiting = [key for key in waiting if self._clients[key].name.kind in ranks]
            chosen = sorted(waiting, key=lambda key: ranks[self._clients[key].name.kind])[:limit]
            for key in chosen:
                del self._changed[key]
                self._clients[key].saved_at = now
            return [self._clients[key].value() for key in chosen]

    def _say_again(self, now: datetime) -> None:
        for key, seen in self._clients.items():
            if seen.streams and seen.saved_at and now - seen.saved_at >= SAY_AGAIN[seen.name.kind]:
                seen.seen_at = now
                self._changed.setdefault(key)

    def put_back(self, clients: Sequence[FlagClient]) -> None:
        """Write these another time: it did not work."""
        with self._lock:
            for one in clients:
                self._changed.setdefault((one.org, one.environment, one.id))

    def prune(self, now: datetime) -> None:
        """Forget who has no stream and gave no sign of life for an hour."""
        with self._lock:
            gone = [key for key, one in self._clients.items() if not one.streams and now - one.seen_at > FORGET_AFTER]
            for key in gone:
                del self._clients[key]
                self._changed.pop(key, None)

    def _meet(self, place: tuple[str, str], name: ClientName, now: datetime) -> _Seen:
        key = (*place, name.id)
        seen = self._clients.get(key)
        if seen is None:
            if len(self._clients) >= MAX_CLIENTS:  # names without end: the one that was met first makes room
                oldest = next(iter(self._clients))
                del self._clients[oldest]
                self._changed.pop(oldest, None)
            seen = self._clients[key] = _Seen(place, name, now)
        elif name.kind != "server" or (name.service, name.target) != (None, None):
            seen.name = name
        seen.seen_at = now
        if not self._changed:
            self._wake()
        self._changed.setdefault(key)
        return seen
