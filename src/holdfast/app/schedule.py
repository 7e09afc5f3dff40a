"""What happens by itself while the server runs: feeds, leases, and the probes' engine.

Each job has a thread of its own, so that a slow feed never delays a kill. A job that fails says why in the log and is
tried again; nothing here stops the server. One that breaks in a way nobody foresaw is started anew, with its traceback
on stderr: a server that answers while its engine is gone would be worse than none.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from holdfast.app.drill_keeping import DrillKeeper
from holdfast.app.house import STORE_FAILURES, House
from holdfast.app.provider_keeping import ProviderKeeper
from holdfast.app.rejudging import Rejudging
from holdfast.app.retaining import Retention
from holdfast.app.spooling import SpoolKeeper
from holdfast.app.syncing import judge_what_is_left, sync_everything
from holdfast.loop.intake import expire_hosts
from holdfast.loop.turn import Turn
from holdfast.model.inventory import Host
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.store import Transaction

LEASES_S = 15.0
LOOK_S = 2.0
RESTART_S = 2.0
ENRICHMENT_AGE = timedelta(hours=12)
IDEMPOTENCY_AGE = timedelta(days=2)

_LOG = structlog.get_logger("holdfast")


class Schedule:
    """Starts the jobs' threads and ends them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._enriched_at: datetime | None = None

    def start(self) -> None:
        """Start every job."""
        self._run("engine", lambda: self._house.engine.run_forever(self._stop))
        self._run("outbox", lambda: self._house.outbox.run_forever(self._stop))
        self._run("flags", lambda: self._house.flag_feed.run_forever(self._stop))
        self._run("flag-clients", lambda: self._house.flags.keeper.run_forever(self._stop))
        self._run("leases", self._leases)
        self._run("drills", lambda: DrillKeeper(self._house, STORE_FAILURES).run_forever(self._stop))
        self._run("spool", lambda: SpoolKeeper(self._house).run_forever(self._stop))
        self._run("providers", lambda: ProviderKeeper(self._house, STORE_FAILURES).run_forever(self._stop))
        self._run("judging", lambda: Rejudging(self._house, STORE_FAILURES).run_forever(self._stop))
        self._run("retention", lambda: Retention(self._house, STORE_FAILURES).run_forever(self._stop))
        is_fed = self._house.settings.feed is not None
        self._run("feeds", self._feeds if is_fed else self._judge_what_is_left)

    def stop(self) -> None:
        """End them, and wait a moment for what is under way."""
        self._stop.set()
        self._house.engine.wake()
        self._house.outbox.wake()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self, name: str, job: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._keep, args=(name, job), name=f"holdfast-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep(self, name: str, job: Callable[[], None]) -> None:
        try:
            job()
        finally:
            if not self._stop.wait(RESTART_S):
                _LOG.error("job", name=name, error="it ended without being told to, and is started anew")
                self._run(name, job)

    def _leases(self) -> None:
        while not self._stop.wait(LEASES_S):
            self._guarded("leases", self._expire)

    def _expire(self) -> None:
        house = self._house
        for org in house.store.tenants.orgs():
            now = house.clock.now()
            with house.store.read(org.id) as tx:
                due = any(host.lease_until <= now for host in tx.hosts.list())
            with house.store.write_now(org.id, house.clock) as (tx, now):
                tx.settings.forget(now - IDEMPOTENCY_AGE)
                gone = _expire_hosts(house, tx, now) if due else []
            if gone:
                house.tell(org.id)

    def _feeds(self) -> None:
        """Sync at once, then every interval, and as soon as the inventory wants an ecosystem that nobody asked for."""
        asked: frozenset[str] = frozenset()
        waited = self._house.settings.feed_interval_s
        while not self._stop.is_set():
            wanted = self._wanted()
            if waited >= self._house.settings.feed_interval_s or wanted - asked:
                asked, waited = wanted, 0.0
                self._guarded("feeds", self.sync_feeds)
            self._stop.wait(LOOK_S)
            waited += LOOK_S

    def _judge_what_is_left(self) -> None:
        """Without a feed, judge what an import brought that was cut: at once, then every interval."""
        while not self._stop.is_set():
            self._guarded("feeds", lambda: judge_what_is_left(self._house))
            self._stop.wait(self._house.settings.feed_interval_s)

    def _wanted(self) -> frozenset[str]:
        try:
            with self._house.store.read(PUBLIC) as tx:
                return frozenset(tx.feeds.wanted())
        except STORE_FAILURES as error:
            _LOG.warning("store", error=str(error))
            return frozenset()

    def sync_feeds(self) -> None:
        """Sync advisories, and enrichments every half day; judge what changed."""
        now = self._house.clock.now()
        enrich = self._enriched_at is None or now - self._enriched_at > ENRICHMENT_AGE
        if enrich:
            self._enriched_at = now
        for problem in sync_everything(self._house, _progress, enrich=enrich):
            _LOG.warning("feed", problem=problem)

    def _guarded(self, name: str, job: Callable[[], None]) -> None:
        try:
            job()
        except STORE_FAILURES as error:
            _LOG.warning(name, error=str(error))


def _expire_hosts(house: House, tx: Transaction, now: datetime) -> list[Host]:
    turn = Turn(tx, now, house.ids, None, house.settings.feed_max_age, house.outside.targets)
    return expire_hosts(turn)


def _progress(ecosystem: str, read: int, expected: int | None) -> None:
    if read % 2000 == 0 or read == expected:
        _LOG.info("feed", ecosystem=ecosystem, records=read, of=expected)
