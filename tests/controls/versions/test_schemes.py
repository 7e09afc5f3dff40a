import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.controls import versions
from holdfast.controls.versions import SchemeSpec, compare_versions, is_comparable, scheme_for, version_key
from holdfast.registry import load_room


def scheme_id(ecosystem: str) -> str | None:
    scheme = scheme_for(ecosystem)
    return None if scheme is None else scheme.id


@pytest.mark.parametrize(
    ("ecosystem", "expected"),
    [
        ("PyPI", "pep440"),
        ("npm", "semver"),
        ("crates.io", "semver"),
        ("Go", "go"),
        ("Debian:12", "dpkg"),
        ("Ubuntu:22.04", "dpkg"),
        ("AlmaLinux:9", "rpm"),
        ("Rocky Linux:8", "rpm"),
        ("Red Hat:enterprise_linux:9::appstream", "rpm"),
        ("Fedora:40", "rpm"),
        ("openSUSE:Leap 15.5", "rpm"),
        ("SUSE:Linux Enterprise Server 15 SP5", "rpm"),
        ("Mageia:9", "rpm"),
        ("openEuler:22.03-LTS-SP1", "rpm"),
        ("Photon OS:4.0", "rpm"),
        ("Alpine:v3.20", "apk"),
        ("Wolfi", "apk"),
        ("Chainguard", "apk"),
        ("Maven", "maven"),
        ("NuGet", "nuget"),
        ("RubyGems", "rubygems"),
        ("Packagist", "packagist"),
        ("Pub", "pub"),
        ("Hex", "semver"),
        ("SwiftURL", "semver"),
        ("CRAN", "cran"),
        ("Hackage", "hackage"),
        ("ConanCenter", "conan"),
        ("GitHub Actions", "actions"),
        ("Atlantis", None),
        ("purl:generic", None),
        ("", None),
    ],
)
def test_scheme_is_found_by_ecosystem(ecosystem: str, expected: str | None) -> None:
    assert scheme_id(ecosystem) == expected


def test_shortcut_agrees_with_what_the_schemes_declare() -> None:
    specs: tuple[SchemeSpec, ...] = load_room("controls.versions")
    declared = {ecosystem: spec.id for spec in specs for ecosystem in spec.ecosystems}
    assert versions._NEAR.items() <= declared.items()
    assert sum(len(spec.ecosystems) for spec in specs) == len(declared)


def test_known_ecosystem_loads_its_scheme_alone() -> None:
    code = (
        "import sys; from holdfast.controls.versions import version_key; version_key('PyPI', '1.0');"
        "print([m for m in ('semver', 'rpm') if 'holdfast.controls.versions.' + m in sys.modules],"
        "'importlib.metadata' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[] False"


def test_unknown_ecosystem_has_neither_key_nor_order() -> None:
    assert version_key("Atlantis", "1.0") is None
    assert compare_versions("Atlantis", "1.0", "1.0") is None


def test_version_without_a_place_in_the_order_is_told() -> None:
    assert is_comparable("npm", "1.2")
    assert not is_comparable("npm", "latest")
    assert is_comparable("PyPI", "anything at all")


ANY_TEXT_IS_A_VERSION = {"pep440": "legacy", "rpm": "rpmvercmp", "dpkg": "with a warning", "maven": "a train's name"}


@pytest.mark.parametrize("text", ["", "latest", "main", "${project.version}", "[1.0,2.0)", "$(Version)", "^1.0", "*"])
@pytest.mark.parametrize("spec", load_room("controls.versions"), ids=lambda spec: spec.id)
def test_what_is_no_version_has_no_place_in_an_order(spec: SchemeSpec, text: str) -> None:
    if text and spec.id in ANY_TEXT_IS_A_VERSION:
        return
    assert spec.key(text) is None
    assert spec.compare(text, "1.0.0") is None


@pytest.mark.parametrize("text", ["${project.version}", "[1.0,2.0)", "*", "LATEST", "RELEASE", "1 0"])
def test_what_maven_takes_for_a_range_or_a_word_of_its_own_is_no_version(text: str) -> None:
    assert compare_versions("Maven", text, "1.0") is None


@pytest.mark.parametrize("spec", load_room("controls.versions"), ids=lambda spec: spec.id)
def test_reference_tells_of_every_ecosystem_and_its_scheme(spec: SchemeSpec) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "versions.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")
    ]
    told = {ecosystem.strip() for row in rows if row[1] == f"`{spec.id}`" for ecosystem in row[0].split(",")}
    assert told == set(spec.ecosystems)
