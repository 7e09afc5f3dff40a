"""Sealing release folders, and telling whether they are whole."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.providers.release_folder import SEAL, find_flaw, is_folder_name, seal_release
from holdfast.errors import ActionError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "1.0"
    (made / "lib").mkdir(parents=True)
    (made / "lib" / "code.py").write_text("code")
    (made / "start").symlink_to("lib/code.py")
    return made


def test_a_sealed_folder_is_whole(folder: Path) -> None:
    assert seal_release(folder, "1.0") == 2
    assert find_flaw(folder, "1.0") is None
    assert sorted(json.loads((folder / SEAL).read_text())["files"]) == ["lib/code.py", "start"]


def test_sealing_again_is_the_same(folder: Path) -> None:
    seal_release(folder, "1.0")
    before = (folder / SEAL).read_bytes()
    seal_release(folder, "1.0")
    assert (folder / SEAL).read_bytes() == before


def test_what_a_process_adds_does_not_count(folder: Path) -> None:
    seal_release(folder, "1.0")
    (folder / "lib" / "__pycache__").mkdir()
    (folder / "lib" / "__pycache__" / "code.pyc").write_text("compiled")
    (folder / "log").write_text("said")
    assert find_flaw(folder, "1.0") is None


def test_a_link_that_leads_elsewhere_is_another(folder: Path) -> None:
    seal_release(folder, "1.0")
    (folder / "start").unlink()
    (folder / "start").symlink_to("/etc/passwd")
    assert find_flaw(folder, "1.0") == "`1.0/start` is not what was sealed"


def test_a_copy_that_lost_a_file_is_not_whole(folder: Path) -> None:
    seal_release(folder, "1.0")
    (folder / "lib" / "code.py").unlink()
    assert find_flaw(folder, "1.0") == "`1.0/lib/code.py` is missing"


def test_a_seal_of_another_version_is_refused(folder: Path) -> None:
    seal_release(folder, "2.0")
    assert find_flaw(folder, "1.0") == "`1.0` is sealed as `2.0`"


@pytest.mark.parametrize("version", ["", ".", "..", "../1.0", "a/b", "-rf", "1 0", "ü", "1\n", "x" * 201])
def test_what_is_no_folder_name_is_no_version(folder: Path, version: str) -> None:
    assert not is_folder_name(version)
    assert find_flaw(folder, version) is not None
    with pytest.raises(ActionError):
        seal_release(folder, version)


FIELDS = st.sampled_from(["schema", "version", "files", "a"])
DOCUMENTS: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner),
)


@given(DOCUMENTS)
def test_any_seal_gives_an_answer(tmp_path_factory: pytest.TempPathFactory, document: object) -> None:
    folder = tmp_path_factory.mktemp("any") / "1.0"
    folder.mkdir()
    (folder / SEAL).write_text(json.dumps(document))
    assert find_flaw(folder, "1.0") is not None


def test_seal_that_is_a_pipe_or_has_no_end_is_a_flaw_and_holds_up_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / SEAL).write_text("[" * 200_000)
    assert "can't be read" in (find_flaw(folder, "1") or "")
    (folder / SEAL).unlink()
    os.mkfifo(folder / SEAL)
    assert "no plain file" in (find_flaw(folder, "1") or "")
