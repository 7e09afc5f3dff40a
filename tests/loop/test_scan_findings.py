"""Findings of a distribution's packages: their state, and one for each source."""

from typing import Any

import pytest

from holdfast.loop.scan import ScanReport, scan
from holdfast.loop.scan_json import report_to_json
from holdfast.model.advisory import PackageState
from holdfast.model.component import Component, Location, Occurrence, Sbom
from holdfast.testing.clocks import START
from tests.loop.test_scan import Known

BOOKWORM = "Debian:12"
DPKG, RPMS = "var/lib/dpkg/status", "var/lib/rpm/rpmdb.sqlite"


class Feed(Known):
    """Advisories of distributions, fresh for every release."""

    def __init__(self, *records: dict[str, Any], clusters: dict[str, tuple[str, ...]] | None = None) -> None:
        super().__init__(*records, clusters=clusters)
        self.ecosystems = {"Debian", "AlmaLinux"}

    def releases(self) -> frozenset[str]:
        return frozenset({BOOKWORM, "Debian:10", "AlmaLinux:9"})


def record(identifier: str, name: str, *fixed: str, ecosystem: str = BOOKWORM, urgency: str = "") -> dict[str, Any]:
    """Return a record in the shape of Debian's: without a fix, unless one is given."""
    events = [{"introduced": "0"}, *({"fixed": one} for one in fixed)]
    entry: dict[str, Any] = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    if urgency:
        entry["ecosystem_specific"] = {"urgency": urgency}
    return {"id": identifier, "modified": "2026-01-02T03:04:05Z", "affected": [entry]}


def built(name: str, version: str, source: str = "", ecosystem: str = BOOKWORM, compared: str = "") -> Occurrence:
    component = Component(ecosystem, name, version, source_package=source, source_version=compared)
    return Occurrence(component, (Location(RPMS if ecosystem.startswith("Alma") else DPKG, 3),))


def judge(feed: Feed, *occurrences: Occurrence) -> ScanReport:
    sbom = Sbom(occurrences, ((DPKG, "dpkg", len(occurrences)), (RPMS, "rpm", 0)))
    return scan(sbom, feed, START)


@pytest.mark.parametrize(
    ("fixed", "urgency", "ecosystem", "state"),
    [
        (("1.2-3",), "medium", BOOKWORM, PackageState.FIXED),
        (("1.2-3",), "unimportant", BOOKWORM, PackageState.FIXED),
        ((), "medium", BOOKWORM, PackageState.AFFECTED),
        ((), "unimportant", BOOKWORM, PackageState.WILL_NOT_FIX),
        ((), "end-of-life", BOOKWORM, PackageState.END_OF_LIFE),
        ((), "medium", "Debian:10", PackageState.END_OF_LIFE),
        ((), "unimportant", "Debian:10", PackageState.WILL_NOT_FIX),
        (("1.2-3",), "medium", "Debian:10", PackageState.FIXED),
    ],
)
def test_state_is_what_the_distribution_says(
    fixed: tuple[str, ...], urgency: str, ecosystem: str, state: PackageState
) -> None:
    feed = Feed(record("D-1", "sedge", *fixed, ecosystem=ecosystem, urgency=urgency))
    (one,) = judge(feed, built("sedge", "1.2-1", ecosystem=ecosystem)).findings
    assert (one.state, one.fix is not None) == (state, state is PackageState.FIXED)


def test_what_is_not_affected_is_no_finding_and_told() -> None:
    report = judge(Feed(record("D-1", "sedge", "0")), built("sedge", "1.2-1"))
    assert (report.findings, report.unknown) == ((), ())
    told = [{"advisory": "D-1", "purl": "pkg:deb/debian/sedge@1.2-1"}]
    assert report_to_json(report)["not_affected"] == told


def test_fix_counts_though_another_advisory_of_the_package_has_none() -> None:
    feed = Feed(record("D-1", "sedge", "1.2-3"), record("D-2", "sedge", urgency="unimportant"))
    fixable, open_one = judge(feed, built("sedge", "1.2-1")).findings
    assert fixable.fix is not None
    assert (fixable.fix.version, fixable.state) == ("1.2-3", PackageState.FIXED)
    assert (open_one.fix, open_one.state) == (None, PackageState.WILL_NOT_FIX)


def test_fix_is_past_every_advisory_that_has_one() -> None:
    feed = Feed(record("D-1", "sedge", "1.2-3"), record("D-2", "sedge", "1.2-5"))
    assert [one.fix.version for one in judge(feed, built("sedge", "1.2-1")).findings if one.fix] == ["1.2-5", "1.2-5"]


def test_packages_of_one_source_are_one_finding_that_names_them() -> None:
    feed = Feed(record("D-1", "sedge", "1.2-3"), record("D-2", "sedge"))
    packages = [built("libsedge1", "1.2-1", "sedge"), built("sedge", "1.2-1"), built("sedge-doc", "1.2-1", "sedge")]
    report = judge(feed, *packages)
    assert [one.advisory for one in report.findings] == ["D-1", "D-2"]
    purls = [f"pkg:deb/debian/{name}@1.2-1" for name in ("sedge", "libsedge1", "sedge-doc")]
    assert [list(one.purls) for one in report.findings] == [purls, purls]
    assert report_to_json(report)["findings"][0]["packages"] == purls


def test_source_at_two_versions_is_two_findings() -> None:
    feed = Feed(record("D-1", "sedge", "1.2-3"))
    report = judge(feed, built("libsedge1", "1.2-1", "sedge"), built("libsedge2", "1.2-2", "sedge"))
    assert [one.purls for one in report.findings] == [
        ("pkg:deb/debian/libsedge1@1.2-1",),
        ("pkg:deb/debian/libsedge2@1.2-2",),
    ]


def test_package_whose_version_is_not_its_sources_is_judged_by_the_source() -> None:
    feed = Feed(record("D-1", "sedge", "1.2-3"))
    (one,) = judge(feed, built("libsedge1", "4:9-1", "sedge", compared="1.2-1")).findings
    assert one.purl == "pkg:deb/debian/libsedge1@4:9-1"


def test_distribution_that_names_packages_is_one_finding_a_source_too() -> None:
    both = record("A-1", "sedge", "1.2-3.el9", ecosystem="AlmaLinux:9")
    both["affected"].append(record("A-1", "sedge-libs", "0.9-3.el9", ecosystem="AlmaLinux:9")["affected"][0])
    packages = [built("sedge", "1.2-1.el9", ecosystem="AlmaLinux:9")]
    packages += [built(name, "0.9-1.el9", "sedge", "AlmaLinux:9") for name in ("sedge-libs", "sedge-other")]
    (one,) = judge(Feed(both), *packages).findings
    assert one.purls == ("pkg:rpm/almalinux/sedge@1.2-1.el9", "pkg:rpm/almalinux/sedge-libs@0.9-1.el9")


@pytest.mark.parametrize(
    ("packages", "command"),
    [
        ([built("sedge", "1.2-1")], "sedge=1.2-3"),
        ([built("libsedge1", "1.2-1", "sedge"), built("sedge", "1.2-1")], "sedge=1.2-3 libsedge1=1.2-3"),
        ([built("libsedge1", "4:9-1", "sedge", compared="1.2-1")], "libsedge1"),
        ([built("libsedge1", "4:9-1", "sedge", compared="1.2-1"), built("sedge", "1.2-1")], "sedge libsedge1"),
    ],
)
def test_command_raises_all_packages_each_to_a_version_that_it_has(packages: list[Occurrence], command: str) -> None:
    (one,) = judge(Feed(record("D-1", "sedge", "1.2-3")), *packages).findings
    assert one.fix is not None
    assert one.fix.command == f"apt-get update && apt-get install --only-upgrade {command}"


def test_command_of_rpms_names_no_version_where_each_has_its_own() -> None:
    both = record("A-1", "sedge", "1.2-3.el9", ecosystem="AlmaLinux:9")
    both["affected"].append(record("A-1", "sedge-libs", "0:0.9-3.el9", ecosystem="AlmaLinux:9")["affected"][0])
    packages = [built("sedge", "1.2-1.el9", ecosystem="AlmaLinux:9")]
    packages.append(built("sedge-libs", "0.9-1.el9", "sedge", "AlmaLinux:9"))
    commands = [
        one.fix.command for some in (packages, packages[:1]) for one in judge(Feed(both), *some).findings if one.fix
    ]
    assert commands == ["dnf upgrade sedge sedge-libs", "dnf upgrade sedge-1.2-3.el9"]


def test_fix_in_ubuntu_pro_says_so() -> None:
    feed = Feed(record("U-1", "sedge", "1.0-1ubuntu0.1~esm1", ecosystem="Ubuntu:Pro:18.04:LTS"))
    feed.ecosystems.add("Ubuntu")
    (one,) = judge(feed, built("sedge", "1.0-1", ecosystem="Ubuntu:18.04")).findings
    assert one.fix is not None
    assert one.fix.note == "as root, with Ubuntu Pro; restart what uses it"


def test_language_packages_of_one_name_stay_apart() -> None:
    feed = Feed(record("L-1", "lamp", "1.5", ecosystem="PyPI"))
    feed.ecosystems = {"PyPI"}
    report = judge(feed, built("lamp", "1.0", ecosystem="PyPI"), built("lamp", "1.1", ecosystem="PyPI"))
    assert [(one.purls, one.state) for one in report.findings] == [
        (("pkg:pypi/lamp@1.0",), PackageState.FIXED),
        (("pkg:pypi/lamp@1.1",), PackageState.FIXED),
    ]


def test_version_without_a_place_has_a_state_too() -> None:
    feed = Feed(record("D-1", "sedge", "1.2-3"))
    report = judge(feed, built("sedge", "1.2-1~!"))
    assert [one.state for one in report.findings] == [PackageState.FIXED]


def test_version_without_a_place_has_no_fix_where_only_another_record_has_one() -> None:
    feed = Feed(record("D-1", "sedge", "1.2-3"), record("D-2", "sedge", urgency="unimportant"))
    report = judge(feed, built("sedge", "1.1_0-1"))
    assert [(one.advisory, one.state, one.fix is None) for one in report.findings] == [
        ("D-1", PackageState.FIXED, False),
        ("D-2", PackageState.WILL_NOT_FIX, True),
    ]
