"""What Git's index knows beyond what a walk over the folder shows."""

from pathlib import Path

import pytest

from holdfast.edges.providers.git_tracked import read_tracked
from holdfast.edges.providers.local_tree import LocalTree
from holdfast.errors import UsageError
from tests.edges.providers.test_git_tree import git


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository that tracks what is left out elsewhere, beside what is only a cache."""
    git(tmp_path, "init", "-q", "-b", "main", str(tmp_path / "top"))
    here = tmp_path / "top"
    for path in ("app/node_modules/left/package.json", "hidden/pyvenv.cfg", "hidden/deep/requirements.txt", "a.txt"):
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_text("{}")
    git(here, "add", "-A", "-f")
    (here / "app/node_modules/cached").mkdir()
    (here / "app/node_modules/cached/package.json").write_text("{}")
    return here


def test_what_is_tracked_in_folders_that_are_left_out_is_listed_and_caches_are_not(top: Path) -> None:
    tracked = read_tracked(top, "")
    assert tracked.files == ("app/node_modules/left/package.json", "hidden/deep/requirements.txt", "hidden/pyvenv.cfg")
    assert list(LocalTree(top, tracked).walk()) == ["a.txt", *tracked.files]
    assert read_tracked(top, "app").files == ("node_modules/left/package.json",)


def test_what_is_tracked_and_deleted_is_not_listed(top: Path) -> None:
    (top / "hidden/deep/requirements.txt").unlink()
    assert "hidden/deep/requirements.txt" not in list(LocalTree(top, read_tracked(top, "")).walk())


def test_an_index_that_cannot_be_listed_is_an_error(top: Path) -> None:
    (top / ".git/index").write_bytes(b"broken")
    with pytest.raises(UsageError):
        read_tracked(top, "")
