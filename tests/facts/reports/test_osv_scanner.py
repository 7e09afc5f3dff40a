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


CURRENT: dict[str, Any] = {
    "results": [
        {
            "source": {"path": "/src/requirements.txt", "type": "lockfile"},
            "packages": [
                {
                    "package": {"name": "accesscontrol", "version": "4.1", "ecosystem": "PyPI"},
                    "groups": [{"ids": ["PYSEC-2021-335"], "aliases": ["PYSEC-2021-335"], "max_severity": ""}],
                    "vulnerabilities": [
                        {
                            "id": "PYSEC-2021-335",
                            "modified": "2021-08-05T17:01:00Z",
                            "affected": [
                                {
                                    "package": {"ecosystem": "PyPI", "name": "AccessControl"},
                                    "ranges": [
                                        {"type": "ECOSYSTEM", "events": [{"introduced": "4.0"}, {"fixed": "4.3"}]}
                                    ],
                                    "versions": ["4.0", "4.1", "4.2"],
                                }
                            ],
                        }
                    ],
                },
                {
                    "package": {
                        "name": "openssl",
                        "os_package_name": "libssl3",
                        "version": "3.0.11-1~deb12u2",
                        "ecosystem": "Debian:12",
                        "image_origin_details": {"index": 0},
                    },
                    "groups": [
                        {
                            "ids": ["DEBIAN-CVE-2010-1"],
                            "aliases": ["CVE-2010-1", "DEBIAN-CVE-2010-1"],
                            "experimental_analysis": {"DEBIAN-CVE-2010-1": {"called": True, "unimportant": True}},
                            "max_severity": "5.3",
                        }
                    ],
                    "vulnerabilities": [{"id": "DEBIAN-CVE-2010-1", "modified": "2025-01-01T00:00:00Z"}],
                },
            ],
        }
    ],
    "experimental_config": {"licenses": {"summary": False, "allowlist": None}},
    "image_metadata": {"os": "Debian GNU/Linux 12 (bookworm)", "layer_metadata": [], "base_images": [[]]},
}


def test_osv_scanner_of_version_2_is_read_as_it_writes_now() -> None:
    report = read(CURRENT)
    first, second = report.findings
    assert (first.id, first.aliases, first.severity, first.fixed_in) == ("PYSEC-2021-335", (), None, ("4.3",))
    assert (first.component, first.suppressed) == (Component("PyPI", "accesscontrol", "4.1"), False)
    assert second.component == Component("Debian:12", "openssl", "3.0.11-1~deb12u2")
    assert (second.id, second.aliases, second.suppressed) == ("DEBIAN-CVE-2010-1", ("CVE-2010-1",), True)
    assert report.unparsed == ()


def test_osv_scanner_of_version_2_says_what_is_not_called_in_another_word() -> None:
    group = {"ids": ["GO-1"], "experimental_analysis": {"GO-1": {"called": False, "unimportant": False}}}
    assert read(_document({**PACKAGE, "groups": [group]})).findings[0].suppressed


def test_osv_scanner_package_of_no_ecosystem_is_a_gap_and_its_finding_stays() -> None:
    report = read(_document({**PACKAGE, "package": {"commit": "abc", "name": ""}}, {**PACKAGE, "groups": [{}]}))
    assert report.findings[0].component is None
    assert gaps(report) == ["`abc` is of no ecosystem", "a group of vulnerabilities without ids"]


def test_osv_scanner_vulnerability_that_no_group_names_counts() -> None:
    report = read(_document(PACKAGE | {"groups": [{"ids": ["PYSEC-2024-1"]}]}))
    assert sorted(one.id for one in report.findings) == ["GHSA-h5c8-rqwp-cp95", "PYSEC-2024-1"]
