"""A scan judges every component, or says why not."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.loop.scan import scan, wanted_ecosystems
from holdfast.loop.scan_json import report_to_json
from holdfast.loop.scan_match import NothingKnown
from holdfast.model.advisory import Compiled, Pairwise, Severity, Snapshot
from holdfast.model.component import Component, Location, Occurrence, Sbom, Scope, Source, Unparsed
from holdfast.ports.advisories import PackageRules
from holdfast.ports.lookup import RecordFacts
from holdfast.testing.clocks import START
from tests.edges.providers.bucket import record


class Known:
    """Advisories in memory. `clusters` are groups of ids, by record."""

    def __init__(self, *records: Mapping[str, object], clusters: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._records = [compile_advisory(parse_osv(one)) for one in records]
        self._clusters = clusters or {}
        self.synced = START
        self.ecosystems = {"PyPI"}

    def _of(self, ecosystem: str, name: str) -> list[Compiled]:
        return [
            one
            for one in self._records
            if any((item.ecosystem, item.name) == (ecosystem, name) for item in one.advisory.affected)
        ]

    def rules(self, ecosystem: str, name: str) -> PackageRules:
        found, place = self._of(ecosystem, name), (ecosystem, name)
        return PackageRules(
            tuple(
                (one.advisory.id, at.lo, at.hi)
                for one in found
                for at in one.intervals
                if (at.ecosystem, at.name) == place
            ),
            tuple((one.advisory.id, at) for one in found for at in one.pairwise if (at.ecosystem, at.name) == place),
            tuple(fix for one in found for *at, fix in one.fixes if tuple(at) == place),
            tuple(one.advisory.id for one in found if not one.intervals and not one.pairwise),
            tuple((one.advisory.id, state) for one in found for *at, state in one.said if tuple(at) == place),
        )

    def rules_of(self, packages: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], PackageRules]:
        return {place: self.rules(*place) for place in packages}

    def published(self, ecosystem: str, name: str) -> Sequence[tuple[str, Pairwise]]:
        return [
            (one.advisory.id, entry)
            for one in self._of(ecosystem, name)
            for item in one.advisory.affected
            for entry in (
                *(Pairwise(ecosystem, name, part) for part in item.ranges),
                *([Pairwise(ecosystem, name, None, item.versions)] if item.versions else ()),
            )
        ]

    def facts(self, advisory_ids: Sequence[str]) -> Mapping[str, RecordFacts]:
        out = {}
        for one in self._records:
            identifier = one.advisory.id
            if identifier in advisory_ids:
                members = self._clusters.get(identifier, (identifier,))
                severity = one.advisory.severity
                out[identifier] = RecordFacts(identifier, min(members), members, severity, known_exploited=None)
        return out

    def snapshots(self) -> Mapping[str, Snapshot]:
        return {name: Snapshot(name, "memory", self.synced, START, 3) for name in self.ecosystems}

    def releases(self) -> frozenset[str]:
        return frozenset({"AlmaLinux:9"})


def _sbom(*occurrences: Occurrence, unparsed: tuple[Unparsed, ...] = ()) -> Sbom:
    return Sbom(occurrences, (("uv.lock", "uv_lock", len(occurrences)),), unparsed)


def _one(name: str, version: str, ecosystem: str = "PyPI", source: Source = Source.REGISTRY) -> Occurrence:
    return Occurrence(Component(ecosystem, name, version, source), (Location("uv.lock", 3),), direct=True)


def test_one_finding_per_component_and_cluster() -> None:
    together = ("CVE-2026-1", "L-1", "L-2")
    lookup = Known(record("L-1"), record("L-2"), record("L-3"), clusters={"L-1": together, "L-2": together})
    report = scan(_sbom(_one("lamp", "1.0"), _one("lamp", "2.0")), lookup, START)
    assert [(one.advisory, one.members) for one in report.findings] == [("L-1", together), ("L-3", ("L-3",))]
    assert {one.purl for one in report.findings} == {"pkg:pypi/lamp@1.0"}
    assert report.unknown == ()


def test_the_worst_score_of_a_cluster_counts() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    other = record("X-1", name="shade", severity=[{"type": "CVSS_V3", "score": vector}])
    lookup = Known(record("L-1"), other, clusters={"L-1": ("L-1", "X-1")})
    (finding,) = scan(_sbom(_one("lamp", "1.0")), lookup, START).findings
    assert finding.severity == Severity(9.8, vector)


def test_a_version_that_has_no_place_is_unknown_not_safe() -> None:
    report = scan(_sbom(_one("lamp", "latest", "npm")), _npm(), START)
    assert report.findings == ()
    (row,) = report.unknown
    assert (row.ecosystem, row.components) == ("npm", 1)
    assert "`lamp latest`" in row.because


def _npm() -> Known:
    lookup = Known(record("L-1", "npm", "lamp", fixed="1.5.0"))
    lookup.ecosystems = {"npm"}
    return lookup


def test_without_a_feed_everything_is_unknown() -> None:
    sbom = _sbom(_one("lamp", "1.0"), _one("shade", "1.0"), _one("lamp", "1.0", "Atlantis"))
    report = scan(sbom, NothingKnown(), START, problems={"PyPI": "offline"})
    assert [(row.ecosystem, row.components) for row in report.unknown] == [("Atlantis", 1), ("PyPI", 2)]
    assert report.unknown[1].because == "no feed was synced for it: offline"
    assert report_to_json(report)["feed"] == {"as_of": None, "newest": None, "records": 0}


def test_an_old_feed_still_finds_and_is_unknown_besides() -> None:
    lookup = Known(record("L-1"))
    lookup.synced = START - timedelta(days=8)
    old = scan(_sbom(_one("lamp", "1.0")), lookup, START)
    assert len(old.findings) == 1
    assert old.unknown[0].components == 1
    assert scan(_sbom(_one("lamp", "1.0")), lookup, START, checked=frozenset({"PyPI"})).unknown == ()


def test_a_release_without_records_is_unknown() -> None:
    lookup = Known()
    lookup.ecosystems = {"AlmaLinux"}
    report = scan(_sbom(_one("lamp", "1.0-1", "AlmaLinux:10"), _one("lamp", "1.0-1", "AlmaLinux:9")), lookup, START)
    assert [row.ecosystem for row in report.unknown] == ["AlmaLinux:10"]


def test_an_advisory_that_tells_no_versions_is_unknown_not_safe() -> None:
    package = {"ecosystem": "PyPI", "name": "lamp"}
    odd = [{"type": "ODD", "events": [{"introduced": "0"}]}]
    turned = [{"type": "ECOSYSTEM", "events": [{"introduced": "9"}, {"fixed": "8"}]}]
    for affected in ({}, {"ranges": odd}, {"ranges": turned}):
        lookup = Known({"id": "L-1", "affected": [{"package": package, **affected}]}, record("L-2"))
        report = scan(_sbom(_one("lamp", "2.0"), _one("shade", "2.0")), lookup, START)
        assert report.findings == ()
        (row,) = report.unknown
        assert (row.ecosystem, row.components) == ("PyPI", 1)
        assert "`L-1 on lamp 2.0`" in row.because
        assert len(scan(_sbom(_one("lamp", "1.0")), lookup, START).findings) == 1


def test_a_bound_without_a_place_is_unknown_not_safe() -> None:
    lookup = Known(record("L-1", "npm", "lamp", fixed="soon"))
    lookup.ecosystems = {"npm"}
    report = scan(_sbom(_one("lamp", "1.0.0", "npm")), lookup, START)
    assert report.findings or report.unknown[0].components == 1


def test_what_is_not_from_a_registry_is_named_and_not_matched() -> None:
    own = _one("lamp", "1.0", source=Source.PATH)
    report = scan(_sbom(own, _one("lamp", "1.1", source=Source.VCS)), Known(record("L-1")), START)
    assert (report.findings, report.unknown) == ((), ())
    assert [one["source"] for one in report_to_json(report)["components"]] == ["path", "vcs"]


def test_json_is_the_same_whatever_the_order() -> None:
    first, second = _one("lamp", "1.0"), replace(_one("shade", "1.0"), scope=Scope.DEVELOPMENT, direct=None)
    gaps = (Unparsed("b", 2, "x"), Unparsed("a", None, "y"))
    lookup = Known(record("L-1"), record("S-1", name="shade"))
    one = report_to_json(scan(_sbom(first, second, unparsed=gaps), lookup, START))
    two = report_to_json(scan(_sbom(second, first, unparsed=gaps[::-1]), lookup, START))
    assert json.dumps(one) == json.dumps(two)
    assert one["schema"] == "holdfast.scan/1"
    assert one["findings"][0] == {
        "advisory": "L-1",
        "aliases": ["L-1"],
        "purl": "pkg:pypi/lamp@1.0",
        "packages": ["pkg:pypi/lamp@1.0"],
        "state": "fixed",
        "kind": "vulnerability",
        "severity": None,
        "known_exploited": None,
        "fix": {"version": "1.5", "command": "uv lock --upgrade-package lamp==1.5"},
        "confidence": "high",
        "locations": [{"file": "uv.lock", "line": 3}],
    }
    assert one["unparsed"][0] == {"file": "a", "line": None, "because": "y"}


def test_only_comparable_ecosystems_of_registries_need_a_feed() -> None:
    sbom = _sbom(
        _one("lamp", "1.0"),
        _one("lamp", "1.0", "Atlantis"),
        _one("x", "1", "Go", Source.PATH),
        _one("y", "1", "Debian:12"),
    )
    assert wanted_ecosystems(sbom) == ("Debian", "PyPI")


def test_what_came_with_the_distribution_is_judged_by_it_where_it_can_be() -> None:
    lookup = Known(record("L-1"), record("A-1", "AlmaLinux:9", "python3-lamp"))
    lookup.ecosystems = {"PyPI", "AlmaLinux"}
    package = Component("AlmaLinux:9", "python3-lamp", "1.0-1.el9")
    place = Location("usr/lib/python3/lamp.dist-info/METADATA", None, package.purl)
    lamp = Component("PyPI", "lamp", "1.0")
    owned, of_both = (Occurrence(lamp, places) for places in ((place,), (place, Location("venv/METADATA"))))

    def found(*occurrences: Occurrence, comprehensive: bool = False) -> tuple[list[str], int]:
        report = scan(_sbom(*occurrences), lookup, START, comprehensive=comprehensive)
        return [one.advisory for one in report.findings], report.owned

    assert found(Occurrence(package, (Location("rpm"),)), owned) == (["A-1"], 1)
    assert found(Occurrence(package, (Location("rpm"),)), owned, comprehensive=True) == (["L-1", "A-1"], 0)
    assert found(Occurrence(package, (Location("rpm"),)), of_both) == (["L-1", "A-1"], 0)
    assert found(owned) == (["L-1"], 0)  # nobody answers for it
    lookup.ecosystems = {"PyPI"}
    assert found(Occurrence(package, (Location("rpm"),)), owned)[1] == 0  # its feed is missing


class Buster(Known):
    """Advisories that speak of a release past its end."""

    def releases(self) -> frozenset[str]:
        return frozenset({"Debian:10"})


def test_what_came_with_a_release_past_its_end_is_judged_by_itself() -> None:
    package = Component("Debian:10", "python3-lamp", "1.0-1")
    lookup = Buster(record("L-1"), record("D-1", "Debian:10", "python3-lamp"))
    lookup.ecosystems = {"PyPI", "Debian"}
    owned = Occurrence(Component("PyPI", "lamp", "1.0"), (Location("lamp/METADATA", None, package.purl),))
    report = scan(_sbom(Occurrence(package, (Location("dpkg"),)), owned), lookup, START)
    assert ([one.advisory for one in report.findings], report.owned) == (["D-1", "L-1"], 0)
