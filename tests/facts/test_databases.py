"""Installed packages in a tree."""

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
    sbom = read_composition(MemoryTree({"var/lib/dpkg/status": "", "lib/apk/db/installed": "P:musl\n"}))
    assert [(gap.file, gap.because) for gap in sbom.unparsed] == [
        ("lib/apk/db/installed", "apk package database: it is recognized but not read yet"),
        ("var/lib/dpkg/status", "the file is empty"),
    ]
    assert read_composition(MemoryTree({"docs/status": STATUS})).files == ()
