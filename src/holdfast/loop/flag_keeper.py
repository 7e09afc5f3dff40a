"""Writing down what is known of the flags' clients.

Rules:
1. One transaction a second and org, of at most a thousand clients, servers first: a fan-out to ten thousand browsers
   never stands in the way of a kill.
2. What a server-side client fetched is written sooner: a run's clock may wait for it. That takes a fifth of the time at
   most, so a thousand clients that fetch at once share a few transactions.
3. What could not be written is written another time; nothing here stops the serving of flags.
"""

import threading
from datetime import timedelta

from holdfast.loop.flag_clients import ClientBook
from holdfast.model.flag import FlagClient
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store

EVERY_S = 1.0
HURRY_S = 0.02
SHARE = 4.0
"""For how many times as long as a hurried write took there is none."""
MAX_BATCH = 1000
KEEP = timedelta(days=7)
PRUNE_EVERY = 600


class ClientKeeper:
    """Carries a book into the store."""

    def __init__(
        self, book: ClientBook, store: Store, clock: Clock, failures: tuple[type[Exception], ...] = ()
    ) -> None:
        self._book, self._store, self._clock, self._failures = book, store, clock, failures
        self._wanted, self._hurried = threading.Event(), threading.Event()
        book.call_when_changed(self._wanted.set, self._hurried.set)

    def step(self, *, browsers: bool = True) -> int:
        """Write one batch; returns how many clients it held."""
        now = self._clock.now()
        changed = self._book.take_changed(now, MAX_BATCH, browsers=browsers)
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
            self._rest(stop)

    def _rest(self, stop: threading.Event) -> None:
        """Let a second pass, and write meanwhile what is waited for."""
        until = self._clock.now() + timedelta(seconds=EVERY_S)
        for _ in range(round(EVERY_S / HURRY_S)):
            left_s = min(EVERY_S, (until - self._clock.now()).total_seconds())
            if left_s <= 0 or stop.is_set() or not self._hurried.wait(left_s):
                return
            self._hurried.clear()
            stop.wait(HURRY_S)  # who fetches in the same moment shares the transaction
            began_at = self._clock.now()
            wrote = self.step(browsers=False)
            took_s = (self._clock.now() - began_at).total_seconds()
            if wrote == MAX_BATCH:
                self._hurried.set()
            stop.wait(SHARE * took_s)
