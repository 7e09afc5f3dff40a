"""What a store synced is what a scan reads."""

from dataclasses import replace
from pathlib import Path

from holdfast.edges.providers.compiled import FILE_NAME, open_compiled
from holdfast.edges.providers.compiled_store import compile_store
from holdfast.loop.feeds import sync
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record


def test_the_file_says_what_the_store_knows(store: Store, tmp_path: Path) -> None:
    clock = FakeClock()
    feed = MemoryFeed({"PyPI": [record("L-1", aliases=["CVE-2026-1"]), record("L-2"), record("L-3")]})
    sync(store, feed, clock, ecosystems=["PyPI"])
    with store.write(PUBLIC, START) as tx:
        tx.enrichments.save("kev", {"CVE-2026-1": {}}, START, "list")
    path = tmp_path / FILE_NAME
    (snapshot,) = compile_store(store, path)
    held = open_compiled(path)
    digest = held.snapshots()["PyPI"].digest
    assert digest is not None
    assert held.snapshots() == {"PyPI": replace(snapshot, digest=digest)}
    assert [advisory for advisory, _, _ in held.rules("PyPI", "lamp").intervals] == ["L-1", "L-2", "L-3"]
    facts = held.facts(["L-1", "L-2"])
    assert (facts["L-1"].known_exploited, facts["L-2"].known_exploited) == (True, False)
    assert facts["L-1"].members == ("CVE-2026-1", "L-1")
    held.close()


def test_changes_and_losses_reach_the_file(store: Store, tmp_path: Path) -> None:
    clock, path = FakeClock(), tmp_path / FILE_NAME
    feed = MemoryFeed({"PyPI": [record("L-1"), record("L-2"), record("L-0", modified="0001-01-01T00:00:00Z")]})
    sync(store, feed, clock, ecosystems=["PyPI"])
    compile_store(store, path)
    feed.records["PyPI"] = [
        record("L-2", name="shade", modified="2026-01-05T00:00:00Z"),
        record("L-0", name="shade", modified="0001-01-01T00:00:00Z"),
    ]
    later = clock.tick(60)
    sync(store, feed, clock, ecosystems=["PyPI"])
    compile_store(store, path)
    held = open_compiled(path)
    assert held.rules("PyPI", "lamp").intervals == ()
    assert [advisory for advisory, _, _ in held.rules("PyPI", "shade").intervals] == ["L-0", "L-2"]
    assert held.snapshots()["PyPI"].synced_at == later
    held.close()


def test_without_a_sync_there_is_no_file(store: Store, tmp_path: Path) -> None:
    assert compile_store(store, tmp_path / FILE_NAME) == ()
    assert list(tmp_path.glob("*.hf")) == []
