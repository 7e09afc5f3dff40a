"""The schedule's looks at what mitigations reach outside: a system that is down is noticed before it is needed."""

import threading
from typing import TYPE_CHECKING

import structlog

from holdfast.errors import HoldfastError
from holdfast.loop.provider_health import ProviderHealth, Watched, ask_all, list_health, record_health

if TYPE_CHECKING:
    from holdfast.app.house import House

LOOK_S = 30.0
_LOG = structlog.get_logger("holdfast")


class ProviderKeeper:
    """Asks every entry of the operator's file whether it can be used, and keeps what it says."""

    def __init__(self, house: "House", failures: tuple[type[Exception], ...] = (HoldfastError,)) -> None:
        self._house = house
        self._failures = failures

    def run_forever(self, stop: threading.Event) -> None:
        """Look at once, and every half minute until told to stop."""
        while not stop.is_set():
            try:
                self.look()
            except self._failures as error:
                _LOG.warning("providers", error=str(error))
            stop.wait(LOOK_S)

    def look(self) -> list[ProviderHealth]:
        """Ask everything that each org may use, many at a time; returns what went down or came back."""
        changed: list[ProviderHealth] = []
        for org in self._house.store.tenants.orgs():
            changed += self._look_at(org.id)
        for one in changed:
            _LOG.warning("provider", section=one.section, name=one.name, problem=one.problem)
        return changed

    def _look_at(self, org: str) -> list[ProviderHealth]:
        house = self._house
        watched = [Watched(target, ask) for target, ask in house.outside.asks(org)]
        found = ask_all(watched, each=house.probes.map, failures=self._failures)
        with house.store.read(org) as tx:
            if not found and not list_health(tx):
                return []
        with house.store.write_now(org, house.clock) as (tx, now):
            changed = record_health(tx, found, now)
        if changed:
            house.tell(org)
        return changed
