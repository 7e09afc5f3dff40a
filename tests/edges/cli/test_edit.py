"""Replacing one line of a file."""

from pathlib import Path

import pytest

from holdfast.edges.cli.edit import apply_edit
from holdfast.errors import ConflictError, FactError, UsageError

_EDIT = {"before": "a==1", "after": "a==2"}


def _at(line: int | None, file: str = "r.txt") -> dict[str, object]:
    return {"file": file, "line": line}


@pytest.mark.parametrize("content", [b"x\r\na==1\r\ny", b"x\na==1\n\xff\xfe\n", b"x\na==1"])
def test_an_edit_keeps_every_other_byte(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.txt").write_bytes(content)
    apply_edit(tmp_path, _at(2), _EDIT, None)
    assert (tmp_path / "r.txt").read_bytes() == content.replace(b"a==1", b"a==2")


def test_an_edit_keeps_the_mode(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("a==1\n")
    (tmp_path / "r.txt").chmod(0o640)
    apply_edit(tmp_path, _at(1), _EDIT, None)
    assert (tmp_path / "r.txt").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["r.txt"]


def test_an_edit_of_another_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("a==1\nb==1\n")
    for line in (2, 9):
        with pytest.raises(ConflictError, match="expected `a==1`"):
            apply_edit(tmp_path, _at(line), _EDIT, None)


def test_an_edit_with_hashes_names_the_command(tmp_path: Path) -> None:
    edit = {"before": "a==1 \\", "after": "a==2 \\"}
    with pytest.raises(UsageError) as caught:
        apply_edit(tmp_path, _at(1), edit, "pip-compile -P a==2")
    assert caught.value.hint == "pip-compile -P a==2"


@pytest.mark.parametrize(("location", "edit"), [(None, _EDIT), (_at(None), _EDIT), (_at(1), None)])
def test_without_a_line_there_is_nothing_to_edit(
    tmp_path: Path, location: dict[str, object] | None, edit: dict[str, str] | None
) -> None:
    with pytest.raises(UsageError, match="no line to edit"):
        apply_edit(tmp_path, location, edit, "do it by hand")


def test_an_edit_never_leaves_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "checkout"
    inside.mkdir()
    (tmp_path / "r.txt").write_text("a==1\n")
    (inside / "link.txt").symlink_to(tmp_path / "r.txt")
    for file in ("../r.txt", "link.txt", str(tmp_path / "r.txt")):
        with pytest.raises(FactError, match="leads out"):
            apply_edit(inside, _at(1, file), _EDIT, None)
    assert (tmp_path / "r.txt").read_text() == "a==1\n"


def test_an_edit_of_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FactError, match="no such file"):
        apply_edit(tmp_path, _at(1), _EDIT, None)
