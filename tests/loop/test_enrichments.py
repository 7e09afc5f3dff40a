"""Enrichments are loaded, or named as absent."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from holdfast.errors import FeedError
from holdfast.loop import enrichments
from holdfast.loop.enrichments import load_enrichments
from holdfast.loop.feeds import sync
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.feed import EnrichmentRows
from holdfast.ports.store import Store
from holdfast.testing.clocks import START, FakeClock
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record


class Listed:
    """An enrichment that says what it is told."""

    def __init__(self, kind: str, rows: Mapping[str, Mapping[str, object]], *, down: bool = False) -> None:
        self.kind = kind
        self._rows = rows
        self._down = down

    def describe(self) -> str:
        return f"listed {self.kind}"

    def fetch(self, now: datetime) -> EnrichmentRows:
        if self._down:
            raise FeedError("no answer", where=self.describe())
        return EnrichmentRows(self.kind, self._rows, START, self.describe())


def test_what_is_absent_stays_null(store: Store) -> None:
    states = load_enrichments(store, [Listed("kev", {"CVE-2026-1": {}})], FakeClock())
    assert [(one.kind, one.as_of, one.changed) for one in states] == [
        ("epss", None, False),
        ("kev", START, True),
        ("ssvc", None, False),
    ]
    with store.read(PUBLIC) as tx:
        known = tx.enrichments.of(["CVE-2026-1", "CVE-2026-2"])
    assert known["CVE-2026-1"].known_exploited is True
    assert known["CVE-2026-2"].known_exploited is False
    assert known["CVE-2026-1"].epss is None


def test_the_same_list_is_not_written_again(store: Store) -> None:
    source = Listed("kev", {"CVE-2026-1": {}})
    load_enrichments(store, [source], FakeClock())
    again = load_enrichments(store, [source], FakeClock())
    assert [one.changed for one in again] == [False, False, False]
    assert any(one.changed for one in load_enrichments(store, [source], FakeClock(), again=True))


def test_a_list_that_fails_leaves_the_one_before(store: Store) -> None:
    load_enrichments(store, [Listed("kev", {"CVE-2026-1": {}})], FakeClock())
    states = {one.kind: one for one in load_enrichments(store, [Listed("kev", {}, down=True)], FakeClock())}
    assert "no answer" in str(states["kev"].error)
    assert states["kev"].as_of == START
    with store.read(PUBLIC) as tx:
        assert tx.enrichments.of(["CVE-2026-1"])["CVE-2026-1"].known_exploited is True


def test_of_a_large_list_only_named_cves_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrichments, "MAX_WHOLE_ROWS", 1)
    feed = MemoryFeed({"PyPI": [record("L-1", aliases=["CVE-2026-1"])]})
    sync(store, feed, FakeClock(), ecosystems=["PyPI"])
    rows = {"CVE-2026-1": {"epss": 0.5}, "CVE-2026-2": {"epss": 0.4}}
    load_enrichments(store, [Listed("epss", rows)], FakeClock())
    with store.read(PUBLIC) as tx:
        known = tx.enrichments.of(["CVE-2026-1", "CVE-2026-2"])
    assert known["CVE-2026-1"].epss == 0.5
    assert known["CVE-2026-2"].epss is None
