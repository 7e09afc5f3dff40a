"""Real files through the real command line: read or reported, none silent."""

from pathlib import Path

import pytest

from tests.edges.cli.conftest import _environment, shell
from tests.edges.cli.shell import Shell
from tests.shared import SHARED_DATA, needs_shared

__all__ = ["_environment", "shell"]

pytestmark = needs_shared

FOLDERS = sorted(path.name for path in (SHARED_DATA / "lockfiles").glob("*")) if SHARED_DATA.is_dir() else []
SBOMS = sorted((SHARED_DATA / "sbom").rglob("*.json")) if SHARED_DATA.is_dir() else []


def test_every_lock_file_is_read_or_reported_in_one_scan(shell: Shell) -> None:
    root = SHARED_DATA / "lockfiles"
    document = shell.json("scan", root, "--feed", "none", "--offline")
    said = {one["file"] for one in document["files"]} | {one["file"] for one in document["unparsed"]}
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert said == files
    assert {path.split("/")[0] for path in said} == set(FOLDERS)
    located = {place["file"] for one in document["components"] for place in one["locations"]}
    counted = {one["file"] for one in document["files"] if one["components"]}
    assert located >= counted
    assert sum(one["components"] for one in document["unknown"]) == len(
        [one for one in document["components"] if one["source"] == "registry"]
    )


@pytest.mark.parametrize("path", SBOMS, ids=lambda path: path.name)
def test_every_sbom_is_read_or_reported(shell: Shell, path: Path) -> None:
    document = shell.json("scan", path, "--feed", "none", "--offline")
    said = {one["file"] for one in document["files"] if one["components"]} | {
        one["file"] for one in document["unparsed"]
    }
    assert said == {path.name}
