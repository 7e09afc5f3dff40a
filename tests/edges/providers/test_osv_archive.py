"""Archives are not trusted."""

import zipfile
from pathlib import Path

import pytest

from holdfast.edges.providers import osv_archive
from holdfast.edges.providers.osv_archive import archive_names, read_archive
from holdfast.errors import FeedError
from tests.edges.providers.bucket import record, write_zip


def test_records_come_in_order_with_their_names(tmp_path: Path) -> None:
    write_zip(tmp_path / "all.zip", [record("B-1"), record("A-1")])
    assert [one.name for one in read_archive(tmp_path / "all.zip", where="x")] == ["B-1", "A-1"]
    assert archive_names(tmp_path / "all.zip", where="x") == frozenset({"A-1", "B-1"})


def test_only_the_asked_records_are_read(tmp_path: Path) -> None:
    write_zip(tmp_path / "all.zip", [record("B-1"), record("A-1")])
    assert [one.name for one in read_archive(tmp_path / "all.zip", where="x", only={"A-1"})] == ["A-1"]


@pytest.mark.parametrize("name", ["/etc/passwd.json", "../../up.json", "a\\..\\b.json", "notes.txt", "folder/"])
def test_a_name_that_leads_elsewhere_is_left_out(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(name, "{}")
        archive.writestr("nested/L-1.json", "{}")
    assert archive_names(tmp_path / "all.zip", where="x") == frozenset({"L-1"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip"]


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"L-{number}.json", b" " * (8 << 20))
    with pytest.raises(FeedError, match="bomb"):
        next(read_archive(tmp_path / "all.zip", where="x"))


def test_one_record_that_is_too_large_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osv_archive, "MAX_RECORD_BYTES", 1000)
    write_zip(tmp_path / "all.zip", [record("L-1", summary="x" * 2000), record("L-2")])
    sizes = {one.name: len(one.body) for one in read_archive(tmp_path / "all.zip", where="x")}
    assert sizes["L-1"] == 0
    assert sizes["L-2"] > 0


def test_too_many_records_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osv_archive, "MAX_RECORDS", 1)
    write_zip(tmp_path / "all.zip", [record("L-1"), record("L-2")])
    with pytest.raises(FeedError, match="at most 1 records"):
        archive_names(tmp_path / "all.zip", where="x")


def test_a_damaged_record_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("L-1.json", "{}" * 50)
    path.write_bytes(path.read_bytes().replace(b"{}{}", b"{}[]", 1))
    with pytest.raises(FeedError, match=r"L-1\.json"):
        list(read_archive(path, where="x"))


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_truncated_zip_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "all.zip"
    write_zip(path, [record("L-1"), record("L-2")])
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(FeedError, match="expected a zip"):
        archive_names(path, where="x")
