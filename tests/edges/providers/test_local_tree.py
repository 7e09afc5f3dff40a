"""A folder on this machine as a tree."""

import os
from pathlib import Path

import pytest

from holdfast.edges.providers.local_tree import LocalTree
from holdfast.errors import FactError, UsageError
from holdfast.facts.composition import read_composition


def _write(folder: Path, path: str, text: str = "x") -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_local_tree_leaves_out_others_code_and_caches(tmp_path: Path) -> None:
    for path in (
        "a.txt",
        ".git/config",
        "node_modules/x/package.json",
        "env/pyvenv.cfg",
        "env/lib/x",
        "src/__pycache__/m",
    ):
        _write(tmp_path, path)
    assert list(LocalTree(tmp_path).walk()) == ["a.txt"]


def test_local_tree_reads_a_virtual_environment_that_is_asked_for(tmp_path: Path) -> None:
    _write(tmp_path, "pyvenv.cfg")
    _write(tmp_path, "lib/python3.11/site-packages/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n")
    assert len(read_composition(LocalTree(tmp_path)).occurrences) == 1


def test_local_tree_link_that_leads_out_is_reported_and_not_read(tmp_path: Path) -> None:
    outside = _write(tmp_path, "outside/secret.txt", "a==1\n")
    root = tmp_path / "tree"
    root.mkdir()
    (root / "requirements.txt").symlink_to(outside)
    (root / "linked").symlink_to(outside.parent)
    sbom = read_composition(LocalTree(root))
    assert sbom.occurrences == ()
    assert [(gap.file, gap.because) for gap in sbom.unparsed] == [
        ("requirements.txt", "it leads out of the tree, so it is not read")
    ]


def test_local_tree_link_inside_is_read(tmp_path: Path) -> None:
    _write(tmp_path, "locks/all.txt", "a==1\n")
    (tmp_path / "requirements.txt").symlink_to("locks/all.txt")
    assert len(read_composition(LocalTree(tmp_path)).occurrences) == 1


def test_local_tree_broken_and_looping_links_are_errors_not_tracebacks(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").symlink_to("gone")
    (tmp_path / "a.lock").symlink_to("b.lock")
    (tmp_path / "b.lock").symlink_to("a.lock")
    tree = LocalTree(tmp_path)
    assert list(tree.walk()) == ["a.lock", "b.lock", "uv.lock"]
    for path in tree.walk():
        with pytest.raises(FactError, match="no such file"):
            tree.read(path, 10)


def test_local_tree_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "uv.lock")
    tree = LocalTree(tmp_path)
    assert list(tree.walk()) == []
    with pytest.raises(FactError, match="not a regular file"):
        tree.read("uv.lock", 10)


def test_local_tree_of_one_file_lists_it_alone_and_reads_its_neighbours(tmp_path: Path) -> None:
    _write(tmp_path, "go.mod", "module m\ngo 1.22\nrequire a.b/c v1.0.0\n")
    sums = _write(tmp_path, "go.sum", "a.b/d v1.0.0 h1:00000000=\n")
    tree = LocalTree(sums)
    assert (list(tree.walk()), tree.paths) == (["go.sum"], ("go.sum",))
    assert read_composition(tree, tree.paths).occurrences == ()


def test_local_tree_of_one_unknown_file_is_reported(tmp_path: Path) -> None:
    tree = LocalTree(_write(tmp_path, "notes.md"))
    because = "not a dependency file that is known by its name or content"
    assert [gap.because for gap in read_composition(tree, tree.paths).unparsed] == [because]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_local_tree_folder_without_permission_is_reported(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    assert [gap.file for gap in read_composition(LocalTree(tmp_path)).unparsed] == ["closed/"]
    closed.chmod(0o700)


def test_local_tree_of_nothing_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        LocalTree(tmp_path / "nope")


def test_local_tree_lists_the_installed_modules_that_are_asked_for(tmp_path: Path) -> None:
    _write(tmp_path, "yarn.lock", "# yarn lockfile v1\n")
    _write(tmp_path, "node_modules/a/package.json", '{"name": "a", "version": "1.0.0"}')
    _write(tmp_path, "node_modules/a/node_modules/b/package.json", '{"name": "b", "version": "2.0.0"}')
    assert read_composition(LocalTree(tmp_path)).occurrences == ()
    sbom = read_composition(LocalTree(tmp_path / "node_modules"))
    assert [one.component.name for one in sbom.occurrences] == ["a", "b"]
    assert str(sbom.occurrences[0].locations[0]) == "node_modules/a/package.json:1"
