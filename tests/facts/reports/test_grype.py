"""Grype's JSON report."""

from holdfast.model.advisory import Severity
from holdfast.model.component import Location
from tests.facts.reports.reading import gaps, read

MATCH = {
    "vulnerability": {
        "id": "GHSA-jfh8-c2jp-5v3q",
        "severity": "Critical",
        "description": "log4shell",
        "cvss": [{"vector": "CVSS:3.1/X", "metrics": {"baseScore": 10.0}}, {"metrics": {"baseScore": "n/a"}}],
        "fix": {"versions": ["2.15.0"], "state": "fixed"},
    },
    "relatedVulnerabilities": [{"id": "CVE-2021-44228", "cvss": [{"metrics": {"baseScore": 9.8}}]}],
    "artifact": {
        "name": "log4j-core",
        "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
        "locations": [{"path": "/app/lib/log4j-core-2.14.1.jar"}],
    },
}


CURRENT = {
    "matches": [
        {
            "vulnerability": {
                "id": "GO-2024-2887",
                "dataSource": "",
                "namespace": "osv:language:go",
                "severity": "Unknown",
                "urls": [],
                "cvss": [],
                "fix": {"versions": ["1.21.11"], "state": "fixed"},
                "advisories": [],
                "risk": 0,
            },
            "relatedVulnerabilities": [
                {"id": "CVE-2024-24790", "dataSource": "nvd", "namespace": "nvd:cpe", "severity": "Unknown", "cvss": []}
            ],
            "matchDetails": [
                {
                    "type": "exact-direct-match",
                    "matcher": "go-module-matcher",
                    "found": {"vulnerabilityID": "GO-2024-2887", "versionConstraint": "<1.21.11 (go)"},
                    "fix": {"suggestedVersion": "1.21.11"},
                }
            ],
            "artifact": {
                "id": "9b7c4076abf47db3",
                "name": "stdlib",
                "version": "go1.19.8",
                "type": "go-module",
                "locations": [{"path": "/usr/bin/tool", "layerID": "sha256:01", "accessPath": "/usr/bin/tool"}],
                "language": "go",
                "purl": "pkg:golang/stdlib@1.19.8",
                "upstreams": [],
            },
        }
    ],
    "source": {"type": "image", "target": {"userInput": "pay.tar"}},
    "distro": {"name": "debian", "version": "12", "idLike": []},
    "descriptor": {"name": "grype", "version": "0.121.2", "db": {"status": {"schemaVersion": "v6.1.10"}}},
}


def test_grype_is_read_as_it_writes_now() -> None:
    report = read(CURRENT)
    (one,) = report.findings
    assert one.component is not None
    assert (one.component.ecosystem, one.component.name, one.component.version) == ("Go", "stdlib", "1.19.8")
    assert (one.id, one.aliases, one.fixed_in) == ("GO-2024-2887", ("CVE-2024-24790",), ("1.21.11",))
    assert (one.severity, one.level, one.locations) == (None, "", (Location("/usr/bin/tool"),))
    assert (report.version, report.unparsed) == ("0.121.2", ())


def test_grype_matches_are_read_and_ignored_ones_suppressed() -> None:
    bare = {"vulnerability": {"id": "CVE-2", "severity": "Negligible"}, "artifact": {"name": "x"}}
    whole = {"matches": [MATCH, 5], "ignoredMatches": [bare], "descriptor": {"name": "grype", "version": "0.85.0"}}
    report = read(whole)
    first, second = report.findings
    assert (report.format, report.tool, report.version) == ("grype", "grype", "0.85.0")
    assert first.component is not None
    assert first.component.name == "org.apache.logging.log4j:log4j-core"
    assert (first.id, first.aliases) == ("GHSA-jfh8-c2jp-5v3q", ("CVE-2021-44228",))
    assert (first.severity, first.level, first.fixed_in) == (Severity(10.0, "CVSS:3.1/X"), "critical", ("2.15.0",))
    assert first.locations == (Location("/app/lib/log4j-core-2.14.1.jar"),)
    assert (first.suppressed, second.suppressed, second.level) == (False, True, "low")
    assert gaps(report) == ["expected an object in `matches`, got int", "`CVE-2 x` is of a package without purl"]
