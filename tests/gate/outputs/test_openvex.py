"""OpenVEX 0.2.0: what its specification demands of a document and of each statement."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from holdfast.findings.waivers import JUSTIFICATIONS
from holdfast.gate.outputs.openvex import CONTEXT as NAMESPACE
from holdfast.gate.outputs.openvex import SPEC
from holdfast.model.instant import parse_instant
from tests.gate.outputs.samples import CONTEXT, HEAD, make


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SPEC.render(make(), CONTEXT))
    return found


def by_name() -> dict[str, dict[str, Any]]:
    return {one["vulnerability"]["name"]: one for one in document()["statements"]}


def test_a_document_has_all_that_is_required() -> None:
    found = document()
    assert found["@context"] == NAMESPACE == "https://openvex.dev/ns/v0.2.0"
    assert found["@id"].startswith("https://openvex.dev/docs/")
    assert found["author"]
    assert parse_instant(found["timestamp"]) == CONTEXT.now
    assert found["version"] == 1


def test_nothing_stands_in_it_that_the_published_schema_does_not_know() -> None:
    found = document()
    assert set(found) <= {"@context", "@id", "author", "role", "timestamp", "version", "tooling", "statements"}
    words = {"justification", "action_statement", "status_notes"}
    for one in found["statements"]:
        assert set(one) <= {"vulnerability", "products", "status"} | words
        assert set(one["vulnerability"]) <= {"name", "aliases"}
        assert all(set(product) == {"@id", "identifiers"} for product in one["products"])


def test_a_statement_has_what_its_status_demands() -> None:
    for one in document()["statements"]:
        assert one["vulnerability"]["name"]
        assert all(product["@id"].startswith("pkg:") for product in one["products"])
        assert one["status"] in {"not_affected", "affected", "fixed", "under_investigation"}
        assert ("justification" in one) is (one["status"] == "not_affected")
        assert ("action_statement" in one) is (one["status"] == "affected")
        assert one.get("justification", JUSTIFICATIONS[0]) in JUSTIFICATIONS


def test_statuses_come_from_waivers_and_verdicts() -> None:
    found = by_name()
    names = ("GHSA-a-b-c", "CVE-2026-2", "CVE-2026-3", "CVE-2026-4", "CVE-2026-5", "CVE-2020-2")
    assert [found[name]["status"] for name in names] == [
        "affected",
        "under_investigation",  # no fix is known
        "not_affected",
        "affected",
        "affected",  # its waiver is void
        "fixed",
    ]
    assert found["GHSA-a-b-c"]["action_statement"] == "npm install left-pad@2.0.0"
    assert found["CVE-2026-4"]["action_statement"] == "workaround_available: see the plan"
    assert found["GHSA-a-b-c"]["vulnerability"]["aliases"] == ["CVE-2026-1"]
    assert found["CVE-2020-2"]["products"][0]["@id"] == "pkg:npm/mended@2.0.0"


def test_what_went_with_its_package_is_not_called_fixed() -> None:
    gone = json.loads(SPEC.render(make((), gaps=()), CONTEXT))["statements"]
    assert sorted(one["vulnerability"]["name"] for one in gone) == ["CVE-2020-1", "CVE-2020-2"]
    without = json.loads(SPEC.render(make((), gaps=()), type(CONTEXT)(CONTEXT.now)))["statements"]
    assert without == []


def test_nothing_is_said_twice() -> None:
    twice = replace(HEAD[0], tools=("holdfast", "other"))
    said = json.loads(SPEC.render(make((HEAD[0], twice)), CONTEXT))["statements"]
    assert len(said) == len({json.dumps(one) for one in said}) == 3


def test_the_id_hangs_on_what_is_said_and_when() -> None:
    later = type(CONTEXT)(CONTEXT.now + timedelta(days=1), "shop", sbom=CONTEXT.sbom)
    ids = {
        json.loads(SPEC.render(decision, context))["@id"]
        for decision, context in ((make(), CONTEXT), (make(()), CONTEXT), (make(), later))
    }
    assert len(ids) == 3
