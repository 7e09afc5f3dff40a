"""A bucket over HTTP: what is asked, what is fetched, what happens when it breaks."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from holdfast.edges.providers.osv_bucket import MAX_SINGLES, BucketFeed
from holdfast.edges.providers.osv_open import open_feed
from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot
from holdfast.model.instant import parse_instant
from holdfast.ports.feed import FeedChanges
from tests.edges.providers.bucket import record, serve, write_bucket

NOW = parse_instant("2026-02-01T00:00:00Z")
FIRST = record("L-1", modified="2026-01-01T00:00:00Z")
SECOND = record("L-2", modified="2026-01-02T00:00:00Z")
UNDATED = record("L-0", modified="0001-01-01T00:00:00Z")


def _read(changes: FeedChanges) -> dict[str, bytes]:
    with changes.reading() as records:
        return {one.name: one.body for one in records}


def _known(*records: Mapping[str, str]) -> dict[str, datetime | None]:
    return {
        one["id"]: None if one["modified"].startswith("0001") else parse_instant(one["modified"]) for one in records
    }


def _snapshot(feed: BucketFeed, changes: FeedChanges, records: int) -> Snapshot:
    return Snapshot("PyPI", feed.describe(), NOW, None, records, changes.validator)


def test_first_sync_streams_the_archive(tmp_path: Path) -> None:
    with serve(write_bucket(tmp_path / "osv", {"PyPI": [FIRST, SECOND]})) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        assert feed.ecosystems() == ("PyPI",)
        found = _read(feed.changes("PyPI", {}, None))
    assert set(found) == {"L-1", "L-2"}
    assert json.loads(found["L-1"])["id"] == "L-1"
    assert list((tmp_path / "cache").iterdir()) == []


def test_nothing_new_is_one_conditional_request(tmp_path: Path) -> None:
    with serve(write_bucket(tmp_path / "osv", {"PyPI": [FIRST]})) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("PyPI", {}, None)
        _read(first)
        bucket.asked.clear()
        again = feed.changes("PyPI", _known(FIRST), _snapshot(feed, first, 1))
        assert _read(again) == {}
        assert again.present == frozenset({"L-1"})
        assert bucket.asked == [("GET", "/PyPI/modified_id.csv", 304)]
        assert again.validator == first.validator


def test_nothing_new_without_etags_goes_by_the_date(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST]})
    os.utime(root / "PyPI" / "modified_id.csv", (1_700_000_000, 1_700_000_000))
    with serve(root, etags=False) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("PyPI", {}, None)
        _read(first)
        again = feed.changes("PyPI", _known(FIRST), _snapshot(feed, first, 1))
        assert _read(again) == {}
        assert bucket.answers("modified_id.csv") == [200, 304]


def test_a_date_within_its_second_proves_nothing(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST]}, singles=True)
    with serve(root, etags=False) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("PyPI", {}, None)
        _read(first)
        write_bucket(root, {"PyPI": [FIRST, SECOND]}, singles=True)
        assert list(_read(feed.changes("PyPI", _known(FIRST), _snapshot(feed, first, 1)))) == ["L-2"]
        assert bucket.answers("modified_id.csv") == [200, 200]


def test_a_changed_record_is_fetched_alone(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST, SECOND]}, singles=True)
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("PyPI", {}, None)
        _read(first)
        newer = record("L-2", modified="2026-01-09T00:00:00Z", fixed="1.6")
        write_bucket(root, {"PyPI": [FIRST, newer]}, singles=True)
        bucket.asked.clear()
        changes = feed.changes("PyPI", _known(FIRST, SECOND), _snapshot(feed, first, 2))
        assert list(_read(changes)) == ["L-2"]
        assert bucket.answers("all.zip") == []


def test_a_removed_record_is_not_present(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST, SECOND]})
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("PyPI", {}, None)
        _read(first)
        write_bucket(root, {"PyPI": [SECOND]})
        changes = feed.changes("PyPI", _known(FIRST, SECOND), _snapshot(feed, first, 2))
        assert _read(changes) == {}
        assert changes.present == frozenset({"L-2"})


def test_a_missing_single_record_falls_back_to_the_archive(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST]})
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("PyPI", {}, None)
        _read(first)
        write_bucket(root, {"PyPI": [FIRST, SECOND]})
        changes = feed.changes("PyPI", _known(FIRST), _snapshot(feed, first, 1))
        assert list(_read(changes)) == ["L-2"]
        assert bucket.answers("L-2.json") == [404]
        assert bucket.answers("all.zip") == [200, 200]


def test_many_changes_are_taken_from_the_archive(tmp_path: Path) -> None:
    many = [record(f"M-{number}") for number in range(MAX_SINGLES + 1)]
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST, *many]}, singles=True)
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        snapshot = Snapshot("PyPI", feed.describe(), NOW, None, 1, None)
        found = _read(feed.changes("PyPI", _known(FIRST), snapshot))
        assert set(found) == {one["id"] for one in many}
        assert bucket.answers("M-1.json") == []


def test_records_of_the_year_one_go_by_the_archive(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"Go": [UNDATED, FIRST]})
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("Go", {}, None)
        _read(first)
        known, snapshot = _known(UNDATED, FIRST), _snapshot(feed, first, 2)
        assert _read(feed.changes("Go", known, snapshot)) == {}
        write_bucket(root, {"Go": [UNDATED | {"summary": "other words"}, FIRST]})
        changed = _read(feed.changes("Go", known, snapshot))
        assert list(changed) == ["L-0"]


def test_a_cut_download_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    many = [record(f"M-{number}") for number in range(500)]
    with serve(write_bucket(tmp_path / "osv", {"PyPI": many})) as bucket:
        bucket.cut["/PyPI/all.zip"] = 9_000
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        found = _read(feed.changes("PyPI", {}, None))
        assert len(found) == 500
        assert bucket.ranges == ["bytes=9000-"]
        assert bucket.answers("all.zip") == [200, 206]


def test_a_part_of_another_file_is_not_gone_on_with(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [record(f"M-{number}") for number in range(300)]})
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        bucket.cut["/PyPI/all.zip"] = 0
        with pytest.raises(FeedError, match="cut"):
            feed.changes("PyPI", {}, None)
        write_bucket(root, {"PyPI": [FIRST]})
        assert set(_read(feed.changes("PyPI", {}, None))) == {"L-1"}


def test_a_server_without_ranges_begins_anew(tmp_path: Path) -> None:
    many = [record(f"M-{number}") for number in range(300)]
    with serve(write_bucket(tmp_path / "osv", {"PyPI": many}), etags=False) as bucket:
        bucket.cut["/PyPI/all.zip"] = 5_000
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        assert len(_read(feed.changes("PyPI", {}, None))) == 300
        assert bucket.ranges == []


def test_names_with_spaces_are_encoded(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"Rocky Linux": [record("R-1", "Rocky Linux:9", "lamp")]})
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        assert list(_read(feed.changes("Rocky Linux", {}, None))) == ["R-1"]
        assert ("GET", "/Rocky%20Linux/all.zip", 200) in bucket.asked


def test_redirects_are_limited(tmp_path: Path) -> None:
    with serve(write_bucket(tmp_path / "osv", {"PyPI": [FIRST]})) as bucket:
        bucket.redirects["/ecosystems.txt"] = "/ecosystems.txt"
        with pytest.raises(FeedError, match="no answer"):
            BucketFeed(bucket.url, tmp_path / "cache").ecosystems()
        assert len(bucket.asked) == 4


def test_no_server_is_an_error_that_names_the_address(tmp_path: Path) -> None:
    with serve(tmp_path) as bucket:
        url = bucket.url
    feed = open_feed(url.replace("http://", "http://user:secret@"), tmp_path)
    with pytest.raises(FeedError) as caught:
        feed.ecosystems()
    assert caught.value.where == f"{url}/ecosystems.txt"
    assert "secret" not in str(caught.value)
    assert feed.describe() == url


def test_an_archive_that_is_none_is_refused_and_forgotten(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST]})
    (root / "PyPI" / "all.zip").write_bytes(b"<html>not found</html>")
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        with pytest.raises(FeedError, match="expected a zip"):
            feed.changes("PyPI", {}, None)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_index_line_without_an_id_refuses_the_index(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST]})
    (root / "PyPI" / "modified_id.csv").write_text("2026-01-01T00:00:00Z,L-1\n2026-01-01T00\n")
    with serve(root) as bucket, pytest.raises(FeedError) as caught:
        BucketFeed(bucket.url, tmp_path / "cache").changes("PyPI", {}, None)
    assert str(caught.value.where).endswith("modified_id.csv:2")


def test_a_bucket_without_an_index_goes_by_the_archive(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [FIRST]})
    (root / "PyPI" / "modified_id.csv").unlink()
    with serve(root) as bucket:
        feed = BucketFeed(bucket.url, tmp_path / "cache")
        first = feed.changes("PyPI", {}, None)
        assert set(_read(first)) == {"L-1"}
        again = feed.changes("PyPI", _known(FIRST), _snapshot(feed, first, 1))
        assert _read(again) == {}
        assert again.present == frozenset({"L-1"})
        assert bucket.asked[-1] == ("HEAD", "/PyPI/all.zip", 200)
