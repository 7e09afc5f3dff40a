"""CycloneDX with vulnerabilities, held to the published schema."""

import json
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from holdfast.facts.sbom import read_sbom
from holdfast.gate.outputs.cyclonedx import SPEC
from tests.gate.outputs.samples import CONTEXT, EVIL, make


def by_id(text: str) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in json.loads(text)["vulnerabilities"]}


def test_documents_are_valid_by_the_published_schema() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for decision in (make(), make(base=None), make((), (), gaps=())):
        assert validator.validate_str(SPEC.render(decision, CONTEXT)) is None


def test_every_vulnerability_points_at_a_component_of_the_document() -> None:
    document = json.loads(SPEC.render(make(), CONTEXT))
    known = {one["bom-ref"] for one in document["components"]}
    assert len(document["vulnerabilities"]) == 10
    assert all(ref["ref"] in known for one in document["vulnerabilities"] for ref in one["affects"])
    references = [one["bom-ref"] for one in document["vulnerabilities"]]
    assert len(set(references)) == len(references)


def test_the_analysis_follows_the_waivers() -> None:
    found = by_id(SPEC.render(make(), CONTEXT))
    excused = found["CVE-2026-3"]["analysis"]
    assert (excused["state"], excused["justification"]) == ("not_affected", "code_not_reachable")
    assert "vulnerable_code_not_in_execute_path" in excused["detail"]
    borne = found["CVE-2026-4"]["analysis"]
    assert (borne["state"], borne["response"]) == ("exploitable", ["workaround_available"])
    assert found["GHSA-a-b-c"]["analysis"]["response"] == ["update"]
    assert found["CVE-2026-2"]["analysis"]["state"] == "in_triage"
    assert found["CVE-2026-5"]["analysis"]["state"] == "exploitable"  # its waiver is void


def test_the_serial_number_hangs_on_the_vulnerabilities_too() -> None:
    numbers = {json.loads(SPEC.render(make(*given), CONTEXT))["serialNumber"] for given in ((), ((), ()))}
    assert len(numbers) == 2


def test_the_composition_reads_back_as_it_was() -> None:
    parsed = read_sbom("build.cdx.json", SPEC.render(make(), CONTEXT).encode())
    expected = {one.component for one in CONTEXT.sbom.occurrences if one.component.name != EVIL}
    assert {one.component for one in parsed.occurrences} >= expected  # a purl keeps no double slash, which that has
