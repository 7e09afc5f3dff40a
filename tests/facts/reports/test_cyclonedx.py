"""Vulnerabilities of CycloneDX."""

import pytest

from holdfast.facts.reported import read_report
from holdfast.model.advisory import Severity
from tests.facts.reports.reading import gaps, read
from tests.shared import SHARED_DATA, needs_shared

DOCUMENT = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {"tools": [{"name": "dependency-check", "version": "9"}], "component": {"bom-ref": "shop"}},
    "components": [{"bom-ref": "a", "purl": "pkg:npm/a@1", "components": [{"bom-ref": "b", "purl": "pkg:npm/b@2"}]}],
    "vulnerabilities": [
        {
            "id": "CVE-1",
            "references": [{"id": "GHSA-1"}],
            "ratings": [{"score": 5.0, "severity": "medium"}, {"score": 9.1, "severity": "critical", "vector": "V"}],
            "description": "bad",
            "affects": [{"ref": "a"}, {"ref": "b"}],
        },
        {"id": "CVE-2", "affects": [{"ref": "pkg:npm/c@3"}], "analysis": {"state": "not_affected"}},
        {"id": "CVE-3", "affects": [{"ref": "urn:cdx:x"}], "analysis": {"state": "in_triage", "detail": "later"}},
        {"affects": []},
    ],
}


def test_cyclonedx_vulnerability_is_a_finding_for_each_that_it_affects() -> None:
    report = read(DOCUMENT)
    found = [(one.id, one.component.purl if one.component else None, one.suppressed) for one in report.findings]
    assert found == [
        ("CVE-1", "pkg:npm/a@1", False),
        ("CVE-1", "pkg:npm/b@2", False),
        ("CVE-2", "pkg:npm/c@3", True),
        ("CVE-3", None, False),
    ]
    first = report.findings[0]
    assert (first.tool, first.aliases, first.severity) == ("dependency-check", ("GHSA-1",), Severity(9.1, "V"))
    assert (first.level, first.message) == ("critical", "bad")
    assert gaps(report) == ["`CVE-3` affects `urn:cdx:x`, which is not in the document", "a vulnerability without id"]


@needs_shared
@pytest.mark.parametrize(
    ("case", "states"),
    [
        ("Case-1-vex-affected", {"CVE-2021-44228": False}),
        ("Case-1-vex-fixed", {"CVE-2021-44228": True}),
        ("Case-1-vex-not_affected", {"CVE-2021-44228": True}),
        ("Case-1-vex-under_investigation", {"CVE-2021-44228": False}),
        ("Case-5-vex", {"CVE-2021-44228": False}),
    ],
)
def test_cyclonedx_vex_of_real_cases_has_their_states(case: str, states: dict[str, bool]) -> None:
    name = f"VEX-CISA-Use-Cases-{case}.json"
    report = read_report(name, (SHARED_DATA / "sbom" / name).read_bytes())
    assert {one.id: one.suppressed for one in report.findings} == states


def test_cyclonedx_go_module_has_the_letters_of_its_name_and_not_the_small_ones_of_its_purl() -> None:
    purl = "pkg:golang/github.com/0xjacky/nginx-ui@v1.9.9"
    component = {"bom-ref": "a", "type": "library", "name": "github.com/0xJacky/Nginx-UI", "purl": purl}
    affects = {"id": "CVE-2024-23827", "affects": [{"ref": "a"}]}
    report = read({"bomFormat": "CycloneDX", "components": [component], "vulnerabilities": [affects]})
    assert [one.component.name for one in report.findings if one.component] == ["github.com/0xJacky/Nginx-UI"]
