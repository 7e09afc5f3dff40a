"""The feed: first sync, and one with nothing new; then the full recompute over a million instances."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tests.shared import SHARED_DATA

from benchmarks.measure import Figure, database, folder, timed
from benchmarks.seed import seed
from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.match import AdvisoryIndex
from holdfast.edges.providers.osv_folder import FolderFeed
from holdfast.edges.stores import open_store
from holdfast.edges.stores.store import SqlStore
from holdfast.loop.feeds import sync
from holdfast.loop.reconcile import reconcile
from holdfast.loop.turn import Turn
from holdfast.model.component import Component
from holdfast.testing.clocks import FakeClock, FakeIds

NOW = datetime(2026, 6, 2, tzinfo=UTC)
ECOSYSTEMS = ["AlmaLinux", "Go", "PyPI", "crates.io"]


def run() -> Iterator[Figure]:
    """Measure on both stores."""
    for engine in ("sqlite", "postgresql"):
        with folder("feed") as data, database(engine, data) as url:
            store = open_store(url)
            yield from _syncs(engine, store)
            yield from _recompute(engine, store)
            store.close()


def _syncs(engine: str, store: SqlStore) -> Iterator[Figure]:
    clock, feed = FakeClock(NOW), FolderFeed(SHARED_DATA / "osv")
    first = timed(lambda: sync(store, feed, clock, ecosystems=ECOSYSTEMS))
    again = timed(lambda: sync(store, feed, clock, ecosystems=ECOSYSTEMS))
    yield Figure(f"first sync of the shared feed, {engine}", f"{first:.1f} s", "15 s", first <= 15)
    yield Figure(
        f"sync with nothing new, {engine}", f"{again:.2f} s", "0.5 s", again <= 0.5, f"{first / again:.0f} x the first"
    )


def _recompute(engine: str, store: SqlStore) -> Iterator[Figure]:
    """Every span matched and expanded anew; beside it, every instance matched by itself in memory."""
    made = seed(store, org="default")
    clock, ids = FakeClock(NOW), FakeIds()
    with store.read("default") as tx:
        count = 0

        def spans() -> None:
            nonlocal count
            count = sum(1 for _ in tx.spans.all())

        seconds = timed(spans)
    with store.write("default", NOW) as tx:
        opened = timed(lambda: reconcile(Turn(tx, NOW, ids), everything=True))
    clock.tick(60)
    with store.write("default", clock.now()) as tx:
        whole = timed(lambda: reconcile(Turn(tx, clock.now(), ids), everything=True))
    naive = _one_by_one(store)
    yield Figure(
        f"full recompute, {engine}: {made.instances:,} instances x the feed, {count:,} affected spans",
        f"{seconds:.2f} s matched; {whole:.1f} s judged as well, nothing changed; {opened:.1f} s opening all",
        "5 s",
        seconds <= 5,
        f"each instance by itself, in memory: {naive:.1f} s, {naive / seconds:.1f} x",
    )


def _one_by_one(store: SqlStore) -> float:
    with store.read("default") as tx:
        rows = tx.session.rows(
            "SELECT c.ecosystem AS ecosystem, c.name AS name, c.version AS version"
            " FROM occurrence o JOIN component c ON c.id = o.component",
            {},
        )
        components = [Component(row.ecosystem, row.name, row.version) for row in rows]
    index = AdvisoryIndex()
    feed = FolderFeed(SHARED_DATA / "osv")
    for ecosystem in ECOSYSTEMS:
        with feed.changes(ecosystem, {}, None).reading() as records:
            for record in records:
                index.put(compile_advisory(parse_osv(record.body)))
    return timed(lambda: [index.match_component(component) for component in components])
