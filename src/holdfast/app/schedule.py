"""What happens by itself while the server runs: feeds, leases, and the probes' engine.

Each job has a thread of its own, so that a slow feed never delays a kill. A job that fails says why in the log and is
tried again; nothing here stops the server.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from holdfast.app.house import STORE_FAILURES, House
from holdfast.edges.providers.enrichment_epss import EpssSource
from holdfast.edges.providers.enrichment_kev import KevSource
from holdfast.edges.providers.enrichment_ssvc import SsvcSource
from holdfast.edges.providers.osv_open import open_feed
from holdfast.errors import HoldfastError
from holdfast.loop.feeds import sync
from holdfast.loop.intake import expire_hosts
from holdfast.loop.refresh import judge_clusters
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.feed import EnrichmentRows, EnrichmentSource

LEASES_S = 15.0
LOOK_S = 2.0
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
        self._run("flags", lambda: self._house.flag_feed.run_forever(self._stop))
        self._run("leases", self._leases)
        if self._house.settings.feed is not None:
            self._run("feeds", self._feeds)

    def stop(self) -> None:
        """End them, and wait a moment for what is under way."""
        self._stop.set()
        self._house.engine.wake()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self, name: str, job: Callable[[], None]) -> None:
        thread = threading.Thread(target=job, name=f"holdfast-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _leases(self) -> None:
        while not self._stop.wait(LEASES_S):
            self._guarded("leases", self._expire)

    def _expire(self) -> None:
        house = self._house
        for org in house.store.tenants.orgs():
            now = house.clock.now()
            with house.store.read(org.id) as tx:
                due = any(host.lease_until <= now for host in tx.hosts.list())
            with house.store.write(org.id, now) as tx:
                tx.settings.forget(now - IDEMPOTENCY_AGE)
                gone = expire_hosts(Turn(tx, now, house.ids)) if due else []
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

    def _wanted(self) -> frozenset[str]:
        try:
            with self._house.store.read(PUBLIC) as tx:
                return frozenset(tx.feeds.wanted())
        except STORE_FAILURES as error:
            _LOG.warning("store", error=str(error))
            return frozenset()

    def sync_feeds(self) -> None:
        """Sync enrichments and advisories, and judge what changed."""
        house = self._house
        now = house.clock.now()
        if self._enriched_at is None or now - self._enriched_at > ENRICHMENT_AGE:
            self._enriched_at = now
            sync_enrichments(house)
        feed = open_feed(house.settings.feed or "", house.settings.downloads)
        report = sync(house.store, feed, house.clock, progress=_progress)
        for snapshot in report.snapshots:
            if snapshot.error:
                _LOG.warning("feed", ecosystem=snapshot.ecosystem, error=snapshot.error)
        if report.clusters:
            judge_clusters(house.store, house.clock, house.ids, report.clusters)
        for org in house.store.tenants.orgs():
            house.tell(org.id)

    def _guarded(self, name: str, job: Callable[[], None]) -> None:
        try:
            job()
        except STORE_FAILURES as error:
            _LOG.warning(name, error=str(error))


def _progress(ecosystem: str, read: int, expected: int | None) -> None:
    if read % 2000 == 0 or read == expected:
        _LOG.info("feed", ecosystem=ecosystem, records=read, of=expected)


SOURCES: dict[str, Callable[[str], EnrichmentSource]] = {"kev": KevSource, "epss": EpssSource, "ssvc": SsvcSource}


def sync_enrichments(house: House) -> list[str]:
    """Load KEV, EPSS and SSVC, and judge again what runs when they changed; returns what failed, in words."""
    problems = []
    changed = False
    for kind, location in house.settings.enrichments.items():
        now = house.clock.now()
        try:
            loaded = SOURCES[kind](location).fetch(now)
        except HoldfastError as error:
            problems.append(f"{kind}: {error.message}")
            _LOG.warning("enrichment", kind=kind, error=error.message)
            continue
        changed |= _keep(house, loaded, now)
    if changed:
        for org in house.store.tenants.orgs():
            with house.store.read(org.id) as tx:
                clusters = sorted({exposure.cluster for exposure in tx.exposures.all() if exposure.is_live})
            judge_clusters(house.store, house.clock, house.ids, clusters)
    return problems


def _keep(house: House, loaded: EnrichmentRows, now: datetime) -> bool:
    """Store an enrichment unless it is the one that is there; returns whether it is another."""
    digest = hashlib.sha256(repr(sorted(loaded.rows.items())).encode()).hexdigest()
    name = f"enrichment:{loaded.kind}"
    with house.store.read(PUBLIC) as tx:
        if tx.settings.get(name) == digest:
            return False
    with house.store.write(PUBLIC, now) as tx:
        tx.enrichments.save(loaded.kind, loaded.rows, loaded.as_of, loaded.source)
        tx.settings.set(name, digest)
        body = {"id": loaded.kind, "source": loaded.source, "rows": len(loaded.rows), "digest": digest}
        tx.journal.append("enrichment.loaded", body)
    return True
