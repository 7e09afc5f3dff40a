"""This machine as a host."""

from pathlib import Path

import pytest

from holdfast.edges.agent.host import collect_host
from tests.facts.packages.test_dpkg import STATUS


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
        ("lib/apk/db/installed", "apk package database: it is recognized but not read yet"),
        ("var/lib/rpm/rpmdb.sqlite", "RPM package database: it is recognized but not read yet"),
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
