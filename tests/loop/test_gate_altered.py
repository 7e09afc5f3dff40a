"""What nobody could read before a change, nor after it."""

import json
from collections.abc import Mapping

import pytest

from holdfast.errors import FactError
from holdfast.facts.composition import read_composition
from holdfast.loop.gate_altered import ALTERED, mark_altered
from holdfast.testing.trees import MemoryTree

CONFLICT = "<<<<<<< a\ndesk==1.0\n=======\n>>>>>>> b\nlamp==1.0\n"


def told(file: str, before: str, after: str) -> list[bool]:
    tree, was = MemoryTree({file: after.encode()}), MemoryTree({file: before.encode()})
    return [one.because.endswith(ALTERED) for one in mark_altered(read_composition(tree), tree, was).unparsed]


DEEP = f"[project]\ndependencies = ['desk']\n[tool.poetry.{'.'.join('a' * 3000)}]\nx = 1\n"


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("requirements.txt", CONFLICT, CONFLICT.replace("desk", "evil")),
        ("package-lock.json", "{", "{ "),
        ("pyproject.toml", "[project]\ndependencies = ['desk']\n", "[project]\ndependencies = ['evil==1']\n"),
        ("pyproject.toml", "[project]\ndependencies = ['desk']\n", "[project]\ndependencies = [\n"),
        ("pyproject.toml", "[project]\ndependencies = ['desk']\n", "[tool.poetry.dependencies]\nevil = '1'\n"),
        ("pyproject.toml", "[project]\ndependencies = ['desk']\n", "[tool.pixi.pypi-dependencies]\nevil = '1'\n"),
        ("pyproject.toml", DEEP, f"{DEEP}y = 2\n"),
        ("package.json", '{"dependencies": {"desk": "1"}}', '{"dependencies": {"evil": "1"}}'),
        (
            "package.json",
            '{"dependencies": {"desk": "1"}}',
            '{"dependencies": {"desk": "1"}, "catalog": {"evil": "1"}}',
        ),
        ("Cargo.toml", "[dependencies]\ndesk = '1'\n", "[target.x.dependencies]\nevil = '1'\n"),
    ],
)
def test_a_gap_that_a_change_alters_is_another_gap(file: str, before: str, after: str) -> None:
    assert told(file, before, before) == [False]
    assert told(file, before, after) == [True]


def test_a_file_too_big_to_be_read_whole_is_told_apart_by_what_it_holds() -> None:
    big = "{" + " " * (20 << 20)
    assert told("package-lock.json", big, big) == [False]
    assert told("package-lock.json", big, big[:-1] + "x") == [True]
    assert told("package-lock.json", big, f"{big} ") == [True]


class Broken(MemoryTree):
    """A tree whose files can't be read from some byte on; `None`: they can."""

    def __init__(self, files: Mapping[str, str | bytes], first: int | None) -> None:
        super().__init__(files)
        self._first = first

    def read_part(self, path: str, start: int, count: int) -> bytes:
        if self._first is not None and start >= self._first:
            raise FactError("could not be read: Input/output error", where=path)
        return super().read_part(path, start, count)


@pytest.mark.parametrize(
    ("unread", "was_unread", "is_altered"),
    [(None, None, True), (0, 0, False), (0, None, True), (None, 0, True), (1, 1, True), (1, None, True)],
)
def test_a_part_that_can_not_be_read_makes_a_big_file_another_one(
    unread: int | None, was_unread: int | None, is_altered: bool
) -> None:
    """Where no part can be read on either side, there is nothing to alter: a link, or a folder."""

    file, big = "package-lock.json", b"{" + b" " * (17 << 20)
    tree, was = Broken({file: big[:-1] + b"x"}, unread), Broken({file: big}, was_unread)
    marked = mark_altered(read_composition(tree, ["."]), tree, was).unparsed
    assert [one.because.endswith(ALTERED) for one in marked] == [is_altered]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("requirements.txt", "desk\nlamp\n", "desk\nlamp\n# a word\n"),
        (
            "pyproject.toml",
            "[project]\ndependencies = ['desk']\n",
            "[project]\ndependencies = ['desk']\n[tool.ruff]\nx = 1\n",
        ),
        (
            "package.json",
            '{"dependencies": {"desk": "1"}}',
            json.dumps({"version": "2", "dependencies": {"desk": "1"}}),
        ),
    ],
)
def test_a_gap_that_says_all_there_is_stays_the_same(file: str, before: str, after: str) -> None:
    assert not any(told(file, before, after))


def test_a_gap_is_marked_once_and_one_that_is_new_not_at_all() -> None:
    tree, was = MemoryTree({"requirements.txt": CONFLICT.encode()}), MemoryTree({"requirements.txt": b""})
    once = mark_altered(read_composition(tree), tree, was)
    assert mark_altered(once, tree, was) == once
    assert not told("package.json", '{"dependencies": {"desk": "1"}}', "{}")
    assert mark_altered(read_composition(tree), tree, MemoryTree({})) == read_composition(tree)
