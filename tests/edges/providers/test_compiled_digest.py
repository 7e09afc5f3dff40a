"""The identity of what a compiled file holds."""

import sqlite3
from datetime import timedelta
from pathlib import Path

from holdfast.edges.providers.compiled import FILE_NAME, open_compiled
from holdfast.edges.providers.compiled_sync import refresh
from holdfast.testing.clocks import START
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record


def _sync(path: Path, feed: MemoryFeed, *ecosystems: str, later_h: int = 0, kev: set[str] | None = None) -> None:
    at = START + timedelta(hours=later_h)
    refresh(path, feed, ecosystems, at, known_exploited=lambda: kev, progress=lambda *_: None)


def _digest(
    path: Path, feed: MemoryFeed, *ecosystems: str, later_h: int = 0, kev: set[str] | None = None
) -> str | None:
    _sync(path, feed, *ecosystems, later_h=later_h, kev=kev)
    held = open_compiled(path)
    try:
        return held.snapshots()["PyPI"].digest
    finally:
        held.close()


def test_a_digest_is_of_the_data_whatever_way_it_came(tmp_path: Path) -> None:
    ways = MemoryFeed({"PyPI": [record("L-1"), record("L-2")], "Go": [record("G-1", "Go", "desk")]})
    slowly = MemoryFeed({"PyPI": [record("L-2", name="other")], "Go": []})
    one = _digest(tmp_path / "one" / FILE_NAME, ways, "PyPI", "Go")
    place = tmp_path / "two" / FILE_NAME
    assert _digest(place, slowly, "PyPI") != one
    slowly.records["PyPI"] = [record("L-2", modified="2026-01-09T00:00:00Z"), record("L-3")]
    _digest(place, slowly, "PyPI", later_h=1)
    slowly.records["PyPI"] = [record("L-2"), record("L-1")]
    assert _digest(place, slowly, "PyPI", later_h=2) == one


def test_a_digest_differs_with_a_version_a_date_and_exploitation(tmp_path: Path) -> None:
    feeds = [
        MemoryFeed({"PyPI": [record("L-1", aliases=["CVE-2026-1"])]}),
        MemoryFeed({"PyPI": [record("L-1", aliases=["CVE-2026-1"], fixed="1.6")]}),
        MemoryFeed({"PyPI": [record("L-1", aliases=["CVE-2026-1"], modified="2026-01-09T00:00:00Z")]}),
    ]
    found = [_digest(tmp_path / str(number) / FILE_NAME, feed, "PyPI") for number, feed in enumerate(feeds)]
    found += [_digest(tmp_path / "kev" / FILE_NAME, feeds[0], "PyPI", kev={"CVE-2026-1"})]
    found += [_digest(tmp_path / "none" / FILE_NAME, feeds[0], "PyPI", kev=set())]
    assert len(set(found)) == 5


def test_what_a_record_says_of_many_packages_is_kept_once(tmp_path: Path) -> None:
    built = [record("A-1", "AlmaLinux:9", f"lamp-{number}", fixed="1.5-1.el9") for number in range(9)]
    whole = built[0] | {"affected": [one["affected"][0] for one in built]}
    path = tmp_path / FILE_NAME
    _sync(path, MemoryFeed({"AlmaLinux": [whole]}), "AlmaLinux")
    held = open_compiled(path)
    assert all(held.rules("AlmaLinux:9", f"lamp-{number}").fixes == ("1.5-1.el9",) for number in range(9))
    held.close()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*), count(DISTINCT said) FROM rule").fetchone() == (9, 1)
    assert connection.execute("SELECT count(*) FROM said").fetchone() == (1,)
    connection.close()
