"""Impact over HTTP: a million instances, narrow advisories and one that touches thousands of deployments."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version
from tests.shared import SHARED_DATA

from benchmarks.measure import Figure, database, folder, milliseconds, percentile, server, timed
from benchmarks.seed import POPULAR, seed
from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.edges.providers.osv_folder import FolderFeed
from holdfast.edges.stores import open_store
from holdfast.edges.stores.store import SqlStore
from holdfast.loop.alias_clusters import keep_records
from holdfast.loop.feeds import sync
from holdfast.model.tenancy import PUBLIC
from holdfast.testing.clocks import FakeClock

REQUESTS = 600
WIDE_EVERY = 10
WIDE = "HF-BENCH-WIDE"
NOW = datetime(2026, 6, 2, tzinfo=UTC)


def run() -> Iterator[Figure]:
    """Measure on both stores, and the naive way on the same instances."""
    for engine in ("sqlite", "postgresql"):
        with folder("impact") as data, database(engine, data) as url:
            store = open_store(url)
            made = seed(store, org="default")
            narrow = _advisories(store)
            naive = _naive(store)
            store.close()
            yield from _ask(engine, data, url, narrow, naive, made.instances)


def _advisories(store: SqlStore) -> list[str]:
    """Sync the real feed, add the wide record, and return ids of narrow ones."""
    clock = FakeClock(NOW)
    report = sync(store, FolderFeed(SHARED_DATA / "osv"), clock, ecosystems=["PyPI", "Go", "crates.io"])
    events = [{"introduced": "0"}, {"fixed": "99"}]
    affected = [
        {"package": {"ecosystem": "PyPI", "name": POPULAR}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    ]
    record = {"id": WIDE, "modified": "2026-06-01T00:00:00Z", "affected": affected}
    with store.write(PUBLIC, NOW) as tx:
        keep_records(tx, [compile_advisory(parse_osv(json.dumps(record).encode()))], NOW)
    store.optimize()
    return [name for name in report.changed if not name.startswith("ALSA")]


def _naive(store: SqlStore) -> float:
    """Seconds to parse and compare the version of every instance, once, with `packaging`."""
    with store.read("default") as tx:
        versions = [
            row.version
            for row in tx.session.rows(
                "SELECT c.version AS version FROM occurrence o JOIN component c ON c.id = o.component", {}
            )
        ]
    bound = Version("99")

    def compare() -> int:
        count = 0
        for text in versions:
            try:
                count += Version(text) < bound
            except InvalidVersion:
                continue
        return count

    return timed(compare)


def _ask(engine: str, data: Path, url: str, narrow: list[str], naive: float, instances: int) -> Iterator[Figure]:
    chance = random.Random(3)
    with server(data, url) as running:
        names = [WIDE if n % WIDE_EVERY == 0 else chance.choice(narrow) for n in range(REQUESTS)]
        wide = running.client.get("/api/v1/impact", params={"advisory": WIDE, "limit": 100}).json()
        for name in names[:20]:
            running.client.get("/api/v1/impact", params={"advisory": name, "limit": 100})
        times = []
        for name in names:
            query = {"advisory": name, "limit": 100}
            times.append(
                timed(lambda query=query: running.client.get("/api/v1/impact", params=query).raise_for_status())
            )
    p99 = percentile(times, 0.99)
    ratio = naive / percentile(times, 0.5)
    yield Figure(
        f"impact over HTTP, {engine}: {instances:,} instances, widest touches {wide['total']:,}",
        f"p50 {milliseconds(percentile(times, 0.5))}, p99 {milliseconds(p99)}",
        "p99 50 ms; 20 x naive",
        p99 <= 0.05 and naive / p99 >= 20 and wide["total"] >= 5000,
        f"naive {naive:.2f} s: {naive / p99:.0f} x at p99, {ratio:.0f} x at p50",
    )
