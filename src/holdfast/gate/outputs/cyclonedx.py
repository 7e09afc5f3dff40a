"""CycloneDX 1.6: the composition with its vulnerabilities, and the analysis of each.

The states are those of `_vex`: `exploitable` is its `affected`, `in_triage` its `under_investigation`. It has no clock
in it: the same decision gives the same bytes, and another one another serial number.

Source: CycloneDX 1.6, bom-1.6.schema.json; the tests hold the documents to it.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import msgspec

from holdfast.facts.sbom_writer import reference_of, write_cyclonedx
from holdfast.findings.waiver_read import RESPONSES
from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._vex import Statement, spoken_of, statement_of
from holdfast.gate.outputs._words import clean, digest, headline, remedy, severity
from holdfast.gate.outputs.sarif import address_of
from holdfast.model.finding import Finding, Kind

_STATES = {
    "not_affected": "not_affected",
    "affected": "exploitable",
    "under_investigation": "in_triage",
    "fixed": "resolved",
}
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
_METHODS = (("CVSS:4", "CVSSv4"), ("CVSS:3.1", "CVSSv31"), ("CVSS:3.0", "CVSSv3"), ("AV:", "CVSSv2"))
_ABOVE = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
Json = dict[str, Any]


def render(decision: Decision, context: OutputContext) -> str:
    """Return the document."""
    text = write_cyclonedx(context.sbom, name=context.service or context.root or "build", version="", now=None)
    document = msgspec.json.decode(text)
    known = {reference_of(one) for one in context.sbom.occurrences}
    document["vulnerabilities"] = list(_vulnerabilities(decision, known))
    said = msgspec.json.encode(document).decode()
    document["serialNumber"] = f"urn:uuid:{uuid.UUID(digest(said), version=5)}"
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _vulnerabilities(decision: Decision, known: set[str]) -> Iterator[Json]:
    """Yield one for each finding in a package; `bom-ref` names the pair, so that none occurs twice."""
    seen: set[str] = set()
    for one in spoken_of(decision):
        reference = reference_of(one.finding.occurrence) if one.finding.occurrence else ""
        name = f"{clean(one.finding.id, 200)}@{reference}"
        if name not in seen:
            seen.add(name)
            affects = {"affects": [{"ref": reference}]} if reference in known else {}
            yield {"bom-ref": name} | _vulnerability(one) | affects


def _vulnerability(one: Judged) -> Json:
    finding = one.finding
    aliases = [clean(name, 200) for name in finding.ids if name != finding.id]
    out: Json = {
        "id": clean(finding.id, 200),
        "source": {"name": "OSV", "url": address_of(finding)},
        "description": clean(finding.title or headline(finding)),
        "recommendation": remedy(finding),
        "ratings": [_rating(finding)],
        "analysis": _analysis(statement_of(one)),
    }
    if aliases:
        out["references"] = [{"id": name, "source": {"name": "OSV"}} for name in sorted(set(aliases))]
    return out


def _rating(finding: Finding) -> Json:
    score, vector = severity(finding), finding.severity.vector if finding.severity else None
    if finding.kind is Kind.MALICIOUS or finding.score is None or score is None:
        return {"severity": "critical" if finding.kind is Kind.MALICIOUS else "unknown"}
    word = next((word for least, word in _ABOVE if score >= least), "none")
    method = next((name for start, name in _METHODS if vector and vector.startswith(start)), "other")
    return {"score": score, "severity": word, "method": method} | ({"vector": clean(vector, 200)} if vector else {})


def _analysis(said: Statement) -> Json:
    out: Json = {"state": _STATES[said.status]}
    if said.justification in _JUSTIFICATIONS:
        out["justification"] = _JUSTIFICATIONS[said.justification]
    if said.response in RESPONSES:
        out["response"] = [said.response]
    detail = "; ".join(text for text in (said.justification, said.impact, said.action, said.notes) if text)
    return out | ({"detail": detail} if detail else {})


SPEC = OutputSpec("cyclonedx", "cdx.json", "CycloneDX 1.6 with vulnerabilities and their analysis", render)
