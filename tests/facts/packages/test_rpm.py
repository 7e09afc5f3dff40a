"""`rpmdb.sqlite`. `data/rpmdb.sqlite` was made by `scripts/rpm-database.sh` with the real tools."""

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.packages.rpm import find_owners, parse
from holdfast.testing.trees import MemoryTree

REAL = (Path(__file__).parent / "data" / "rpmdb.sqlite").read_bytes()


def header(**texts: str) -> bytes:
    """Return a header that has these texts."""
    tags = {"name": 1000, "version": 1001, "release": 1002, "arch": 1022, "sourcerpm": 1044}
    entries, data = b"", b""
    for key, text in texts.items():
        entries += struct.pack(">IIII", tags[key], 6, len(data), 1)
        data += text.encode() + b"\0"
    return struct.pack(">II", len(texts), len(data)) + entries + data


def database(*blobs: object, schema: str = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)") -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute(schema)
        if blobs:
            made.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        made.commit()
        return bytes(made.serialize())


TERN = header(name="tern", version="1.0", release="2.el9", arch="x86_64", sourcerpm="bird-1.0-2.el9.src.rpm")


def test_rpm_packages_of_a_real_database_have_epoch_module_and_source() -> None:
    parsed = parse("var/lib/rpm/rpmdb.sqlite", REAL, "Rocky Linux:9")
    found = {one.component.purl: (one.component.match_name, one.component.match_version) for one in parsed.occurrences}
    assert found == {
        "pkg:rpm/rocky/gull@1.2.3-4.el9?arch=noarch&distro=rocky-9&epoch=2": ("gull", "2:1.2.3-4.el9"),
        "pkg:rpm/rocky/gull-libs@1.2.3-4.el9?arch=noarch&distro=rocky-9&epoch=2": ("gull", "2:1.2.3-4.el9"),
        "pkg:rpm/rocky/python3-tern@1.0-7.el9?arch=noarch&distro=rocky-9&rpmmod=tern:1:20260101:abcd": (
            "python3-tern",
            "1.0-7.el9",
        ),
    }
    assert parsed.unparsed == ()
    assert {one.licenses for one in parsed.occurrences} == {("0BSD",)}


@pytest.mark.parametrize(
    ("os", "purl", "name"),
    [
        ("AlmaLinux:9", "pkg:rpm/almalinux/tern@1.0-2.el9?arch=x86_64&distro=almalinux-9", "tern"),
        ("openSUSE:Leap 15.6", "pkg:rpm/opensuse/tern@1.0-2.el9?arch=x86_64&distro=opensuse-leap-15.6", "bird"),
        (
            "SUSE:Linux Enterprise Server 15 SP6",
            "pkg:rpm/suse/tern@1.0-2.el9?arch=x86_64&distro=suse-15.6",
            "bird",
        ),
        ("centos:9", "pkg:rpm/tern@1.0-2.el9?arch=x86_64", "bird"),
    ],
)
def test_rpm_packages_are_named_as_the_distributions_advisories_do(os: str, purl: str, name: str) -> None:
    (one,) = parse("r", database(TERN), os).occurrences
    assert (one.component.purl, one.component.match_name) == (purl, name)


@pytest.mark.parametrize(
    ("os", "compared"),
    [
        ("Rocky Linux:9", ("perl", "5.32.1-481.el9")),
        ("openSUSE:Leap 15.6", ("perl", "5.32.1-481.el9")),
        ("AlmaLinux:9", ("perl-Errno", "1.30-481.el9")),
    ],
)
def test_rpm_of_another_version_than_its_source_is_held_by_what_advisories_speak_of(
    os: str, compared: tuple[str, str]
) -> None:
    errno = header(name="perl-Errno", version="1.30", release="481.el9", sourcerpm="perl-5.32.1-481.el9.src.rpm")
    (one,) = parse("r", database(errno), os).occurrences
    assert (one.component.version, one.component.match_name, one.component.match_version) == ("1.30-481.el9", *compared)


def test_rpm_key_is_no_package() -> None:
    assert parse("r", database(header(name="gpg-pubkey", version="a", release="b")), "Fedora:40").occurrences == ()


@pytest.mark.parametrize(
    ("blob", "because"),
    [
        (b"", "package 1: an RPM header that is cut"),
        ("text", "package 1: an RPM header that is cut"),
        (b"\xff" * 64, "package 1: an RPM header that is cut, or none"),
        (header(name="x", version="1"), "package 1: `x` without a version or release"),
        (header(name="", version="1", release="1"), "package 1: a component without name: ``"),
        (struct.pack(">IIIIII", 1, 1, 1000, 6, 99, 1) + b"x", "package 1: an RPM header whose name is no text"),
        (struct.pack(">IIIIII", 1, 1, 1000, 6, 0, 1) + b"x", "package 1: an RPM header whose name is cut"),
    ],
)
def test_rpm_broken_header_is_unparsed_and_the_others_read(blob: object, because: str) -> None:
    parsed = parse("r", database(blob, TERN), "Fedora:40")
    assert [one.component.name for one in parsed.occurrences] == ["tern"]
    assert [gap.because for gap in parsed.unparsed] == [because]


FOREVER = """
CREATE VIEW Packages AS
WITH RECURSIVE more(hnum) AS (SELECT 1 UNION ALL SELECT hnum + 1 FROM more) SELECT hnum, x'00' AS blob FROM more
"""


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (b"", "no sqlite database"),
        (b"SQLite format 3\0" + b"\xff" * 4096, "can't be read"),
        (REAL[: len(REAL) // 2], "can't be read"),
        (database(schema="CREATE TABLE Other (hnum)"), "no table `Packages`"),
        (database(schema=FOREVER), "no table `Packages`"),
        (database(schema="CREATE TABLE Packages (other)"), "can't be read"),
    ],
)
def test_rpm_database_that_is_none_is_an_error_and_ends(data: bytes, because: str) -> None:
    with pytest.raises(FactError, match=because):
        parse("rpmdb.sqlite", data, "Fedora:40")


def test_rpm_files_belong_to_the_package_that_lists_them() -> None:
    path = "usr/lib/python3/site-packages/tern-1.0.dist-info/METADATA"
    tree = MemoryTree({"usr/lib/sysimage/rpm/rpmdb.sqlite": REAL, "var/lib/rpm/rpmdb.sqlite": b"broken"})
    assert find_owners(tree, "", tree.walk(), frozenset({path, "app/uv.lock"})) == {path: "python3-tern"}


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=200), at=st.integers(0, len(REAL) - 1))
def test_rpm_answers_or_raises_fact_error_on_anything(data: bytes, at: int) -> None:
    try:
        parsed = parse("rpmdb.sqlite", REAL[:at] + data + REAL[at + len(data) :], "Fedora:40")
    except FactError:
        return
    assert all(gap.because.isprintable() for gap in parsed.unparsed)
