"""This machine as a host."""

from pathlib import Path

import pytest

from holdfast.edges.agent.host import collect_host
from tests.facts.packages.test_dpkg import STATUS
from tests.facts.packages.test_rpm import REAL


def _machine(root: Path, release: str, **files: str) -> Path:
    for path, text in {
        "etc/os-release": release,
        "etc/hostname": "web-1\n",
        "etc/machine-id": "abc\n",
        **files,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_host_of_debian_has_its_packages(tmp_path: Path) -> None:
    root = _machine(tmp_path, 'ID=debian\nVERSION_ID="12"\n', **{"var/lib/dpkg/status": STATUS})
    facts, sbom = collect_host(root)
    assert (facts.name, facts.os) == ("web-1", "Debian:12")
    assert facts.kernel
    assert facts.architecture
    assert [one.component.name for one in sbom.occurrences] == ["adduser", "libc-bin", "libssl3"]
    assert (sbom.files, sbom.unparsed) == ((("var/lib/dpkg/status", "dpkg", 3),), ())


def test_host_id_is_stable_and_does_not_give_the_machine_id_away(tmp_path: Path) -> None:
    first, _ = collect_host(_machine(tmp_path / "a", "ID=debian\n"))
    same, _ = collect_host(_machine(tmp_path / "b", "ID=debian\n"))
    other, _ = collect_host(_machine(tmp_path / "c", "ID=debian\n", **{"etc/machine-id": "xyz\n"}))
    assert first.machine_id == same.machine_id != other.machine_id
    assert "abc" not in first.machine_id


@pytest.mark.parametrize(
    ("database", "because"),
    [
        ("var/lib/rpm/Packages", "RPM package database of the form Berkeley DB: it is recognized but not read yet"),
        ("var/lib/rpm/rpmdb.sqlite", "no sqlite database"),
        ("opt/other", "no package database that is known, on `alpine:3`: what is installed is not known"),
    ],
)
def test_host_whose_packages_can_not_be_read_says_so(tmp_path: Path, database: str, because: str) -> None:
    root = _machine(tmp_path, "ID=alpine\nVERSION_CODENAME=3\n", **{database: "x"})
    _, sbom = collect_host(root)
    assert sbom.occurrences == ()
    assert [gap.because for gap in sbom.unparsed] == [because]


def test_host_with_an_empty_package_database_says_so(tmp_path: Path) -> None:
    _, sbom = collect_host(_machine(tmp_path, "ID=debian\nVERSION_ID=12\n", **{"var/lib/dpkg/status": ""}))
    assert [(gap.file, gap.because) for gap in sbom.unparsed] == [("var/lib/dpkg/status", "the file is empty")]


def test_this_machine_answers() -> None:
    facts, sbom = collect_host()
    assert facts.name
    assert sbom.occurrences or sbom.unparsed


def test_host_whose_database_has_two_names_is_read_once(tmp_path: Path) -> None:
    """On a merged `/usr`, `lib` is a link."""
    root = _machine(tmp_path, "ID=wolfi\n", **{"usr/lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n"})
    (root / "lib").symlink_to("usr/lib")
    _, sbom = collect_host(root)
    assert [one.component.purl for one in sbom.occurrences] == ["pkg:apk/wolfi/musl@1.2.5-r0"]
    assert len(sbom.files) == 1


def test_host_of_distroless_has_the_packages_of_every_file(tmp_path: Path) -> None:
    files = {
        "var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12.4\n",
        "var/lib/dpkg/status.d/base.md5sums": "d41d8cd98f00b204e9800998ecf8427e  etc/base\n",
        "var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2024a\n",
    }
    _, sbom = collect_host(_machine(tmp_path, "ID=debian\nVERSION_ID=12\n", **files))
    assert [one.component.name for one in sbom.occurrences] == ["base-files", "tzdata"]
    assert sbom.unparsed == ()


def test_host_in_the_middle_of_a_change_says_so(tmp_path: Path) -> None:
    root = _machine(tmp_path, "ID=fedora\nVERSION_ID=40\n", **{"var/lib/rpm/rpmdb.sqlite-wal": "changes"})
    (root / "var/lib/rpm/rpmdb.sqlite").write_bytes(REAL)
    _, sbom = collect_host(root)
    assert len(sbom.occurrences) == 3
    assert [gap.file for gap in sbom.unparsed] == ["var/lib/rpm/rpmdb.sqlite-wal"]
