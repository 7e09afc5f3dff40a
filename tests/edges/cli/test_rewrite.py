"""Changed files are written all or none, and only where they lie in the folder."""

import os
import stat
from pathlib import Path

import pytest

from holdfast.edges.cli.rewrite import rewrite
from holdfast.errors import ConflictError, FactError
from holdfast.loop.fix_edits import Change


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    (top / "in").mkdir(parents=True)
    (top / "a").write_bytes(b"a\r\n")
    (top / "in/b").write_bytes(b"b")
    return top


def change(file: str, before: bytes, after: bytes = b"new") -> Change:
    return Change(file, before, after)


def files(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_all_are_written_with_their_mode_and_nothing_is_left_beside_them(folder: Path) -> None:
    (folder / "a").chmod(0o640)
    rewrite(folder, [change("a", b"a\r\n"), change("in/b", b"b", b"")])
    assert files(folder) == {"a": b"new", "in/b": b""}
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o640


def test_a_file_that_changed_since_is_refused_and_none_is_written(folder: Path) -> None:
    before = files(folder)
    with pytest.raises(ConflictError, match="changed since"):
        rewrite(folder, [change("a", b"a\r\n"), change("in/b", b"other")])
    assert files(folder) == before


@pytest.mark.parametrize("name", ["../out", "/etc/hostname", "in/../../out", "", "gone", "in"])
def test_what_lies_outside_or_is_no_file_is_refused(folder: Path, name: str) -> None:
    (folder.parent / "out").write_bytes(b"o")
    with pytest.raises(FactError):
        rewrite(folder, [change("a", b"a\r\n"), change(name, b"o")])
    assert (folder / "a").read_bytes() == b"a\r\n"
    assert (folder.parent / "out").read_bytes() == b"o"


@pytest.mark.parametrize("target", ["../out/b", "in/b"])
def test_no_link_is_followed(folder: Path, target: str) -> None:
    (folder.parent / "out").mkdir()
    (folder.parent / "out/b").write_bytes(b"b")
    (folder / "link").symlink_to(target)
    (folder / "way").symlink_to("in")
    for name in ("link", "way/b"):
        with pytest.raises(FactError, match="a link leads there"):
            rewrite(folder, [change(name, b"b")])


def test_the_folder_itself_may_be_a_link(folder: Path) -> None:
    (folder.parent / "here").symlink_to(folder)
    rewrite(folder.parent / "here", [change("a", b"a\r\n")])
    assert (folder / "a").read_bytes() == b"new"


def test_what_was_put_in_its_place_is_put_back_when_another_cannot_be(folder: Path) -> None:
    before, asked = files(folder), list[str]()

    def replace(part: str, file: Path) -> None:
        asked.append(part)
        if len(asked) == 2:
            raise PermissionError(13, "Permission denied")
        os.replace(part, file)

    with pytest.raises(FactError, match="1 others were put back"):
        rewrite(folder, [change("a", b"a\r\n"), change("in/b", b"b")], replace)
    assert files(folder) == before
