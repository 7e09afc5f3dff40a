"""The schedule's drills: releases are looked at, declared drills are held, what a crash left behind is ended.

One drill at a time; each org in turn. Nothing is scanned while nothing was journaled, but for a look every few minutes:
evidence grows old by itself.
"""

import threading
import time
from typing import TYPE_CHECKING

import structlog

from holdfast.errors import ConflictError, HoldfastError
from holdfast.loop.drills_begin import DrillAsk
from holdfast.loop.drills_due import find_due, find_releases, note_seen
from holdfast.loop.drills_runner import begin
from holdfast.model.run import AUTOMATION

if TYPE_CHECKING:
    from holdfast.app.house import House

FIRST_S = 60.0
LOOK_S = 5.0
LONGEST_S = 300.0
REST = 10
"""How many times as long as a scan took is rested after it."""
_LOG = structlog.get_logger("holdfast")


class DrillKeeper:
    """Holds what is due."""

    def __init__(self, house: "House", failures: tuple[type[Exception], ...], *, first_s: float = FIRST_S) -> None:
        self._house = house
        self._failures = failures
        self._first_s = first_s
        self._heads: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._scanned = 0.0
        self._next = 0.0

    def run_forever(self, stop: threading.Event) -> None:
        """Look and hold until told to stop. The first declared drills wait a moment: people go first."""
        until = time.monotonic() + self._first_s
        while not stop.wait(LOOK_S):
            try:
                self.look_at_releases(stop)
                if time.monotonic() >= max(until, self._next):
                    began = time.monotonic()
                    self.hold_due(stop)
                    self._next = time.monotonic() + REST * (time.monotonic() - began)
            except self._failures as error:
                _LOG.warning("drills", error=str(error))

    def look_at_releases(self, stop: threading.Event) -> None:
        """Hold an `L0` drill of every plan of each release that was registered since the last look."""
        house = self._house
        for org in house.store.tenants.orgs():
            with house.store.read(org.id) as tx:
                asks, seq = find_releases(tx)
            for ask in asks:
                if stop.is_set():
                    break
                began = time.monotonic()
                self._hold(org.id, ask)
                stop.wait(time.monotonic() - began)  # many at once leave half of the time to whoever needs it now
            if self._seen.get(org.id) != seq:
                with house.store.write_now(org.id, house.clock) as (tx, _):
                    note_seen(tx, seq)
                self._seen[org.id] = seq

    def hold_due(self, stop: threading.Event) -> None:
        """Hold what is due, one drill after the other."""
        house = self._house
        late = time.monotonic() - self._scanned > LONGEST_S
        for org in house.store.tenants.orgs():
            with house.store.read(org.id) as tx:
                head = tx.journal.head()[0]
                if not late and self._heads.get(org.id) == head:
                    continue
                due = find_due(tx, house.clock.now())
            self._heads[org.id] = head
            house.drills.end_left_behind(org.id)
            if due is not None and not stop.is_set():
                self._hold(org.id, due.ask)
                self._heads.pop(org.id, None)  # there may be another one
        if late:
            self._scanned = time.monotonic()

    def _hold(self, org: str, ask: DrillAsk) -> None:
        house = self._house
        try:
            evidence = begin(house.drills.stage(), org, ask, AUTOMATION)
            house.drills.play_now(evidence, ask.release)
        except ConflictError:  # a person holds one of this service: it stays due
            return
        except HoldfastError as error:
            _LOG.warning("drill", service=ask.service, plan=ask.plan, error=str(error))
