"""The tree in memory keeps the same promises as a folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.errors import FactError
from holdfast.ports.tree import Tree
from holdfast.testing.trees import MemoryTree

FILES = {"b.txt": "two", "a/z.txt": "one", "a.txt": "three", "a-b/c": ""}
Make = Callable[[Path], Tree]


def _on_disk(folder: Path) -> Tree:
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return LocalTree(folder)


@pytest.fixture(params=[_on_disk, lambda _: MemoryTree(FILES)], ids=["folder", "memory"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    make: Make = request.param
    return make(tmp_path)


def test_tree_lists_files_sorted_by_path(tree: Tree) -> None:
    assert list(tree.walk()) == ["a-b/c", "a.txt", "a/z.txt", "b.txt"]


def test_tree_reads_bytes(tree: Tree) -> None:
    assert tree.read("a/z.txt", 3) == b"one"


@pytest.mark.parametrize(("start", "count", "found"), [(0, 2, b"th"), (2, 100, b"ree"), (99, 4, b""), (0, 0, b"")])
def test_tree_reads_a_part_of_a_file(tree: Tree, start: int, count: int, found: bytes) -> None:
    assert tree.read_part("a.txt", start, count) == found


@pytest.mark.parametrize("path", ["nope", "a", "../b.txt", "a\x00b"])
def test_tree_refuses_what_is_no_file_in_it(tree: Tree, path: str) -> None:
    with pytest.raises(FactError) as caught:
        tree.read(path, 100)
    assert caught.value.where == path
    with pytest.raises(FactError) as caught:
        tree.read_part(path, 0, 4)
    assert caught.value.where == path


def test_tree_refuses_a_file_over_the_limit(tree: Tree) -> None:
    with pytest.raises(FactError, match="expected at most 2 bytes, got 3"):
        tree.read("b.txt", 2)
