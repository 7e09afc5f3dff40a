"""`/var/lib/dpkg/status`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.packages import PackageDatabaseSpec
from holdfast.facts.packages.dpkg import SPEC, find_owners, parse
from holdfast.registry import load_room
from holdfast.testing.trees import MemoryTree

STATUS = """\
Package: adduser
Status: install ok installed
Architecture: all
Version: 3.134
Description: add and remove users
 Version: 9.9
 .
 text

Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1~deb12u2

Package: libc-bin
Status: hold ok half-configured
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+b1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: never
Status: purge ok not-installed
"""


def test_dpkg_packages_on_the_disk_have_release_architecture_and_source() -> None:
    parsed = parse("var/lib/dpkg/status", STATUS.encode(), "Debian:12")
    assert [
        (one.component.purl, one.component.match_name, one.component.match_version) for one in parsed.occurrences
    ] == [
        ("pkg:deb/debian/adduser@3.134?arch=all&distro=debian-12", "adduser", "3.134"),
        ("pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12", "openssl", "3.0.11-1~deb12u2"),
        ("pkg:deb/debian/libc-bin@2.36-9%2Bb1?arch=amd64&distro=debian-12", "glibc", "2.36-9"),
    ]
    assert [one.locations[0].line for one in parsed.occurrences] == [1, 10, 16]
    assert {one.component.ecosystem for one in parsed.occurrences} == {"Debian:12"}
    assert parsed.unparsed == ()


@pytest.mark.parametrize(
    ("os", "ecosystem"),
    [("Ubuntu:22.04", "Ubuntu:22.04"), ("kali:2024.1", "purl:deb"), ("Debian:", "purl:deb"), ("", "purl:deb")],
)
def test_dpkg_ecosystem_is_the_distribution_that_has_a_feed(os: str, ecosystem: str) -> None:
    assert parse("s", STATUS.encode(), os).occurrences[0].component.ecosystem == ecosystem


@pytest.mark.parametrize(
    ("stanza", "line"),
    [
        ("Package: x\nStatus: install ok installed\n", 6),
        ("Package: x\nVersion: 1\n", 6),
        ("Package: x\nVersion: 1\nStatus: install ok exploded\n", 6),
        ("Version: 1\nStatus: install ok installed\n", 6),
        ("Package: a b\nVersion: 1\nStatus: install ok installed\n", 6),
        ("Package: x\nVersion: 1\nSource: a b c\nStatus: install ok installed\n", 6),
        ("Package: x\nVersion: 1\x00\nStatus: install ok installed\n", 6),
        ("Package: x\nVersion: 1\nnonsense\nStatus: install ok installed\n", 8),
    ],
)
def test_dpkg_broken_stanza_is_unparsed_with_its_line_and_the_others_read(stanza: str, line: int) -> None:
    first, last = (
        f"Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n"
        for name in ("first", "last")
    )
    parsed = parse("status", f"{first}{stanza}\n{last}".encode(), "Debian:12")
    names = {one.component.name for one in parsed.occurrences}
    assert {"first", "last"} <= names
    assert [gap.line for gap in parsed.unparsed] == [line]


def test_dpkg_empty_file_is_an_error() -> None:
    with pytest.raises(FactError, match="the file is empty"):
        parse("status", b"\n", "Debian:12")


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), at=st.integers(0, len(STATUS)), until=st.integers(0, 40))
def test_dpkg_answers_or_raises_fact_error_on_anything(data: bytes, at: int, until: int) -> None:
    for text in (data, STATUS.encode()[:at] + data + STATUS.encode()[at + until :]):
        if not text.strip():
            with pytest.raises(FactError):
                parse("status", text, "Debian:12")
            continue
        parsed = parse("status", text, "Debian:12")
        assert all(gap.because.isprintable() for gap in parsed.unparsed)
        assert all(one.component.version for one in parsed.occurrences)


def test_room_of_package_databases_loads() -> None:
    specs: tuple[PackageDatabaseSpec, ...] = load_room("facts.packages")
    assert [(spec.id, spec.find_root("image/" + spec.paths[0])) for spec in specs] == [
        ("apk", "image/"),
        ("dpkg", "image/"),
        ("rpm", "image/"),
    ]


DISTROLESS = "Package: base-files\nVersion: 12.4\nArchitecture: amd64\nSource: base\n"


def test_dpkg_file_of_status_d_is_a_package_without_a_state() -> None:
    parsed = parse("var/lib/dpkg/status.d/base", DISTROLESS.encode(), "Debian:12")
    assert [(one.component.purl, one.component.match_name) for one in parsed.occurrences] == [
        ("pkg:deb/debian/base-files@12.4?arch=amd64&distro=debian-12", "base")
    ]
    assert parsed.unparsed == ()


def test_dpkg_checksums_of_status_d_are_no_package() -> None:
    assert SPEC.find_root("var/lib/dpkg/status.d/base") == ""
    assert SPEC.find_root("var/lib/dpkg/status.d/base.md5sums") is None
    assert SPEC.find_root("var/lib/dpkg/status.d") is None


def test_dpkg_files_belong_to_the_package_that_lists_them() -> None:
    tree = MemoryTree(
        {
            "i/var/lib/dpkg/info/python3-tern.list": "/.\n/usr\n/usr/lib/tern/METADATA\n",
            "i/var/lib/dpkg/info/libtern:amd64.list": "/lib/libtern.so\n",
            "i/var/lib/dpkg/status.d/base.md5sums": "d41d8cd98f00b204e9800998ecf8427e  etc/base\n",
            "var/lib/dpkg/info/other.list": "/usr/lib/tern/METADATA\n",
        }
    )
    wanted = frozenset({"usr/lib/tern/METADATA", "lib/libtern.so", "etc/base", "app/uv.lock"})
    assert find_owners(tree, "i/", tree.walk(), wanted) == {
        "usr/lib/tern/METADATA": "python3-tern",
        "lib/libtern.so": "libtern",
        "etc/base": "base",
    }
