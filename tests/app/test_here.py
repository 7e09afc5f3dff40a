"""This machine and this repository, as the first page shows them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.app.here import find_commit, record_repository, record_this_machine
from holdfast.app.house import House, open_house
from holdfast.app.settings import ORG, read_settings
from holdfast.errors import FactError

COMMIT = "c0ffee" + "0" * 34


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(read_settings(tmp_path / "data", feed="none", environ={}))
    yield opened
    opened.close()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / ".git" / "refs" / "heads").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (root / ".git" / "refs" / "heads" / "main").write_text(COMMIT + "\n")
    (root / "requirements.txt").write_text("acme-pdf==1.4.0\n")
    return root


def test_the_commit_is_read_from_gits_files(repository: Path) -> None:
    assert find_commit(repository) == COMMIT
    (repository / "deep" / "down").mkdir(parents=True)
    assert find_commit(repository / "deep" / "down") == COMMIT
    (repository / ".git" / "HEAD").write_text(COMMIT + "\n")
    assert find_commit(repository) == COMMIT


def test_a_packed_reference_is_found(repository: Path) -> None:
    (repository / ".git" / "refs" / "heads" / "main").unlink()
    assert find_commit(repository) is None
    (repository / ".git" / "packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
    assert find_commit(repository) == COMMIT


def test_a_reference_that_leaves_the_repository_is_refused(repository: Path) -> None:
    (repository / ".git" / "HEAD").write_text("ref: ../../secret\n")
    with pytest.raises(FactError, match="leaves the repository"):
        find_commit(repository)
    (repository / ".git" / "HEAD").write_text("ref: /etc/passwd\n")
    with pytest.raises(FactError, match="leaves the repository"):
        find_commit(repository)


def test_only_what_looks_like_a_commit_is_one(repository: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0\n")
    branch = repository / ".git" / "refs" / "heads" / "main"
    branch.unlink()
    branch.symlink_to(secret)
    assert find_commit(repository) is None


def test_a_work_tree_elsewhere_is_not_taken_for_the_folder_above(repository: Path) -> None:
    inner = repository / "submodule"
    inner.mkdir()
    (inner / ".git").write_text("gitdir: ../.git/modules/submodule\n")
    assert find_commit(inner) is None


@pytest.mark.parametrize("head", [None, "", "ref: refs/heads/gone\n", "nonsense \x1b[31m\n"])
def test_a_broken_head_is_no_commit(repository: Path, head: str | None) -> None:
    path = repository / ".git" / "HEAD"
    path.unlink() if head is None else path.write_text(head)
    assert find_commit(repository) is None


def test_a_folder_without_a_repository_has_no_commit() -> None:
    assert find_commit(Path("/proc")) is None


def test_a_repository_that_did_not_change_is_recorded_once(house: House, repository: Path) -> None:
    assert record_repository(house, repository, "laptop") == ["checkout"]
    with house.store.read(ORG) as tx:
        before = tx.journal.head()
    assert record_repository(house, repository, "laptop") == ["checkout"]
    with house.store.read(ORG) as tx:
        assert tx.journal.head() == before
    (repository / "requirements.txt").write_text("acme-pdf==1.5.0\n")
    record_repository(house, repository, "laptop")
    with house.store.read(ORG) as tx:
        (running,) = tx.queries.running()[0]
        assert running.release.version.startswith(COMMIT[:12])
        assert len(tx.releases.list("checkout")) == 2


def test_a_repository_of_several_services_is_each_of_them(house: House, repository: Path) -> None:
    services = ["  - {name: shop, team: retail, paths: [a]}", "  - {name: till, team: retail, paths: [b]}"]
    text = "\n".join(["version: 1", "services:", *services, ""])
    (repository / "holdfast.yaml").write_text(text)
    for name in "ab":
        (repository / name).mkdir()
        (repository / name / "requirements.txt").write_text(f"only-{name}==1\n")
    assert record_repository(house, repository, "laptop") == ["shop", "till"]
    with house.store.read(ORG) as tx:
        counts = {one.service.name: one.components for one in tx.queries.running()[0]}
    assert counts == {"shop": 1, "till": 1}


def test_this_machine_is_a_host(house: House) -> None:
    name = record_this_machine(house)
    record_this_machine(house)
    with house.store.read(ORG) as tx:
        assert [host.name for host in tx.hosts.list()] == [name]
        assert [entry.kind for entry in tx.journal.read()].count("host.seen") == 1
