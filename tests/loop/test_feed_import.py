"""An import of records: nothing older, nothing half, and what was cut goes on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from holdfast.errors import ConflictError, FeedError
from holdfast.loop.feed_import import Begun, Offer, begin_import, clusters_to_judge, finish_import
from holdfast.loop.feeds import SyncReport, sync
from holdfast.model.advisory import Snapshot
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.feed import FeedChanges
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record

LISTS = {"kev": ("cisa", START)}


class CarriedFeed(MemoryFeed):
    """A feed that is a copy of one that was synced at an instant."""

    def __init__(self, records: list[Mapping[str, Any]], synced_at: datetime) -> None:
        super().__init__({"PyPI": records})
        self.origin = Snapshot("PyPI", "osv.example", synced_at, synced_at, len(records))

    def changes(self, ecosystem: str, known: Mapping[str, datetime | None], snapshot: Snapshot | None) -> FeedChanges:
        """Return every record, with what is known of the feed that was copied."""
        found = super().changes(ecosystem, known, snapshot)
        return replace(found, present=None, validator=self.digest, origin=self.origin)

    @property
    def digest(self) -> str:
        """Return a name that another content does not have."""
        return f"sha256:{len(self.records['PyPI'])}{self.origin.synced_at}"

    @property
    def offer(self) -> Offer:
        """Return what it says of itself."""
        return Offer(self.digest, (self.origin,), LISTS)


def _begin(store: Store, feed: CarriedFeed, *, allow_older: bool = False) -> Begun:
    return begin_import(store, FakeClock(), feed.offer, where="x.hfs", allow_older=allow_older)


def _sync(store: Store, feed: CarriedFeed, begun: Begun) -> SyncReport:
    clock = FakeClock()
    clock.tick(3600)
    return sync(store, feed, clock, ecosystems=["PyPI"], guard=begun.guard)


def _import(store: Store, feed: CarriedFeed, *, allow_older: bool = False) -> Begun:
    begun = _begin(store, feed, allow_older=allow_older)
    _sync(store, feed, begun)
    finish_import(store, FakeClock(), begun)
    return begun


def _held(store: Store) -> Snapshot:
    with store.read(PUBLIC) as tx:
        (one,) = tx.feeds.list()
    return one


def _affected(store: Store) -> set[str]:
    with store.read(PUBLIC) as tx:
        return {advisory for advisory, _, _ in tx.advisories.rules("PyPI", "lamp").intervals}


def _kinds(store: Store) -> list[str]:
    with store.read(PUBLIC) as tx:
        return [entry.kind for entry in tx.journal.read()]


OLD = START - timedelta(days=2)


def test_a_feed_is_as_old_as_it_was_where_it_came_from(store: Store) -> None:
    feed = CarriedFeed([record("L-1")], OLD)
    _import(store, feed)
    assert _held(store) == Snapshot("PyPI", "osv.example", OLD, OLD, 1, feed.digest)
    assert _affected(store) == {"L-1"}
    assert _kinds(store) == ["feed.import_begun", "feed.synced", "feed.imported"]


def test_nothing_older_takes_the_place_of_something_newer(store: Store) -> None:
    _import(store, CarriedFeed([record("L-1"), record("L-2")], START))
    older = CarriedFeed([record("L-1")], OLD)
    with pytest.raises(FeedError, match="older than what is here: PyPI was synced"):
        _begin(store, older)
    assert _held(store).error is None
    assert _affected(store) == {"L-1", "L-2"}
    assert _import(store, older, allow_older=True).older[0].startswith("PyPI was synced")
    assert _affected(store) == {"L-1"}
    assert _held(store).synced_at == OLD


def test_a_list_that_is_older_is_refused_likewise(store: Store) -> None:
    with store.write(PUBLIC, START) as tx:
        tx.enrichments.save("kev", {"CVE-2026-1": {}}, START + timedelta(days=1), "cisa")
    with pytest.raises(FeedError, match="KEV is of"):
        _begin(store, CarriedFeed([record("L-1")], START))


def test_a_snapshot_that_lacks_most_of_what_is_here_is_not_taken_for_cut(store: Store) -> None:
    _import(store, CarriedFeed([record(f"L-{number}") for number in range(100)], OLD))
    _import(store, CarriedFeed([record("L-1")], START))  # it is whole: its digest says so
    assert _affected(store) == {"L-1"}


def test_while_it_is_under_way_the_feeds_say_so(store: Store) -> None:
    feed = CarriedFeed([record("L-1")], OLD)
    _import(store, feed)
    newer = CarriedFeed([record("L-1"), record("L-2")], START)
    _begin(store, newer)
    held = _held(store)
    assert held.synced_at == OLD  # verdicts rest on what they rested on
    assert "import it again" in str(held.error)


def test_an_import_that_was_cut_goes_on_and_is_judged_as_a_whole(store: Store) -> None:
    feed = CarriedFeed([record("L-1"), record("L-2")], START)
    cut = _begin(store, feed)
    assert not cut.is_resumed
    assert clusters_to_judge(store, cut) == set()
    brought = _sync(store, feed, cut)  # and here the power went
    again = _begin(store, feed)
    assert again.is_resumed
    assert _sync(store, feed, again).clusters == ()  # nothing is new to it
    assert clusters_to_judge(store, again) == set(brought.clusters)
    finish_import(store, FakeClock(), again)
    assert not _begin(store, feed).is_resumed


def test_what_a_cut_import_was_bringing_counts_as_being_here(store: Store) -> None:
    _import(store, CarriedFeed([record("L-1")], OLD - timedelta(days=1)))
    newest = CarriedFeed([record("L-1"), record("L-2")], START)
    newest.cut_after = 1
    assert _sync(store, newest, _begin(store, newest)).snapshots[0].error == "memory: the feed was cut"
    assert str(_held(store).synced_at) == str(OLD - timedelta(days=1))
    between = CarriedFeed([record("L-1")], OLD)
    with pytest.raises(FeedError, match="by an import that was cut"):
        _begin(store, between)
    assert _begin(store, between, allow_older=True).is_resumed


def test_of_two_imports_the_later_begun_goes_on(store: Store) -> None:
    first, second = CarriedFeed([record("L-1")], OLD), CarriedFeed([record("L-2")], START)
    begun = _begin(store, first)
    later = _begin(store, second)
    with pytest.raises(ConflictError, match="another import"):
        _sync(store, first, begun)
    with pytest.raises(ConflictError, match="another import"):
        finish_import(store, FakeClock(), begun)
    assert _affected(store) == set()
    _sync(store, second, later)
    finish_import(store, FakeClock(), later)
    assert _affected(store) == {"L-2"}


def test_an_import_puts_nothing_back_that_was_synced_meanwhile(store: Store) -> None:
    carried = CarriedFeed([record("L-1")], OLD)
    begun = _begin(store, carried)
    sync(store, MemoryFeed({"PyPI": [record("L-1", fixed="9.0"), record("L-2")]}), FakeClock(), ecosystems=["PyPI"])
    with pytest.raises(ConflictError, match="PyPI was synced meanwhile"):
        _sync(store, carried, begun)
    assert _affected(store) == {"L-1", "L-2"}
    assert _held(store).synced_at == START
    with pytest.raises(FeedError, match="older than what is here"):
        _begin(store, carried)


def test_a_feed_that_the_snapshot_lacks_stays_as_it_was(store: Store) -> None:
    sync(store, MemoryFeed({"Go": [record("G-1", "Go")]}), FakeClock(), ecosystems=["Go"])
    _import(store, CarriedFeed([record("L-1")], OLD))
    with store.read(PUBLIC) as tx:
        go, pypi = tx.feeds.list()
    assert (go.synced_at, go.error, pypi.synced_at) == (START, None, OLD)
