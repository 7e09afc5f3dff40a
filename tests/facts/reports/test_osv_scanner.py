"""osv-scanner's JSON report."""

from typing import Any

from holdfast.model.advisory import Severity
from holdfast.model.component import Component, Location
from tests.facts.reports.reading import gaps, read

PACKAGE: dict[str, Any] = {
    "package": {"name": "jinja2", "version": "3.1.2", "ecosystem": "PyPI"},
    "vulnerabilities": [
        {
            "id": "GHSA-h5c8-rqwp-cp95",
            "aliases": ["CVE-2024-22195"],
            "summary": "XSS",
            "affected": [
                {
                    "package": {"name": "jinja2"},
                    "ranges": [
                        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.3"}]},
                        {"type": "GIT"},
                    ],
                },
                {"package": {"name": "other"}, "ranges": [{"type": "SEMVER", "events": [{"fixed": "9"}]}]},
            ],
        },
        {"id": "PYSEC-2024-1"},
    ],
    "groups": [{"ids": ["GHSA-h5c8-rqwp-cp95", "PYSEC-2024-1"], "aliases": ["CVE-2024-22195"], "max_severity": "5.4"}],
}


def _document(*packages: Any) -> dict[str, Any]:
    return {"results": [{"source": {"path": "/src/uv.lock", "type": "lockfile"}, "packages": list(packages)}]}


def test_osv_scanner_group_is_one_finding() -> None:
    report = read(_document(PACKAGE))
    (one,) = report.findings
    assert (report.format, report.tool, report.unparsed) == ("osv_scanner", "osv-scanner", ())
    assert one.component == Component("PyPI", "jinja2", "3.1.2")
    assert (one.id, one.aliases) == ("GHSA-h5c8-rqwp-cp95", ("PYSEC-2024-1", "CVE-2024-22195"))
    assert (one.severity, one.message, one.fixed_in) == (Severity(5.4, None), "XSS", ("3.1.3",))
    assert one.locations == (Location("/src/uv.lock"),)


def test_osv_scanner_without_groups_has_a_finding_a_record() -> None:
    report = read(_document({**PACKAGE, "groups": None}))
    assert [one.id for one in report.findings] == ["GHSA-h5c8-rqwp-cp95", "PYSEC-2024-1"]


def test_osv_scanner_what_is_not_called_is_suppressed() -> None:
    group = {"ids": ["A-1"], "experimentalAnalysis": {"A-1": {"called": False}}}
    assert read(_document({**PACKAGE, "groups": [group]})).findings[0].suppressed


def test_osv_scanner_package_of_no_ecosystem_is_a_gap_and_its_finding_stays() -> None:
    report = read(_document({**PACKAGE, "package": {"commit": "abc", "name": ""}}, {**PACKAGE, "groups": [{}]}))
    assert report.findings[0].component is None
    assert gaps(report) == ["`abc` is of no ecosystem", "a group of vulnerabilities without ids"]
