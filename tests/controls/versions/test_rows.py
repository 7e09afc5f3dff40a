"""Every row of the collected files of version order, for every ecosystem that a file speaks for."""

from pathlib import Path

import pytest

from holdfast.controls.versions import scheme_for
from tests.controls.versions.laws import missed_rows, rows_of, shared_rows
from tests.shared import SHARED_DATA, needs_shared

ECOSYSTEMS = {
    "alpine": ("Alpine", "Wolfi", "Chainguard"),
    "cran": ("CRAN",),
    "debian": ("Debian", "Ubuntu"),
    "hackage": ("Hackage",),
    "maven": ("Maven",),
    "nuget": ("NuGet",),
    "packagist": ("Packagist",),
    "pub": ("Pub",),
    "pypi": ("PyPI",),
    "redhat": ("Red Hat", "AlmaLinux", "Rocky Linux", "Fedora", "SUSE", "openSUSE", "Mageia", "openEuler", "Photon OS"),
    "rubygems": ("RubyGems",),
    "semver": ("npm", "crates.io", "Hex", "SwiftURL", "Go", "GitHub Actions"),
}
SAID = {"maven": "Maven", "packagist": "Packagist", "rubygems": "RubyGems", "rpm": "AlmaLinux"}
"""What an ecosystem's own tool said of pairs of versions, by the file in `said/`."""
MISSES = Path(__file__).parent / "misses.txt"
SIGNS = {-1: "<", 0: "=", 1: ">", None: "?"}


def listed_misses() -> dict[tuple[str, str], str]:
    """Return the listed misses, (file, row) → what we say instead."""
    lines = [line for line in MISSES.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        file, row, ours, because = (part.strip() for part in line.split("|", 3))
        assert because, line
        found[file, row] = ours
    return found


@needs_shared
def test_every_file_has_its_ecosystems() -> None:
    files = {path.name.removesuffix("-versions.txt") for path in (SHARED_DATA / "versions").iterdir()}
    assert files == set(ECOSYSTEMS)


@needs_shared
@pytest.mark.parametrize(("file", "ecosystem"), [(file, one) for file, many in ECOSYSTEMS.items() for one in many])
def test_rows_hold_but_for_those_that_are_listed(file: str, ecosystem: str) -> None:
    scheme = scheme_for(ecosystem)
    assert scheme is not None
    missed, rows = missed_rows(scheme, shared_rows(file))
    listed = {row: ours for (name, row), ours in listed_misses().items() if name == file}
    assert rows >= 11
    assert len(missed) <= max(1, rows // 1000)
    assert missed == sorted(listed)
    for row, ours in listed.items():
        a, _, b = row.split()
        assert SIGNS[scheme.compare(a, b)] == ours


@needs_shared
def test_every_listed_miss_is_a_row() -> None:
    rows = {(file, f"{a} {SIGNS[sign]} {b}") for file in ECOSYSTEMS for a, sign, b in shared_rows(file)}
    assert set(listed_misses()) <= rows


@pytest.mark.parametrize("file", SAID)
def test_order_is_what_the_ecosystems_own_tool_said(file: str) -> None:
    scheme = scheme_for(SAID[file])
    assert scheme is not None
    missed, rows = missed_rows(scheme, rows_of(Path(__file__).parent / "said" / f"{file}.txt"))
    assert rows >= 200
    assert missed == []
