"""`lib/apk/db/installed`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.facts.composition import read_composition
from holdfast.facts.packages.apk import SPEC, find_owners, parse
from holdfast.testing.trees import MemoryTree

INSTALLED = """\
C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:musl
V:1.2.5-r0
A:x86_64
L:MIT
o:musl
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755

P:libssl3
V:3.3.1-r3
A:x86_64
o:openssl
F:usr/lib
R:libssl.so.3

P:py3-tern
V:1.0-r0
A:noarch
F:usr/lib/python3.12/site-packages/tern-1.0.dist-info
M:0:0:755
R:METADATA
Z:Q1abc=
"""


def test_apk_packages_have_release_architecture_and_origin() -> None:
    parsed = parse("lib/apk/db/installed", INSTALLED.encode(), "Alpine:v3.20")
    assert [(one.component.purl, one.component.match_name) for one in parsed.occurrences] == [
        ("pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20", "musl"),
        ("pkg:apk/alpine/libssl3@3.3.1-r3?arch=x86_64&distro=alpine-3.20", "openssl"),
        ("pkg:apk/alpine/py3-tern@1.0-r0?arch=noarch&distro=alpine-3.20", "py3-tern"),
    ]
    assert [one.locations[0].line for one in parsed.occurrences] == [1, 11, 18]
    assert [one.licenses for one in parsed.occurrences] == [("MIT",), (), ()]
    assert {one.component.ecosystem for one in parsed.occurrences} == {"Alpine:v3.20"}
    assert parsed.unparsed == ()


@pytest.mark.parametrize(
    ("os", "ecosystem", "purl"),
    [
        ("Wolfi", "Wolfi", "pkg:apk/wolfi/musl@1.2.5-r0?arch=x86_64"),
        ("Chainguard", "Chainguard", "pkg:apk/chainguard/musl@1.2.5-r0?arch=x86_64"),
        ("Debian:12", "purl:apk", "pkg:apk/musl@1.2.5-r0?arch=x86_64"),
        ("Alpine", "purl:apk", "pkg:apk/musl@1.2.5-r0?arch=x86_64"),
    ],
)
def test_apk_ecosystem_is_the_distribution_that_has_a_feed(os: str, ecosystem: str, purl: str) -> None:
    first = parse("i", INSTALLED.encode(), os).occurrences[0].component
    assert (first.ecosystem, first.purl) == (ecosystem, purl)


@pytest.mark.parametrize(
    ("record", "line"),
    [("P:x\n", 4), ("V:1\n", 4), ("P:x\nV:\n", 4), ("P:x\x01\nV:1\n", 4), ("P:x\nnonsense\nV:1\n", 5)],
)
def test_apk_broken_record_is_unparsed_with_its_line_and_the_others_read(record: str, line: int) -> None:
    parsed = parse("i", f"P:first\nV:1\n\n{record}\nP:last\nV:1\n".encode(), "Alpine:v3.20")
    assert {"first", "last"} <= {one.component.name for one in parsed.occurrences}
    assert [gap.line for gap in parsed.unparsed] == [line]


def test_apk_empty_database_has_no_packages() -> None:
    parsed = parse("i", b"", "Alpine:v3.20")
    assert (parsed.occurrences, parsed.unparsed) == ((), ())


def test_apk_database_below_usr_is_of_the_same_file_system() -> None:
    assert [SPEC.find_root(f"image/{path}") for path in SPEC.paths] == ["image/", "image/"]
    files = {"usr/lib/apk/db/installed": INSTALLED, "etc/os-release": "ID=alpine\nVERSION_ID=3.20.1\n"}
    assert {one.component.ecosystem for one in read_composition(MemoryTree(files)).occurrences} == {"Alpine:v3.20"}


def test_apk_files_belong_to_the_package_that_lists_them() -> None:
    path = "usr/lib/python3.12/site-packages/tern-1.0.dist-info/METADATA"
    tree = MemoryTree({"image/lib/apk/db/installed": INSTALLED})
    wanted = frozenset({path, "lib/ld-musl-x86_64.so.1", "app/uv.lock"})
    found = find_owners(tree, "image/", tree.walk(), wanted)
    assert found == {path: "py3-tern", "lib/ld-musl-x86_64.so.1": "musl"}


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), at=st.integers(0, len(INSTALLED)), until=st.integers(0, 40))
def test_apk_answers_on_anything(data: bytes, at: int, until: int) -> None:
    for text in (data, INSTALLED.encode()[:at] + data + INSTALLED.encode()[at + until :]):
        parsed = parse("installed", text, "Alpine:v3.20")
        assert all(gap.because.isprintable() for gap in parsed.unparsed)
        assert all(one.component.version for one in parsed.occurrences)
