"""Telling those who wait that an environment's flags changed.

Rules:
1. A change in this process is told at once, after it was committed; one of another process is found by looking at the
   store's revision, five times a second while anybody waits.
2. A notice says only that something changed, and the revision. Who waits reads again.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from holdfast.errors import HoldfastError
from holdfast.ports.store import Store

POLL_S = 0.2

Place = tuple[str, str]
"""(org, environment)."""


@dataclass(slots=True)
class _Topic:
    revision: int
    listeners: dict[int, Callable[[int], None]] = field(default_factory=dict)


class FlagFeed:
    """A small broadcaster of revisions. Safe between threads; listeners are called in the thread that noticed."""

    def __init__(self, store: Store, *, failures: tuple[type[Exception], ...] = (HoldfastError,)) -> None:
        self._store = store
        self._failures = failures
        self._lock = threading.Lock()
        self._topics: dict[Place, _Topic] = {}
        self._next = 0
        self._wanted = threading.Event()

    def revision(self, org: str, environment: str) -> int:
        """Return the environment's revision as the store has it now."""
        with self._store.read(org) as tx:
            return tx.flags.revision(environment)

    def subscribe(self, org: str, environment: str, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(revision)` after every change from now on; returns what ends it."""
        seen = self.revision(org, environment)
        place = (org, environment)
        with self._lock:
            topic = self._topics.setdefault(place, _Topic(seen))
            self._next += 1
            number = self._next
            topic.listeners[number] = listener
            self._wanted.set()

        def unsubscribe() -> None:
            with self._lock:
                topic.listeners.pop(number, None)
                if not topic.listeners and self._topics.get(place) is topic:
                    del self._topics[place]
                if not self._topics:
                    self._wanted.clear()

        return unsubscribe

    @property
    def waiting(self) -> int:
        """How many listeners there are."""
        with self._lock:
            return sum(len(topic.listeners) for topic in self._topics.values())

    def notify(self, org: str, environment: str) -> None:
        """Look at once: a change of these flags was just committed."""
        with self._lock:
            waiting = (org, environment) in self._topics
        if waiting:
            with suppress(*self._failures):  # the store is away: looking five times a second finds it
                self._look((org, environment))

    def notify_org(self, org: str) -> None:
        """Look at once at every environment of an org that somebody waits for."""
        with self._lock:
            places = [place for place in self._topics if place[0] == org]
        with suppress(*self._failures):
            for place in places:
                self._look(place)

    def announce(self, org: str, environment: str) -> None:
        """Tell at once that something holds or no longer holds that the store does not know of: no revision rose."""
        with self._lock:
            topic = self._topics.get((org, environment))
            listeners = list(topic.listeners.values()) if topic is not None else []
            revision = topic.revision if topic is not None else 0
        for listener in listeners:
            listener(revision)

    def poll(self) -> None:
        """Look at every environment that somebody waits for."""
        with self._lock:
            places = list(self._topics)
        for place in places:
            self._look(place)

    def run_forever(self, stop: threading.Event) -> None:
        """Look five times a second while anybody waits, until told to stop."""
        while not stop.is_set():
            if not self._wanted.wait(POLL_S):
                continue
            with suppress(*self._failures):  # the store is away: the next look tells
                self.poll()
            stop.wait(POLL_S)

    def _look(self, place: Place) -> None:
        revision = self.revision(*place)
        with self._lock:
            topic = self._topics.get(place)
            if topic is None or revision <= topic.revision:
                return
            topic.revision = revision
            listeners = list(topic.listeners.values())
        for listener in listeners:
            listener(revision)
