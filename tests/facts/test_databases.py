"""Installed packages in a tree."""

from pathlib import Path

from holdfast.facts.composition import read_composition
from holdfast.testing.trees import MemoryTree

STATUS = "Package: libssl3\nStatus: install ok installed\nSource: openssl\nVersion: 3.0.11-1\n"


def test_database_is_read_with_the_release_of_its_own_file_system() -> None:
    files = {
        "image/var/lib/dpkg/status": STATUS,
        "image/usr/lib/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "etc/os-release": "ID=ubuntu\nVERSION_ID=24.04\n",
    }
    sbom = read_composition(MemoryTree(files))
    (one,) = sbom.occurrences
    assert (one.component.ecosystem, one.component.match_name) == ("Debian:12", "openssl")
    assert [str(place) for place in one.locations] == ["image/var/lib/dpkg/status:1"]
    assert sbom.files == (("image/var/lib/dpkg/status", "dpkg", 1),)
    assert sbom.unparsed == ()


def test_database_of_an_unknown_system_has_no_feed() -> None:
    (one,) = read_composition(MemoryTree({"var/lib/dpkg/status": STATUS})).occurrences
    assert one.component.ecosystem == "purl:deb"


def test_database_that_can_not_be_read_is_unparsed() -> None:
    sbom = read_composition(MemoryTree({"var/lib/dpkg/status": "", "var/lib/rpm/Packages": "x"}))
    assert [(gap.file, gap.because) for gap in sbom.unparsed] == [
        ("var/lib/dpkg/status", "the file is empty"),
        ("var/lib/rpm/Packages", "RPM package database of the form Berkeley DB: it is recognized but not read yet"),
    ]
    assert read_composition(MemoryTree({"docs/status": STATUS})).files == ()


def test_changes_beside_a_database_are_a_gap() -> None:
    real = (Path(__file__).parent / "packages/data/rpmdb.sqlite").read_bytes()
    files: dict[str, str | bytes] = {"var/lib/rpm/rpmdb.sqlite": real, "var/lib/rpm/rpmdb.sqlite-wal": ""}
    assert read_composition(MemoryTree(files)).unparsed == ()
    sbom = read_composition(MemoryTree({**files, "var/lib/rpm/rpmdb.sqlite-wal": b"changes"}))
    assert [gap.file for gap in sbom.unparsed] == ["var/lib/rpm/rpmdb.sqlite-wal"]
    assert len(sbom.occurrences) == 3


METADATA = "usr/lib/python3/dist-packages/tern-1.0.dist-info/METADATA"
MACHINE = {
    "etc/os-release": "ID=debian\nVERSION_ID=12\n",
    "var/lib/dpkg/status": "Package: python3-tern\nStatus: install ok installed\nVersion: 1.0-1\n",
    "var/lib/dpkg/info/python3-tern.list": f"/{METADATA.removeprefix('usr/')}\n",
    METADATA: "Name: tern\nVersion: 1.0\n",
}


class System(MemoryTree):
    """The whole file system of a machine."""

    is_whole_system = True


OWNER = "pkg:deb/debian/python3-tern@1.0-1?distro=debian-12"


def test_place_that_a_package_of_the_distribution_owns_names_it() -> None:
    sbom = read_composition(System(MACHINE))
    found = {one.component.name: one.owners for one in sbom.occurrences}
    assert found == {"python3-tern": (), "tern": (OWNER,)}


def test_component_that_is_elsewhere_too_is_not_the_distributions() -> None:
    files = {**MACHINE, "opt/venv/tern-1.0.dist-info/METADATA": "Name: tern\nVersion: 1.0\n"}
    (tern,) = (one for one in read_composition(System(files)).occurrences if one.component.name == "tern")
    assert sorted(place.owner for place in tern.locations) == ["", OWNER]
    assert tern.owners == ()


def test_file_outside_of_the_file_system_is_nobodys() -> None:
    files = {f"image/{path}": text for path, text in MACHINE.items() if path != METADATA}
    (tern,) = (
        one
        for one in read_composition(System({**files, METADATA: MACHINE[METADATA]})).occurrences
        if one.component.name == "tern"
    )
    assert tern.owners == ()


def test_gap_in_a_file_of_the_distribution_names_its_package() -> None:
    sbom = read_composition(System({**MACHINE, METADATA: "Name: tern\n"}))
    assert [(gap.file, gap.owner) for gap in sbom.unparsed] == [(METADATA, OWNER)]


def test_database_of_a_repository_owns_nothing() -> None:
    """Whoever sends a change could else say that a distribution answers for what it brings."""
    (tern,) = (one for one in read_composition(MemoryTree(MACHINE)).occurrences if one.component.name == "tern")
    assert tern.owners == ()
