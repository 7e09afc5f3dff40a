"""GitLab's dependency scanning report, held to what its schema 15 demands."""

import json
import re
import uuid
from dataclasses import replace
from typing import Any

from holdfast.gate.outputs.gl_dependency_scanning import SPEC
from holdfast.model.advisory import Severity
from holdfast.model.finding import Kind
from tests.gate.findings import finding
from tests.gate.outputs.samples import CONTEXT, make

SEVERITIES = {"Info", "Unknown", "Low", "Medium", "High", "Critical"}


def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SPEC.render(make(), CONTEXT))
    return found


def test_the_scan_has_all_that_is_required() -> None:
    found = report()
    assert re.fullmatch(r"15\.\d+\.\d+", found["version"])
    scan = found["scan"]
    assert (scan["type"], scan["status"]) == ("dependency_scanning", "success")
    assert scan["start_time"] == scan["end_time"] == "2026-06-01T12:00:00"  # UTC, without a zone: the schema's pattern
    for tool in (scan["analyzer"], scan["scanner"]):
        assert all(tool[name] for name in ("id", "name", "version"))
        assert tool["vendor"]["name"]


def test_a_vulnerability_has_all_that_is_required() -> None:
    found = report()["vulnerabilities"]
    assert len({one["id"] for one in found}) == len(found) == 10
    for one in found:
        assert str(uuid.UUID(one["id"])) == one["id"]
        assert one["severity"] in SEVERITIES
        assert len(one["name"]) <= 255
        assert len(one["solution"]) <= 7000
        assert 1 <= len(one["identifiers"]) <= 20
        assert all(name["type"] and name["name"] and name["value"] for name in one["identifiers"])
        assert all(link["url"].startswith("https://") for link in one["links"])
        assert one["location"]["file"].startswith("services/shop/")
        assert one["location"]["dependency"]["package"]["name"]
        assert one["location"]["dependency"]["version"]


def test_severities_are_gitlabs_words_and_no_score_is_unknown() -> None:
    rated = {one["identifiers"][0]["value"]: one["severity"] for one in report()["vulnerabilities"]}
    names = ("GHSA-a-b-c", "CVE-2026-3", "CVE-2026-2", "CVE-2026-6", "CVE-2026-7", "MAL-2026-1")
    assert [rated[name] for name in names] == ["Critical", "High", "Medium", "Low", "Unknown", "Critical"]


def test_old_findings_are_there_too_and_what_is_not_affected_is_flagged() -> None:
    found = {one["identifiers"][0]["value"]: one for one in report()["vulnerabilities"]}
    assert "CVE-2020-1" in found
    assert [name for name, one in found.items() if "flags" in one] == ["CVE-2026-3"]
    assert found["CVE-2026-3"]["flags"][0]["type"] == "flagged-as-likely-false-positive"


def test_identifiers_are_typed_and_the_own_id_is_first() -> None:
    (one,) = [one for one in report()["vulnerabilities"] if one["identifiers"][0]["value"] == "GHSA-a-b-c"]
    assert [name["type"] for name in one["identifiers"]] == ["ghsa", "cve"]


def test_texts_are_spans_of_code_whatever_the_names() -> None:
    for one in report()["vulnerabilities"]:
        for text in (one["solution"], one["description"]):
            assert re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text).strip(": ") == ""


def test_a_vector_that_the_schema_refuses_is_left_out() -> None:
    good = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    for vector, expected in ((good, good), (good + "/X:Y", None), ("CVSS:4.0/AV:N/AC:L", None), ("AV:N/AC:L", None)):
        one = replace(finding(), severity=Severity(9.8, vector))
        (found,) = json.loads(SPEC.render(make((one,)), CONTEXT))["vulnerabilities"]
        assert found.get("cvss_vectors", [{"vector": None}])[0]["vector"] == expected


def test_a_finding_in_no_package_has_no_place_in_it() -> None:
    licence = finding(kind=Kind.LICENSE)
    assert json.loads(SPEC.render(make((licence,)), CONTEXT))["vulnerabilities"] == []
