"""Forgetting what is old, by and by: an hour between rounds, and never much in one transaction."""

import threading

import structlog

from holdfast.app.house import House
from holdfast.loop.retention import forget_old

ROUND_S = 3600.0
FIRST_S = 60.0
PAUSE_S = 0.2
MOST_BATCHES = 50

_LOG = structlog.get_logger("holdfast")


class Retention:
    """Forgets what is older than the house's `keep`. `failures` are what the store is known to raise."""

    def __init__(self, house: House, failures: tuple[type[Exception], ...]) -> None:
        self._house = house
        self._failures = failures

    def run_forever(self, stop: threading.Event) -> None:
        """Go round every hour, the first time soon after the start, until told to stop."""
        wait_s = FIRST_S
        while not stop.wait(wait_s):
            wait_s = ROUND_S
            try:
                self.go_round(stop)
            except self._failures as error:
                _LOG.warning("retention", error=str(error))

    def go_round(self, stop: threading.Event) -> None:
        """Forget of every org what is old, at most so many batches of it, with a pause after each."""
        house = self._house
        for org in house.store.tenants.orgs():
            house.store.tenants.forget_bound(org.id, house.clock.now() - house.settings.keep)
            for _ in range(MOST_BATCHES):
                with house.store.write_now(org.id, house.clock) as (tx, now):
                    gone = forget_old(tx, now - house.settings.keep)
                if gone.is_all or stop.wait(PAUSE_S):
                    break
