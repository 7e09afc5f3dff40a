"""Writing down what is known of the flags' clients.

Rules:
1. At most one transaction a second and org, of at most a thousand clients, servers first: a fan-out to ten thousand
   browsers never stands in the way of a kill.
2. What could not be written is written another time; nothing here stops the serving of flags.
"""

import threading
from datetime import timedelta

from holdfast.loop.flag_clients import ClientBook
from holdfast.model.flag import FlagClient
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store

EVERY_S = 1.0
MAX_BATCH = 1000
KEEP = timedelta(days=7)
PRUNE_EVERY = 600


class ClientKeeper:
    """Carries a book into the store."""

    def __init__(
        self, book: ClientBook, store: Store, clock: Clock, failures: tuple[type[Exception], ...] = ()
    ) -> None:
        self._book, self._store, self._clock, self._failures = book, store, clock, failures
        self._wanted = threading.Event()
        book.call_when_changed(self._wanted.set)

    def step(self) -> int:
        """Write one batch; returns how many clients it held."""
        now = self._clock.now()
        changed = self._book.take_changed(now, MAX_BATCH)
        by_org: dict[str, list[FlagClient]] = {}
        for one in changed:
            by_org.setdefault(one.org, []).append(one)
        for org, clients in by_org.items():
            try:
                with self._store.write(org, now) as tx:
                    tx.flag_clients.save(clients)
            except self._failures:
                self._book.put_back(clients)
        return len(changed)

    def prune(self) -> None:
        """Forget who was not seen for a week."""
        now = self._clock.now()
        self._book.prune(now)
        for org in self._store.tenants.orgs():
            with self._store.write(org.id, now) as tx:
                tx.flag_clients.forget(now - KEEP)

    def run_forever(self, stop: threading.Event) -> None:
        """Write what changes, at once after a quiet second and else once a second, until told to stop."""
        rounds = 0
        while not stop.is_set():
            self._wanted.wait(EVERY_S)
            self._wanted.clear()
            self.step()
            rounds += 1
            if rounds % PRUNE_EVERY == 0:
                try:
                    self.prune()
                except self._failures:
                    continue  # the next one prunes
            stop.wait(EVERY_S)
