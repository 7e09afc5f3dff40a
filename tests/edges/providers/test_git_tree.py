"""A revision read from Git's objects: nothing is checked out, nothing of the repository runs."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast.edges.providers import git_tree
from holdfast.edges.providers.git_process import read_blobs
from holdfast.edges.providers.git_tracked import read_tracked
from holdfast.edges.providers.git_tree import Repository
from holdfast.edges.providers.local_tree import LocalTree
from holdfast.errors import FactError, UsageError
from holdfast.facts.composition import read_composition

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    (top / "services" / "pay").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    (top / "requirements.txt").write_text("a==1\n")
    (top / "services/pay/requirements.txt").write_text("b==1\n")
    (top / "services/pay/näme\nodd.txt").write_text("odd\n")
    (top / "link.txt").symlink_to("services/pay/requirements.txt")
    (top / "out.txt").symlink_to("../../etc/passwd")
    (top / "round.txt").symlink_to("round.txt")
    (top / "node_modules").mkdir()
    (top / "node_modules/package.json").write_text("{}")
    git(top, "add", "-A", "-f")
    git(top, "commit", "-qm", "base")
    git(top, "checkout", "-qb", "change")
    (top / "requirements.txt").write_text("a==2\n")
    git(top, "commit", "-qam", "change")
    return top


def found(path: Path) -> Repository:
    repository = Repository.find(path)
    assert repository is not None
    return repository


def test_a_branch_or_a_tag_takes_no_name_that_means_something_else(repository: Path) -> None:
    """Whoever names a branch `refs/remotes/origin/main`, or like a commit, must not choose what is compared with."""
    here = found(repository)
    base, change = here.resolve("main"), here.resolve("change")
    git(repository, "update-ref", "refs/remotes/origin/main", "main")
    names = ("refs/remotes/origin/main", "origin/main", base, "HEAD", "FETCH_HEAD", "refs/remotes/origin/gone")
    for name in names:
        git(repository, "update-ref", f"refs/heads/{name}", "change")
        git(repository, "update-ref", f"refs/tags/{name}", "change")
    git(repository, "checkout", "-q", "--detach", "main")
    (repository / ".git/FETCH_HEAD").write_text(f"{base}\t\tbranch 'main' of here\n")
    assert {name: here.resolve(name) for name in names[:-1]} == dict.fromkeys(names[:-1], base)
    assert (here.resolve("origin/main^{commit}"), here.resolve("change~1")) == (base, base)
    assert here.resolve("change") == change
    with pytest.raises(UsageError, match="there is no revision"):
        here.resolve("refs/remotes/origin/gone")


def test_a_commit_is_read_as_it_was_and_listed_as_on_disk(repository: Path) -> None:
    here = found(repository)
    tree = here.tree(here.merge_base("main"))
    assert tree.read("requirements.txt", 100) == b"a==1\n"
    assert (repository / "requirements.txt").read_text() == "a==2\n"
    assert list(tree.walk()) == list(LocalTree(repository, read_tracked(repository, "")).walk())
    assert set(tree.walk()) - set(LocalTree(repository).walk()) == {"node_modules/package.json"}
    assert tree.read_part("requirements.txt", 1, 2) == b"=="


def test_links_are_followed_inside_the_tree_and_refused_outside(repository: Path) -> None:
    tree = found(repository).tree("HEAD")
    assert tree.read("link.txt", 100) == b"b==1\n"
    for path in ("out.txt", "round.txt", "nowhere.txt", "../outside.txt", "services"):
        with pytest.raises(FactError):
            tree.read(path, 100)


def test_a_file_over_the_limit_is_refused_before_it_is_read(repository: Path) -> None:
    with pytest.raises(FactError, match="at most 2 bytes, got 5"):
        found(repository).tree("HEAD").read("requirements.txt", 2)


def test_a_folder_and_a_single_file_are_parts_of_their_commit(repository: Path) -> None:
    folder = found(repository / "services")
    assert folder.prefix == "services"
    assert "pay/requirements.txt" in list(folder.tree("HEAD").walk())
    single = found(repository / "services/pay/requirements.txt").tree("HEAD", "requirements.txt")
    assert (list(single.walk()), single.paths) == (["requirements.txt"], ("requirements.txt",))


def test_a_folder_that_was_not_there_yet_is_empty(repository: Path) -> None:
    (repository / "new").mkdir()
    (repository / "new" / "requirements.txt").write_text("c==1\n")
    assert list(found(repository / "new").tree("main").walk()) == []


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "-x", "main:requirements.txt", ""])
def test_what_is_no_commit_is_refused_with_what_to_try(repository: Path, revision: str) -> None:
    with pytest.raises(UsageError):
        found(repository).merge_base(revision)


def test_histories_that_never_met_have_no_merge_base(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    git(repository, "commit", "-qm", "other", "--allow-empty")
    with pytest.raises(UsageError, match="share no history") as caught:
        found(repository).merge_base("main")
    assert "--unshallow" in str(caught.value)


def test_nothing_that_a_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "script.sh"
    script.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    script.chmod(0o755)
    hooks = repository / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "filter.x.smudge", "diff.x.textconv"):
        git(repository, "config", key, str(script))
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    here = found(repository)
    tree = here.tree(here.merge_base("main"))
    assert tree.read("requirements.txt", 100) == b"a==1\n"
    assert list(tree.walk())
    assert not ran.exists()


def test_where_no_repository_is_none_is_found(tmp_path: Path) -> None:
    assert Repository.find(tmp_path) is None


def with_submodule(tmp_path: Path, top: Path) -> Path:
    """Give the repository a submodule `libs/part` with one more inside of it; returns the part's own repository."""
    inner, part = tmp_path / "inner", tmp_path / "part"
    for folder, pinned in ((inner, "deep==1\n"), (part, "part==1\n")):
        git(tmp_path, "init", "-q", "-b", "main", str(folder))
        (folder / "requirements.txt").write_text(pinned)
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "inner")
    allowed = ("-c", "protocol.file.allow=always")
    git(part, *allowed, "submodule", "--quiet", "add", str(inner), "inner")
    git(part, "add", "-A")
    git(part, "commit", "-qm", "part")
    git(top, *allowed, "submodule", "--quiet", "add", str(part), "libs/part")
    git(top, *allowed, "submodule", "--quiet", "update", "--init", "--recursive")
    git(top, "commit", "-qam", "with a part")
    return part


def test_submodules_are_read_at_the_commit_that_a_revision_names(repository: Path, tmp_path: Path) -> None:
    with_submodule(tmp_path, repository)
    before = git(repository, "rev-parse", "HEAD")
    (repository / "libs/part/requirements.txt").write_text("part==2\n")
    git(repository / "libs/part", "commit", "-qam", "two")
    git(repository, "commit", "-qam", "take two")
    old, new = found(repository).tree(before), found(repository).tree("HEAD")
    assert old.read("libs/part/requirements.txt", 100) == b"part==1\n"
    assert new.read("libs/part/requirements.txt", 100) == b"part==2\n"
    assert new.read("libs/part/inner/requirements.txt", 100) == b"deep==1\n"
    assert (dict(old.gaps), dict(new.gaps)) == ({}, {})
    local = LocalTree(repository, read_tracked(repository, "")).walk()
    assert list(new.walk()) == [path for path in local if not path.endswith("/.git")]
    assert found(repository / "libs").tree("HEAD").read("part/requirements.txt", 100) == b"part==2\n"


def test_a_submodule_that_is_not_here_is_a_gap_that_names_its_commit(repository: Path, tmp_path: Path) -> None:
    part = with_submodule(tmp_path, repository)
    git(repository, "submodule", "--quiet", "deinit", "-f", "libs/part")
    commit = git(part, "rev-parse", "HEAD")[:12]
    tree = found(repository).tree("HEAD")
    local = LocalTree(repository, read_tracked(repository, ""))
    assert "libs/part/" in list(tree.walk())
    assert list(tree.walk()) == list(local.walk())
    assert dict(tree.gaps) == dict(local.gaps)
    assert commit in tree.gaps["libs/part/"]
    (gap,) = read_composition(local).unparsed
    assert (gap.file, commit in gap.because) == ("libs/part/", True)
    below = LocalTree(repository / "libs", read_tracked(repository, "libs"))
    assert list(below.gaps) == ["part/"]


def test_what_lies_in_a_submodule_belongs_to_the_repository_around_it(repository: Path, tmp_path: Path) -> None:
    with_submodule(tmp_path, repository)
    commit = found(repository).resolve("HEAD")
    inner = found(repository / "libs/part/inner")
    assert (inner.top, inner.prefix, inner.resolve("HEAD")) == (repository, "libs/part/inner", commit)
    whole = found(repository).tree(commit)
    for folder in ("libs/part", "libs/part/inner"):
        inside = found(repository / folder).tree(commit)
        names = [one.removeprefix(f"{folder}/") for one in whole.walk() if one.startswith(f"{folder}/")]
        assert list(inside.walk()) == names
        assert [inside.read(name, 1000) for name in names] == [whole.read(f"{folder}/{name}", 1000) for name in names]
    git(repository, "update-index", "--cacheinfo", f"160000,{'1' * 40},libs/part")
    git(repository, "commit", "-qm", "move it")
    gone = found(repository / "libs/part/inner").tree("HEAD")
    assert list(gone.walk()) == ["./"]
    assert "a submodule at 111111111111 that is not here" in gone.gaps["./"]


def test_a_folder_that_a_link_calls_a_submodule_is_not_followed(repository: Path, tmp_path: Path) -> None:
    with_submodule(tmp_path, repository)
    outside = tmp_path / "outside"
    (repository / "libs/part").rename(outside)
    (repository / "libs/part").symlink_to(outside)
    assert "libs/part/" in dict(found(repository).tree("HEAD").gaps)


def test_many_files_of_one_name_are_read_by_few_processes(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"node_modules/part-{number:03}/package.json" for number in range(300)]
    for number, name in enumerate(names):
        (repository / name).parent.mkdir()
        (repository / name).write_text(f"{number}\n" * (number % 3))
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-qm", "many")
    tree = found(repository).tree("HEAD")
    asked: list[int] = []

    def count(top: Path, names: Sequence[str]) -> dict[str, bytes]:
        asked.append(len(names))
        return read_blobs(top, names)

    monkeypatch.setattr(git_tree, "read_blobs", count)
    for number, name in enumerate(names):
        assert tree.read(name, 100) == f"{number}\n".encode() * (number % 3)
    assert asked == [300]


def test_content_that_git_lacks_is_an_error_that_names_the_file(repository: Path) -> None:
    tree = found(repository).tree("main")
    name = git(repository, "rev-parse", "main:requirements.txt")
    (repository / ".git/objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(FactError, match=r"requirements\.txt: could not be read"):
        tree.read("requirements.txt", 100)
    assert tree.read("services/pay/requirements.txt", 100) == b"b==1\n"
