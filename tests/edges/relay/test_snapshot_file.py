"""A relay's snapshot on disk: whole or refused, and the older one is there still."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from holdfast.edges.relay.snapshot_file import Saved, load_newest, load_snapshot, previous_of, save_snapshot
from holdfast.errors import FactError


def saved(revision: int = 1) -> Saved:
    """Return a snapshot."""
    return Saved("production", str(revision), revision, '{"flags":{"ü":1}}', datetime.now(UTC))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.snapshot"


def test_snapshot_is_read_as_it_was_written_and_is_its_owners_alone(path: Path) -> None:
    save_snapshot(path, saved())
    loaded = load_snapshot(path)
    assert (loaded.environment, loaded.edition, loaded.revision, loaded.text) == ("production", "1", 1, saved().text)
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in path.parent.iterdir()) == ["flags.snapshot"]


def test_the_one_before_is_kept(path: Path) -> None:
    for revision in (1, 2, 3):
        save_snapshot(path, saved(revision))
    assert load_snapshot(path).revision == 3
    assert load_snapshot(previous_of(path)).revision == 2


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_torn_one_is_refused_and_the_older_one_taken(path: Path, cut: int) -> None:
    save_snapshot(path, saved(1))
    save_snapshot(path, saved(2))
    path.write_bytes(path.read_bytes()[:-cut])
    path.chmod(0o600)
    found, refused = load_newest(path)
    assert found is not None
    assert found.revision == 1
    assert len(refused) == 1
    assert str(path) in refused[0]
    assert path.with_name("flags.snapshot.refused").exists()
    assert not path.exists()


def test_changed_one_is_refused(path: Path) -> None:
    save_snapshot(path, saved())
    path.write_bytes(path.read_bytes().replace(b":1}}", b":2}}"))
    with pytest.raises(FactError, match="sha256"):
        load_snapshot(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\nx", b"\xff\xfe", b'{"format": "other/1"}\n'])
def test_what_is_no_snapshot_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(FactError):
        load_snapshot(path)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_one_that_others_may_write_is_refused(path: Path, mode: int) -> None:
    save_snapshot(path, saved())
    path.chmod(mode)
    with pytest.raises(FactError, match="others may write"):
        load_snapshot(path)


def test_nothing_on_disk_is_nothing_refused(path: Path) -> None:
    assert load_newest(path) == (None, [])


def test_write_that_fails_leaves_what_was_there(path: Path) -> None:
    save_snapshot(path, saved(1))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.mkdir()
    with pytest.raises(OSError, match="directory"):
        save_snapshot(path, saved(2))
    assert load_snapshot(path).revision == 1
