"""A feed is synced: in batches, keeping the last good state, whatever the feed does."""

from datetime import timedelta
from typing import Any

import pytest

from holdfast.loop import feeds
from holdfast.loop.feed_state import feed_state, feed_verdict
from holdfast.loop.feeds import sync
from holdfast.model.advisory import Snapshot
from holdfast.model.instant import parse_instant
from holdfast.model.tenancy import PUBLIC
from holdfast.model.verdict import Pass, Unknown
from holdfast.ports.feed import RawRecord
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record

ECOSYSTEMS = ["PyPI"]


def _kinds(store: Store) -> list[str]:
    with store.read(PUBLIC) as tx:
        return [entry.kind for entry in tx.journal.read()]


def _affected(store: Store, name: str = "lamp") -> set[str]:
    with store.read(PUBLIC) as tx:
        return {advisory for advisory, _, _ in tx.advisories.rules("PyPI", name).intervals}


def test_a_first_sync_keeps_every_record_and_says_so(store: Store) -> None:
    feed = MemoryFeed({"PyPI": [record("L-1", aliases=["CVE-2026-1"]), record("L-2")]})
    seen: list[tuple[str, int, int | None]] = []
    report = sync(store, feed, FakeClock(), ecosystems=ECOSYSTEMS, progress=lambda *told: seen.append(told))
    assert report.changed == ("L-1", "L-2")
    assert len(report.clusters) == 2
    assert report.snapshots == (
        Snapshot("PyPI", "memory", START, report.snapshots[0].newest, 2, report.snapshots[0].validator),
    )
    assert seen == [("PyPI", 2, 2)]
    assert _affected(store) == {"L-1", "L-2"}
    assert _kinds(store) == ["feed.synced"]


def test_nothing_new_changes_only_the_instant(store: Store) -> None:
    feed, clock = MemoryFeed({"PyPI": [record("L-1")]}), FakeClock()
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    later = clock.tick(60)
    report = sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert (report.changed, report.clusters) == ((), ())
    assert report.snapshots[0].synced_at == later
    assert _kinds(store) == ["feed.synced"]


def test_a_withdrawn_record_matches_no_more(store: Store) -> None:
    feed, clock = MemoryFeed({"PyPI": [record("L-1"), record("L-2")]}), FakeClock()
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    feed.records["PyPI"][0] = record("L-1", modified="2026-01-03T00:00:00Z", withdrawn="2026-01-03T00:00:00Z")
    report = sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert report.changed == ("L-1",)
    assert _affected(store) == {"L-2"}


def test_a_record_that_is_gone_is_taken_out_of_matching(store: Store) -> None:
    feed, clock = MemoryFeed({"PyPI": [record("L-1"), record("L-2")]}), FakeClock()
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    del feed.records["PyPI"][0]
    report = sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert report.changed == ("L-1",)
    assert len(report.clusters) == 1
    assert report.snapshots[0].records == 1
    assert _affected(store) == {"L-2"}
    feed.records["PyPI"].append(record("L-1"))
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert _affected(store) == {"L-1", "L-2"}


def test_a_feed_that_drops_much_is_taken_for_cut(store: Store) -> None:
    feed, clock = MemoryFeed({"PyPI": [record(f"L-{number}") for number in range(100)]}), FakeClock()
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    del feed.records["PyPI"][10:]
    report = sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert "90 of 100 records at once" in str(report.snapshots[0].error)
    assert len(_affected(store)) == 100


def test_a_cut_feed_keeps_the_last_good_snapshot(store: Store) -> None:
    feed, clock = MemoryFeed({"PyPI": [record("L-1")]}), FakeClock()
    good = sync(store, feed, clock, ecosystems=ECOSYSTEMS).snapshots[0]
    feed.records["PyPI"] = [record("L-2"), record("L-3")]
    feed.cut_after = 1
    clock.tick(60)
    cut = sync(store, feed, clock, ecosystems=ECOSYSTEMS).snapshots[0]
    assert cut == Snapshot("PyPI", "memory", good.synced_at, good.newest, 1, good.validator, cut.error)
    assert "cut" in str(cut.error)
    assert "L-1" in _affected(store)
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert _kinds(store) == ["feed.synced", "feed.failed"]
    feed.cut_after = None
    healed = sync(store, feed, clock, ecosystems=ECOSYSTEMS).snapshots[0]
    assert healed.error is None
    assert _affected(store) == {"L-2", "L-3"}


def test_a_feed_that_is_down_is_an_error_of_every_ecosystem(store: Store) -> None:
    feed = MemoryFeed({})
    feed.down = True
    report = sync(store, feed, FakeClock(), ecosystems=["Go", "PyPI"])
    assert [(one.ecosystem, one.synced_at) for one in report.snapshots] == [("Go", None), ("PyPI", None)]
    assert all("no answer" in str(one.error) for one in report.snapshots)


def test_an_ecosystem_that_the_feed_lacks_is_named(store: Store) -> None:
    report = sync(store, MemoryFeed({"PyPI": [record("L-1")]}), FakeClock(), ecosystems=["PyPI", "npm"])
    assert [one.error for one in report.snapshots] == [None, "the feed has no `npm`"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"id": 3}', b"\xff\xfe", b"[" * 5000])
def test_a_record_that_is_none_costs_no_other(store: Store, body: bytes) -> None:
    feed = MemoryFeed({"PyPI": [record("L-1")]})
    feed.raw["PyPI"] = [RawRecord("L-9", body)]
    report = sync(store, feed, FakeClock(), ecosystems=ECOSYSTEMS)
    assert report.changed == ("L-1",)
    assert report.snapshots[0].error is None
    assert len(report.problems) == 1
    assert report.problems[0].startswith("L-9: ")


def test_a_record_that_broke_keeps_its_last_good_revision(store: Store) -> None:
    feed, clock = MemoryFeed({"PyPI": [record("L-1"), record("L-2")]}), FakeClock()
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    del feed.records["PyPI"][0]
    feed.raw["PyPI"] = [RawRecord("L-1", b"{")]
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert _affected(store) == {"L-1", "L-2"}


@pytest.mark.parametrize(
    "affected",
    [
        {"package": {"ecosystem": "PyPI", "name": "lamp"}},
        {"package": {"ecosystem": "PyPI", "name": "lamp"}, "ranges": [{"type": "ECOSYSTEM", "events": []}]},
        {
            "package": {"ecosystem": "PyPI", "name": "lamp"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}, {"fixed": "1.0"}]}],
        },
    ],
)
def test_a_record_without_meaning_is_kept_and_matches_nothing(store: Store, affected: dict[str, Any]) -> None:
    feed = MemoryFeed({"PyPI": [record("L-1") | {"affected": [affected], "modified": "0001-01-01T00:00:00Z"}]})
    report = sync(store, feed, FakeClock(), ecosystems=ECOSYSTEMS)
    assert report.changed == ("L-1",)
    assert report.snapshots[0].newest == parse_instant("2026-01-02T03:04:05Z")
    assert _affected(store) == set()


def test_records_of_other_ecosystems_are_left_out(store: Store) -> None:
    feed = MemoryFeed({"PyPI": [record("L-1"), record("G-1", "Go", "example.com/lamp")]})
    report = sync(store, feed, FakeClock(), ecosystems=ECOSYSTEMS)
    assert report.changed == ("L-1",)
    assert report.snapshots[0].records == 1


def test_batches_are_short_transactions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "BATCH_RECORDS", 2)
    feed = MemoryFeed({"PyPI": [record(f"L-{number}") for number in range(5)]})
    told: list[int] = []
    sync(store, feed, FakeClock(), ecosystems=ECOSYSTEMS, progress=lambda _name, read, _all: told.append(read))
    assert told == [2, 4, 5]
    assert len(_affected(store)) == 5


def test_without_inventory_nothing_is_synced(store: Store) -> None:
    assert sync(store, MemoryFeed({"PyPI": [record("L-1")]}), FakeClock()).snapshots == ()


def test_aliases_that_meet_become_one_cluster_and_part_again(store: Store) -> None:
    feed, clock = MemoryFeed({"PyPI": [record("L-1"), record("L-2", name="shade")]}), FakeClock()
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    with store.read(PUBLIC) as tx:
        apart = dict(tx.clusters.of(["L-1", "L-2"]))
    feed.records["PyPI"][1] = record("L-2", name="shade", aliases=["L-1"], modified="2026-01-03T00:00:00Z")
    clock.tick(60)
    merged = sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    assert set(merged.clusters) == set(apart.values())
    with store.read(PUBLIC) as tx:
        together = set(tx.clusters.of(["L-1", "L-2"]).values())
    assert len(together) == 1
    feed.records["PyPI"][1] = record("L-2", name="shade", modified="2026-01-04T00:00:00Z")
    clock.tick(60)
    sync(store, feed, clock, ecosystems=ECOSYSTEMS)
    with store.read(PUBLIC) as tx:
        parted = tx.clusters.of(["L-1", "L-2"])
    assert parted["L-1"] != parted["L-2"]
    assert together < set(parted.values())
    kinds = _kinds(store)
    assert kinds.count("cluster.merged") == 1
    assert kinds.count("cluster.split") == 1


def test_state_names_what_verdicts_may_not_rest_on(store: Store) -> None:
    clock = FakeClock()
    sync(store, MemoryFeed({"PyPI": [record("L-1")]}), clock, ecosystems=["PyPI", "npm"])
    day = timedelta(days=1)
    with store.read(PUBLIC) as tx:
        fresh = feed_state(tx, START, day, ecosystems=["PyPI", "npm", "Go"])
        old = feed_state(tx, START + 2 * day, day, ecosystems=["PyPI"])
    assert [(one.ecosystem, type(one.verdict)) for one in fresh] == [("Go", Unknown), ("PyPI", Pass), ("npm", Unknown)]
    assert isinstance(old[0].verdict, Unknown)
    assert "longer ago than 24 hours" in old[0].verdict.because


def test_state_asks_the_store_which_releases_records_speak_of(store: Store) -> None:
    one = record("A-1", affected=[{"package": {"ecosystem": "AlmaLinux:9", "name": "bash"}, "versions": ["5.1-2.el9"]}])
    sync(store, MemoryFeed({"AlmaLinux": [one]}), FakeClock(), ecosystems=["AlmaLinux"])
    with store.read(PUBLIC) as tx:
        states = feed_state(tx, START, timedelta(days=1), ecosystems=["AlmaLinux:9", "AlmaLinux:10"])
    assert [(one.ecosystem, type(one.verdict)) for one in states] == [("AlmaLinux:10", Unknown), ("AlmaLinux:9", Pass)]


def test_a_release_that_no_record_speaks_of_is_unknown() -> None:
    held = {"AlmaLinux": Snapshot("AlmaLinux", "memory", START, None, 1)}
    day, known = timedelta(days=1), frozenset({"AlmaLinux:9"})
    assert feed_verdict("AlmaLinux:9", held, START, day, known) == Pass()
    assert isinstance(feed_verdict("AlmaLinux:10", held, START, day, known), Unknown)
    assert feed_verdict("AlmaLinux", held, START, day) == Unknown("the release of the distribution is not known")
