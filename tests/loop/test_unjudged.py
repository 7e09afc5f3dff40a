"""What was brought and not judged is known after a cut, however many brought it at once."""

from holdfast.loop.feeds import sync
from holdfast.loop.unjudged import Unjudged, clusters_of_feeds, end_unjudged, find_unjudged
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store
from holdfast.testing.clocks import FakeClock, FakeIds
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record

CLOCK = FakeClock()


def _found(store: Store, ids: Ids) -> Unjudged:
    return find_unjudged(store, CLOCK, ids)


def _write(store: Store, word: Unjudged) -> None:
    with store.write(PUBLIC, CLOCK.now()) as tx:
        word.guard(tx)


def _end(store: Store, word: Unjudged) -> None:
    end_unjudged(store, CLOCK, word)


def test_what_was_judged_is_left_to_nobody(store: Store) -> None:
    ids = FakeIds()
    word = _found(store, ids)
    _write(store, word)
    _write(store, word)
    assert not word.is_left
    _end(store, word)
    assert not _found(store, ids).is_left


def test_what_was_cut_is_left_until_somebody_judged_it(store: Store) -> None:
    ids = FakeIds()
    _write(store, _found(store, ids))
    assert _found(store, ids).is_left  # this one is cut as well
    last = _found(store, ids)
    assert last.is_left
    _end(store, last)
    assert not _found(store, ids).is_left


def test_of_two_at_once_the_one_that_goes_on_judges_what_the_cut_one_brought(store: Store) -> None:
    """Both begin, both write, the first is cut, the second ends: it has judged everything."""
    ids = FakeIds()
    cut, other = _found(store, ids), _found(store, ids)
    _write(store, cut)
    _write(store, other)
    assert (cut.is_left, other.is_left) == (False, True)
    _end(store, other)
    assert not _found(store, ids).is_left


def test_what_came_while_another_judged_is_not_taken_back_by_it(store: Store) -> None:
    """The other wrote after this one: only it knows what that was, and it is cut."""
    ids = FakeIds()
    done, cut = _found(store, ids), _found(store, ids)
    _write(store, done)
    _write(store, cut)
    _end(store, done)
    assert _found(store, ids).is_left


def test_after_a_cut_all_that_the_feeds_speak_of_is_looked_at(store: Store) -> None:
    feed = MemoryFeed({"PyPI": [record("L-1")], "Go": [record("G-1", "Go")]})
    report = sync(store, feed, CLOCK, ecosystems=["PyPI", "Go"])
    assert clusters_of_feeds(store) == set(report.clusters)
    assert len(clusters_of_feeds(store, ["Go"])) == 1
