"""Packages of every distribution against records in the shape that it publishes, with the state that it gives."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from holdfast.edges.cli.scan import make_scan
from tests.edges.cli.test_scan import Tools
from tests.edges.providers.bucket import write_bucket
from tests.edges.providers.images.making import layer, layout_of, write_archive
from tests.facts.vex.documents import changed, red_hat

CORPUS = Path(__file__).parents[2] / "corpus" / "distributions"
RELEASE = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
DEBIAN = "pkg:deb/debian/"


def scan(path: Path, root: Path, *options: str) -> Result:
    feed = write_bucket(root / "osv", json.loads((CORPUS / "osv.json").read_text()))
    arguments = [str(path), "--feed", str(feed), "--data", str(root / "data"), *options]
    return CliRunner().invoke(make_scan(Tools), arguments, env={"HOLDFAST_FEED": "", "HOLDFAST_KEV": ""})


def document(path: Path, root: Path) -> dict[str, Any]:
    result = scan(path, root, "--format", "json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A Debian image: what its base has, and a layer over it."""
    base = layer({"etc/os-release": RELEASE, "var/lib/dpkg/status": "Package: old\n"})
    status = (CORPUS / "debian.status").read_text()
    return write_archive(tmp_path / "image.tar", layout_of(base, layer({"var/lib/dpkg/status": status})).files())


def sbom(path: Path, *purls: str) -> Path:
    components = [{"type": "library", "name": "x", "purl": one} for one in purls]
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}))
    return path


def test_debian_image_has_a_finding_for_each_source_with_the_state_debian_gives_it(image: Path, tmp_path: Path) -> None:
    found = document(image, tmp_path)
    assert [(one["advisory"], one["state"], one["fix"] and one["fix"]["version"]) for one in found["findings"]] == [
        ("DEBIAN-CVE-2026-10003", "end_of_life", None),
        ("DEBIAN-CVE-2026-10004", "affected", None),
        ("DEBIAN-CVE-2026-10001", "fixed", "1.2-3+deb12u1"),
        ("DEBIAN-CVE-2026-10002", "will_not_fix", None),
        ("DSA-9001-1", "fixed", "1.2-3+deb12u1"),
    ]
    assert found["findings"][2]["aliases"] == ["CVE-2026-10001", "DEBIAN-CVE-2026-10001"]
    names = [[purl.removeprefix(DEBIAN).partition("@")[0] for purl in one["packages"]] for one in found["findings"]]
    rush, sedge = ["rush", "librush2"], ["sedge", "libsedge-data", "libsedge1"]
    assert names == [rush, rush, sedge, sedge, sedge]
    (cleared,) = found["not_affected"]
    assert cleared["advisory"] == "DEBIAN-CVE-2026-10005"
    assert (found["unknown"], found["end_of_life"], found["unparsed"]) == ([], [], [])


def test_table_says_who_will_not_fix_what(image: Path, tmp_path: Path) -> None:
    text = scan(image, tmp_path, "--format", "markdown").stdout
    assert "Among them, 1 that Debian maintains no more, 1 that Debian will not fix." in text
    assert "sedge (and libsedge-data, libsedge1)" in text
    assert "| Debian will not fix it |" in text
    assert "1 times, a distribution says that a package is not affected" in text


def test_what_debian_has_not_mended_in_a_release_past_its_end_has_no_end(tmp_path: Path) -> None:
    found = document(sbom(tmp_path / "bom.json", "pkg:deb/debian/sedge@1.0-1?distro=debian-10"), tmp_path)
    assert [(one["advisory"], one["state"]) for one in found["findings"]] == [("DSA-9001-1", "end_of_life")]
    assert found["end_of_life"] == [{"distribution": "Debian:10", "ended": "2024-06-30"}]


def test_a_release_past_its_end_is_a_finding_that_nobody_scored(tmp_path: Path) -> None:
    """`moss` has no record at all: it is the release that is found."""
    old = sbom(tmp_path / "bom.json", "pkg:deb/debian/moss@1.0-1?distro=debian-10")
    assert document(old, tmp_path)["findings"] == []
    codes = {level: scan(old, tmp_path, "--fail-on", level).exit_code for level in ("any", "high", "critical")}
    assert codes == {"any": 1, "high": 1, "critical": 0}
    new = sbom(tmp_path / "bom.json", "pkg:deb/debian/moss@1.0-1?distro=debian-12")
    assert scan(new, tmp_path, "--fail-on", "any").exit_code == 0


SEDGE = "pkg:rpm/redhat/sedge-libs@1.2-2.el9?arch=x86_64&distro=rhel-9.6&epoch=1"
RUSH = "pkg:rpm/redhat/rush@3.1-4.el9?arch=x86_64&distro=rhel-9.4"


@pytest.mark.parametrize(
    ("said", "cleared"),
    [
        ("BaseOS-9.4.0.Z.MAIN:pkg:rpm/redhat/sedge-libs@1.2-2.el9?arch=x86_64&epoch=1", ["RHSA-2026:4003"]),
        ("AppStream-9.2.0.Z.EUS:pkg:rpm/redhat/sedge-libs@1.2-2.el9?arch=x86_64&epoch=1", ["RHSA-2026:4003"]),
        ("red_hat_enterprise_linux_9:pkg:rpm/redhat/sedge-libs", ["RHSA-2026:4003"]),
        ("red_hat_enterprise_linux_8:pkg:rpm/redhat/sedge-libs", []),
        ("9Base-RHOSE-4.16:pkg:rpm/redhat/sedge-libs", []),
        ("AppStream-9.2.0.Z.EUS:pkg:rpm/redhat/sedge-libs", []),
        ("BaseOS-9.4.0.Z.MAIN:pkg:rpm/redhat/sedge-libs@1.2-3.el9?arch=x86_64&epoch=1", []),
        ("BaseOS-9.4.0.Z.MAIN:pkg:rpm/redhat/sedge-libs@1.2-2.el9?arch=x86_64", []),
        ("red_hat_enterprise_linux_9:pkg:rpm/redhat/sedge-libs?rpmmod=sedge:1", []),
        ("red_hat_enterprise_linux_9:pkg:rpm/redhat/rush?arch=src", []),
    ],
)
def test_what_red_hat_says_of_a_platform_counts_on_a_machine_of_its_release(
    tmp_path: Path, said: str, cleared: list[str]
) -> None:
    vex = changed(
        red_hat({"known_not_affected": [said]}),
        (("vulnerabilities", 0, "cve"), "CVE-2026-40001"),
        (("document", "tracking", "current_release_date"), "2020-01-01T00:00:00Z"),
    )
    file = tmp_path / "cve-2026-40001.json"
    file.write_text(json.dumps(vex))
    options = ("--vex", str(file), "--format", "json")
    (tmp_path / "root").mkdir()
    result = scan(sbom(tmp_path / "root" / "bom.json", SEDGE, RUSH), tmp_path, *options)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [one["advisory"] for one in found["vex"] if one["clears"]] == cleared
    assert ("RHSA-2026:4003" in [one["advisory"] for one in found["findings"]]) is not bool(cleared)


CASES = [
    ("pkg:deb/ubuntu/libsedge1@1.2-3?distro=ubuntu-22.04&upstream=sedge", "UBUNTU-CVE-2026-20001 fixed 1.2-3ubuntu0.1"),
    ("pkg:deb/ubuntu/sedge@1.0-1?distro=ubuntu-18.04", "UBUNTU-CVE-2026-20001 fixed 1.0-1ubuntu0.1~esm1"),
    ("pkg:deb/ubuntu/sedge@1.0-1ubuntu0.1~esm1?distro=ubuntu-18.04", ""),
    ("pkg:deb/ubuntu/rush@3.1-1?distro=ubuntu-22.04", "UBUNTU-CVE-2026-20002 affected"),
    ("pkg:apk/alpine/sedge@1.2-r3?distro=alpine-3.22.1", "ALPINE-CVE-2026-30001 fixed 1.2-r4"),
    ("pkg:apk/wolfi/sedge@1.2-r3", "CGA-aaaa-bbbb-cccc fixed 1.2-r4"),
    ("pkg:apk/chainguard/sedge@1.2-r4", "CGA-aaaa-bbbb-cccc fixed 1.2-r5"),
    ("pkg:apk/wolfi/rush@3.1-r0", "not CGA-aaaa-bbbb-dddd"),
    ("pkg:apk/wolfi/reed@0.9-r0", "CGA-aaaa-bbbb-dddd affected"),
    ("pkg:rpm/almalinux/sedge-libs@1.2-2.el9?distro=almalinux-9.6&epoch=1", "ALSA-2026:4001 fixed 1:1.2-3.el9"),
    ("pkg:rpm/almalinux/sedge@1.2-2.el9?distro=almalinux-9.6&epoch=1", "ALSA-2026:4001 fixed 1:1.2-3.el9"),
    ("pkg:rpm/almalinux/sedge@1.2-2.el8?distro=almalinux-8.10&epoch=1", "?"),
    (
        "pkg:rpm/rocky/sedge-libs@1.2-2.el9?distro=rocky-9.6&epoch=1&upstream=sedge-1.2-2.el9.src.rpm",
        "RLSA-2026:4002 fixed 1:1.2-3.el9",
    ),
    ("pkg:rpm/rhel/sedge-libs@1.2-2.el9?distro=rhel-9.6&epoch=1", "RHSA-2026:4003 fixed 1:1.2-3.el9"),
    ("pkg:rpm/redhat/rush@3.1-4.el9?distro=rhel-9.4", "RHSA-2026:4004 fixed 0:3.1-4.el9_4.2 low"),
    (
        "pkg:rpm/suse/libsedge1@1.2-150500.3.1.1?distro=sles-15.7&upstream=sedge-1.2-1.src.rpm",
        "SUSE-SU-2026:5001-1 fixed 1.2-150500.3.3.1",
    ),
    ("pkg:rpm/sles/rush@3.1-150400.1.1?distro=sles-15.4", "SUSE-SU-2026:5002-1 fixed 3.1-150400.2.2 low"),
    ("pkg:rpm/opensuse/sedge@1.2-150500.1?distro=opensuse-leap-15.6", "openSUSE-SU-2026:5003-1 fixed 1.2-150500.3.3.1"),
    ("pkg:rpm/opensuse/sedge@1.2-1.1?distro=opensuse-tumbleweed-20261101", "openSUSE-SU-2026:5003-1 fixed 1.3-1.1"),
    ("pkg:rpm/mageia/sedge@1.2-3.mga9?distro=mageia-9", "MGASA-2026-0001 fixed 1.2-3.1.mga9"),
    ("pkg:rpm/openeuler/sedge@1.2-2.oe2403sp1?distro=openEuler-24.03-LTS-SP1", "OESA-2026-1001 fixed 1.2-3.oe2403sp1"),
    ("pkg:rpm/photon/sedge@1.2-2.ph5?distro=photon-5.0", "PHSA-2026-5.0-0001 fixed 1.2-3.ph5"),
    ("pkg:rpm/azurelinux/sedge@1.2-2.azl3?distro=azurelinux-3.0", "AZL-70001 fixed 1.2-3.azl3"),
    ("pkg:rpm/fedora/sedge@1.2-2.fc42?distro=fedora-42", "?"),
]  # fmt: skip


def test_every_distribution_is_judged_by_its_own_records(tmp_path: Path) -> None:
    told = {}
    for number, (purl, _) in enumerate(CASES):
        found = document(sbom(tmp_path / f"bom{number}.json", purl), tmp_path)
        words = [
            f"{one['advisory']} {one['state']} {(one['fix'] or {'version': ''})['version']} {one['confidence']}"
            for one in found["findings"]
        ]
        words += [f"not {one['advisory']}" for one in found["not_affected"]]
        words += ["?" for one in found["unknown"]]
        told[purl] = "; ".join(" ".join(one.removesuffix(" high").split()) for one in words)
    assert told == dict(CASES)
