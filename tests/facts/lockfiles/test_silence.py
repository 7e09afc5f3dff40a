"""No real file is passed over in silence: it gives components, or a gap, or is known here to hold nothing."""

from pathlib import Path

import pytest

from holdfast.facts.composition import read_composition
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.test_expected import REAL
from tests.shared import needs_shared

EMPTY = {
    "pom_xml/osv-scalibr-18dead85": "a project with nothing but its coordinates",
    "pom_xml/osv-scalibr-d0f3d4a2": "a project with nothing but its coordinates",
    "pom_xml/syft-3ea40112": "a project with nothing but its coordinates",
    "pom_xml/syft-48bf25dd": "a published project that asks for nothing",
    "pom_xml/syft-5265a8f7": "a project with nothing but its coordinates",
}
"""`<format>/<origin>` → why there is truly nothing in it."""
FOLDERS = sorted(path for path in REAL.glob("*/*") if path.is_dir())


@needs_shared
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_real_file_is_never_passed_over_in_silence(folder: Path) -> None:
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    sbom = read_composition(MemoryTree(files))
    is_silent = not sbom.occurrences and not sbom.unparsed
    assert is_silent == (f"{folder.parent.name}/{folder.name}" in EMPTY)
    assert {file for file, _, _ in sbom.files} | {gap.file for gap in sbom.unparsed} >= set(files)


@needs_shared
def test_every_format_of_the_real_files_is_read() -> None:
    unread = {folder.parent.name for folder in FOLDERS for gap in _gaps(folder) if gap.endswith("not read yet")}
    assert unread == set()


def _gaps(folder: Path) -> list[str]:
    sbom = read_composition(MemoryTree({file.name: file.read_bytes() for file in folder.iterdir()}))
    return [gap.because for gap in sbom.unparsed]
