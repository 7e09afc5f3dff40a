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
    assert gaps(report) == ["`CVE-2 x` is of a package without purl"]
