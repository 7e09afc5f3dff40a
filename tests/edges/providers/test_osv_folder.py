"""Folders and zips as feeds."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from holdfast.edges.providers.osv_folder import FolderFeed
from holdfast.edges.providers.osv_open import open_feed
from holdfast.edges.providers.osv_zip import ZipFeed
from holdfast.errors import FeedError, UsageError
from holdfast.model.advisory import Snapshot
from holdfast.model.instant import parse_instant
from holdfast.ports.feed import FeedChanges
from tests.edges.providers.bucket import record, write_bucket, write_zip
from tests.shared import SHARED_DATA, needs_shared

AT = parse_instant("2026-01-02T03:04:05Z")
KNOWN: dict[str, datetime | None] = {"L-1": AT, "L-2": AT}


def _names(changes: FeedChanges) -> list[str]:
    with changes.reading() as records:
        return [one.name for one in records]


def _snapshot(source: str, changes: FeedChanges, error: str | None = None) -> Snapshot:
    return Snapshot("PyPI", source, AT, None, 2, changes.validator, error)


def test_a_bucket_layout_names_its_ecosystems(tmp_path: Path) -> None:
    feed = FolderFeed(write_bucket(tmp_path, {"PyPI": [record("L-1")], "Go": [record("L-2", "Go")]}))
    assert feed.ecosystems() == ("Go", "PyPI")


def test_first_read_gives_all_and_the_next_none(tmp_path: Path) -> None:
    feed = FolderFeed(write_bucket(tmp_path, {"PyPI": [record("L-1"), record("L-2")]}))
    first = feed.changes("PyPI", {}, None)
    assert _names(first) == ["L-1", "L-2"]
    snapshot = _snapshot(feed.describe(), first)
    assert _names(feed.changes("PyPI", KNOWN, snapshot)) == []
    assert feed.is_same("PyPI", snapshot)


def test_only_what_the_index_says_changed_is_read(tmp_path: Path) -> None:
    feed = FolderFeed(write_bucket(tmp_path, {"PyPI": [record("L-1"), record("L-2")]}))
    first = feed.changes("PyPI", {}, None)
    write_bucket(tmp_path, {"PyPI": [record("L-1"), record("L-2", modified="2026-03-01T00:00:00Z"), record("L-3")]})
    changes = feed.changes("PyPI", KNOWN, _snapshot(feed.describe(), first))
    assert _names(changes) == ["L-2", "L-3"]
    assert changes.present == frozenset({"L-1", "L-2", "L-3"})


def test_the_year_one_is_read_again_when_the_archive_changed(tmp_path: Path) -> None:
    old = record("L-1", modified="0001-01-01T00:00:00Z")
    feed = FolderFeed(write_bucket(tmp_path, {"PyPI": [old]}))
    snapshot = _snapshot(feed.describe(), feed.changes("PyPI", {}, None))
    write_bucket(tmp_path, {"PyPI": [old | {"summary": "longer than it was"}]})
    assert _names(feed.changes("PyPI", {"L-1": None}, snapshot)) == ["L-1"]


def test_a_failed_sync_compares_everything_again(tmp_path: Path) -> None:
    feed = FolderFeed(write_bucket(tmp_path, {"PyPI": [record("L-1"), record("L-2")]}))
    first = feed.changes("PyPI", {}, None)
    changes = feed.changes("PyPI", {"L-1": AT}, _snapshot(feed.describe(), first, error="cut"))
    assert _names(changes) == ["L-2"]


def test_an_archive_without_an_index_goes_by_size_and_time(tmp_path: Path) -> None:
    feed = FolderFeed(write_bucket(tmp_path, {"PyPI": [record("L-1")]}))
    (tmp_path / "PyPI" / "modified_id.csv").unlink()
    first = feed.changes("PyPI", {}, None)
    assert _names(first) == ["L-1"]
    again = feed.changes("PyPI", {"L-1": AT}, _snapshot(feed.describe(), first))
    assert _names(again) == []
    assert again.present == frozenset({"L-1"})


def test_loose_records_are_read_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "L-1.json").write_text(json.dumps(record("L-1")))
    (tmp_path / "L-2.json").write_text(json.dumps(record("L-2")))
    feed = FolderFeed(tmp_path)
    assert feed.ecosystems() is None
    first = feed.changes("PyPI", {}, None)
    assert sorted(_names(first)) == ["L-1", "L-2"]
    assert _names(feed.changes("PyPI", KNOWN, _snapshot(feed.describe(), first))) == []


def test_a_link_among_loose_records_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("{}")
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "L-1.json").write_text(json.dumps(record("L-1")))
    (folder / "L-2.json").symlink_to(tmp_path / "secret")
    assert _names(FolderFeed(folder).changes("PyPI", {}, None)) == ["L-1"]


def test_a_zip_of_any_ecosystems_is_a_feed(tmp_path: Path) -> None:
    write_zip(tmp_path / "mixed.zip", [record("L-1"), record("G-1", "Go")])
    feed = open_feed(str(tmp_path / "mixed.zip"), tmp_path)
    assert isinstance(feed, ZipFeed)
    first = feed.changes("PyPI", {}, None)
    assert _names(first) == ["L-1", "G-1"]
    assert _names(feed.changes("PyPI", KNOWN, _snapshot(feed.describe(), first))) == []


@pytest.mark.parametrize("name", ["..", "", "a/b", "."])
def test_an_ecosystem_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FeedError, match="not a name"):
        FolderFeed(tmp_path).changes(name, {}, None)


def test_an_empty_folder_is_no_feed(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="found neither"):
        FolderFeed(tmp_path).ecosystems()


def test_what_is_no_location_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such feed"):
        open_feed(str(tmp_path / "nothing"), tmp_path)


def test_a_cut_index_refuses_the_ecosystem(tmp_path: Path) -> None:
    feed = FolderFeed(write_bucket(tmp_path, {"PyPI": [record("L-1")]}))
    (tmp_path / "PyPI" / "modified_id.csv").write_bytes(b"2026-01-02T03:04:05Z,L-1\n2026-0")
    with pytest.raises(FeedError, match="expected `modified,id`"):
        feed.changes("PyPI", {}, None)


@needs_shared
def test_the_shared_feed_gives_every_record_of_its_index() -> None:
    feed = FolderFeed(SHARED_DATA / "osv")
    changes = feed.changes("crates.io", {}, None)
    assert frozenset(_names(changes)) == changes.present
    assert changes.expected == 1029
