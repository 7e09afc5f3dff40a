"""Judging what waits for it: by itself while a server runs, and after a command on a data folder."""

import threading
from datetime import date, datetime

import structlog

from holdfast.app.house import House
from holdfast.loop.judging import judge_due, mark_ended, mark_the_day

LOOK_S = 2.0

_LOG = structlog.get_logger("holdfast")


def judge_here(house: House, org: str) -> int:
    """Judge all that waits in an org, and tell who looks; returns how many transitions that gave."""
    age, targets = house.settings.feed_max_age, house.outside.targets
    count = judge_due(house.store, house.clock, house.ids, org, feed_max_age=age, targets=targets)
    if count:
        house.tell(org)
    return count


class Rejudging:
    """Looks every moment for what waits, and once a day for what the day changed."""

    def __init__(self, house: House, failures: tuple[type[Exception], ...]) -> None:
        self._house = house
        self._failures = failures
        self._marked: dict[str, date] = {}
        self._looked: dict[str, datetime] = {}

    def run_forever(self, stop: threading.Event) -> None:
        """Look until told to stop; what fails is told, and tried again."""
        while not stop.is_set():
            try:
                self.look()
            except self._failures as error:
                _LOG.warning("judging", error=str(error))
            stop.wait(LOOK_S)

    def look(self) -> None:
        """Judge what waits in every org; what fails in one holds up no other."""
        for org in self._house.store.tenants.orgs():
            try:
                self._look_at(org.id)
            except self._failures as error:
                _LOG.warning("judging", org=org.id, error=str(error))

    def _look_at(self, org: str) -> None:
        house = self._house
        today = house.clock.now().date()
        if self._marked.get(org) != today:
            mark_the_day(house.store, house.clock, org)
            self._marked[org] = today
        self._looked[org] = mark_ended(house.store, house.clock, org, self._looked.get(org))
        judge_here(house, org)
