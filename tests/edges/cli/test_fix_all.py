"""What keeps a lock command from being run."""

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.edges.cli.fix_all import find_program_settings
from holdfast.remediations.locks import Lock

LOCK = Lock(("npm", "install"), unless=(".npmrc",))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "top/in").mkdir(parents=True)
    return tmp_path / "top"


def test_settings_in_the_tree_or_above_it_are_found(top: Path) -> None:
    assert find_program_settings(top, "in/package-lock.json", LOCK) is None
    (top.parent / ".npmrc").symlink_to("gone")
    assert find_program_settings(top, "in/package-lock.json", LOCK) == str(top.parent / ".npmrc")


def test_settings_of_a_person_are_their_own_where_the_tool_does_not_look(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (top.parent / ".npmrc").write_text("")
    monkeypatch.setenv("HOME", str(top.parent))
    assert find_program_settings(top, "package-lock.json", LOCK) is None
    assert find_program_settings(top, "package-lock.json", replace(LOCK, is_home_read=True)) is not None
    (top / ".npmrc").write_text("")
    assert find_program_settings(top, "in/package-lock.json", LOCK) == str(top / ".npmrc")
