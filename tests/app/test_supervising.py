"""`holdfast supervise`, as typed."""

from pathlib import Path

import pytest

from tests.edges.cli.shell import Shell


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "releases" / "1.0").mkdir(parents=True)
    (tmp_path / "releases" / "1.0" / "code").write_text("code")
    return tmp_path


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell.at(tmp_path)


def test_a_folder_is_sealed(shell: Shell, root: Path) -> None:
    assert "sealed `1.0`: 1 file" in shell("supervise", "seal", "--root", root, "1.0").err
    assert (root / "releases" / "1.0" / ".holdfast-release.json").is_file()


def test_a_folder_that_is_not_there_is_not_sealed(shell: Shell, root: Path) -> None:
    assert "there is no folder" in shell("supervise", "seal", "--root", root, "2.0", code=2).err


def test_what_is_no_name_of_a_release_is_refused(shell: Shell, root: Path) -> None:
    assert "is no name for a release's folder" in shell("supervise", "seal", "--root", root, "../releases", code=4).err


def test_without_a_supervisor_there_is_no_status(shell: Shell, root: Path) -> None:
    printed = shell("supervise", "status", "--root", root, code=4)
    assert "no supervisor runs for" in printed.err
    assert "holdfast supervise run" in printed.err


@pytest.mark.parametrize(
    "health", ["well", "http://[::1", "ftp://shop/x", "http://", "shop:99999", ":80", "http://x:y"]
)
def test_a_health_check_that_is_neither_address_nor_port_is_refused(shell: Shell, root: Path, health: str) -> None:
    printed = shell("supervise", "run", "--root", root, "--health", health, "--", "true", code=2)
    assert f"expected a URL or HOST:PORT, got `{health}`" in printed.err
