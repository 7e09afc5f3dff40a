"""Trivy's JSON report."""

import pytest

from holdfast.errors import FactError
from holdfast.model.advisory import Severity
from holdfast.model.component import Location
from holdfast.model.finding import Kind
from tests.facts.reports.reading import gaps, read

REPORT = {
    "SchemaVersion": 2,
    "Trivy": {"Version": "0.58.0"},
    "Results": [
        {
            "Target": "package-lock.json",
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2021-23337",
                    "VendorIDs": ["GHSA-35jh-r3h4-6jhm"],
                    "PkgName": "lodash",
                    "PkgIdentifier": {"PURL": "pkg:npm/lodash@4.17.20"},
                    "FixedVersion": "4.17.21, 5.0.0",
                    "Severity": "HIGH",
                    "Title": "command injection",
                    "CVSS": {"ghsa": {"V3Score": 7.2, "V3Vector": "CVSS:3.1/X"}, "nvd": {"V3Score": 7.1}, "odd": 5},
                },
                {"VulnerabilityID": "CVE-1", "PkgName": "old", "Severity": "UNKNOWN"},
            ],
        },
        {
            "Target": "Dockerfile",
            "Misconfigurations": [
                {"ID": "DS002", "AVDID": "AVD-DS-0002", "Severity": "HIGH", "Message": "root", "Status": "FAIL"},
                {"ID": "DS001", "Status": "PASS"},
            ],
            "Secrets": [
                {"RuleID": "aws", "Severity": "CRITICAL", "Title": "AWS key", "StartLine": 4, "Match": "AKIA…"}
            ],
            "Licenses": [{"Name": "GPL-3.0", "PkgName": "x", "Severity": "HIGH", "FilePath": "x/LICENSE"}],
        },
    ],
}


def test_trivy_findings_of_every_kind_are_read() -> None:
    report = read(REPORT)
    first, second, configuration, secret, license_ = report.findings
    assert (report.format, report.tool, report.version) == ("trivy", "trivy", "0.58.0")
    assert first.component is not None
    assert (first.component.purl, first.aliases) == ("pkg:npm/lodash@4.17.20", ("GHSA-35jh-r3h4-6jhm",))
    assert (first.severity, first.level, first.fixed_in) == (Severity(7.2, "CVSS:3.1/X"), "high", ("4.17.21", "5.0.0"))
    assert first.locations == (Location("package-lock.json"),)
    assert (second.component, second.level, second.severity) == (None, "", None)
    assert (configuration.kind, configuration.id, configuration.message) == (Kind.MISCONFIGURATION, "DS002", "root")
    assert (secret.kind, secret.locations, secret.level) == (Kind.SECRET, (Location("Dockerfile", 4),), "critical")
    assert (license_.kind, license_.message, license_.locations) == (
        Kind.LICENSE,
        "x: GPL-3.0",
        (Location("x/LICENSE"),),
    )
    assert gaps(report) == ["`CVE-1 old` is of a package without purl"]


FOUND = {
    "VulnerabilityID": "CVE-2021-32807",
    "VendorIDs": ["PYSEC-2021-335"],
    "PkgName": "accesscontrol",
    "PkgIdentifier": {"PURL": "pkg:pypi/accesscontrol@4.1", "UID": "67ac78e7c2a0b2b1"},
    "InstalledVersion": "4.1",
    "FixedVersion": "4.3",
    "Status": "fixed",
    "Layer": {},
    "DataSource": {"ID": "osv", "Name": "OSV records", "URL": ""},
    "Severity": "UNKNOWN",
}
CURRENT = {
    "SchemaVersion": 2,
    "CreatedAt": "2026-11-22T23:59:00.000000000Z",
    "ArtifactName": "project",
    "ArtifactType": "filesystem",
    "Results": [
        {
            "Target": "requirements.txt",
            "Class": "lang-pkgs",
            "Type": "pip",
            "Vulnerabilities": [FOUND],
            "ExperimentalModifiedFindings": [
                {
                    "Type": "vulnerability",
                    "Status": "ignored",
                    "Statement": "not reachable",
                    "Source": ".trivyignore",
                    "Finding": {**FOUND, "VulnerabilityID": "CVE-2021-32811", "VendorIDs": ["PYSEC-2021-370"]},
                },
                {"Type": "vulnerability", "Status": "under_investigation", "Finding": FOUND},
                {"Type": "secret", "Status": "ignored", "Finding": {"RuleID": "aws"}},
            ],
        }
    ],
}


def test_trivy_is_read_as_it_writes_now_with_what_it_took_out() -> None:
    report = read(CURRENT)
    assert [(one.id, one.aliases, one.suppressed) for one in report.findings] == [
        ("CVE-2021-32807", ("PYSEC-2021-335",), False),
        ("CVE-2021-32811", ("PYSEC-2021-370",), True),
    ]
    assert report.findings[0].fixed_in == ("4.3",)
    assert report.unparsed == ()


def test_trivy_text_of_a_secret_is_not_kept() -> None:
    assert "AKIA" not in repr(read(REPORT))


def test_trivy_of_another_schema_is_an_error() -> None:
    with pytest.raises(FactError, match="expected Trivy's `SchemaVersion` 2, got 1"):
        read({"SchemaVersion": 1})


def test_trivy_go_module_has_the_letters_of_its_name_and_not_the_small_ones_of_its_purl() -> None:
    row = {
        "VulnerabilityID": "CVE-2024-23827",
        "PkgName": "github.com/0xJacky/Nginx-UI",
        "PkgIdentifier": {"PURL": "pkg:golang/github.com/0xjacky/nginx-ui@v1.9.9"},
    }
    report = read({"SchemaVersion": 2, "Results": [{"Target": "go.mod", "Vulnerabilities": [row]}]})
    assert [one.component.name for one in report.findings if one.component] == ["github.com/0xJacky/Nginx-UI"]
