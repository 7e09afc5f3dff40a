"""Trivy's JSON report, of schema version 2.

Rules:

1. Vulnerabilities, misconfigurations that failed, secrets and licences count. The text of a secret is not kept.
2. A package is what its purl names, a module of Go in the letters of its name beside it, which the purl has lost;
   without a purl (before Trivy 0.49) the finding has no component, and that is a gap.
3. Vulnerabilities that its ignore file or a VEX document took out (`--show-suppressed` writes them) are suppressed.
4. The score is the highest of those of all vendors; the level is Trivy's.

Source: Trivy documentation, "Reporting"; aquasecurity/trivy `pkg/types/report.go`.
"""

from typing import Any

from holdfast.errors import FactError
from holdfast.facts.reports._gathering import (
    ReportGathering,
    highest,
    inner,
    level_of,
    place,
    severity_of,
    text,
    texts,
)
from holdfast.facts.reports._spec import ReportSpec
from holdfast.model.component import Location
from holdfast.model.finding import Kind
from holdfast.model.reported import ReportedFinding

_TAKEN_OUT = frozenset({"ignored", "not_affected", "fixed"})
_SCORES = (("V40Score", "V40Vector"), ("V3Score", "V3Vector"))


def read(document: dict[str, Any], gathering: ReportGathering) -> None:
    """Add the findings of every target.

    Raises:
        FactError: another schema version.
    """
    if document.get("SchemaVersion") != 2:
        got = document.get("SchemaVersion")
        raise FactError(f"expected Trivy's `SchemaVersion` 2, got {got!r}", where=gathering.file)
    gathering.tool, gathering.version = "trivy", text(inner(document, "Trivy", "Version"))
    for result in gathering.listed(document.get("Results"), "Results"):
        target = result.get("Target")
        for one in gathering.listed(result.get("Vulnerabilities"), "Vulnerabilities"):
            gathering.add(_vulnerability(one, target, gathering))
        for modified in gathering.listed(result.get("ExperimentalModifiedFindings"), "ExperimentalModifiedFindings"):
            if modified.get("Type") == "vulnerability" and modified.get("Status") in _TAKEN_OUT:
                gathering.add(_vulnerability(modified.get("Finding"), target, gathering, suppressed=True))
        for one in gathering.listed(result.get("Misconfigurations"), "Misconfigurations"):
            if one.get("Status", "FAIL") == "FAIL":
                line = inner(one, "CauseMetadata", "StartLine")
                gathering.add(_other(one, Kind.MISCONFIGURATION, "ID", _places(target, line), one.get("Message")))
        for one in gathering.listed(result.get("Secrets"), "Secrets"):
            gathering.add(_other(one, Kind.SECRET, "RuleID", _places(target, one.get("StartLine")), one.get("Title")))
        for one in gathering.listed(result.get("Licenses"), "Licenses"):
            message = f"{text(one.get('PkgName'))}: {text(one.get('Name'))}"
            gathering.add(_other(one, Kind.LICENSE, "Name", _places(one.get("FilePath") or target), message))


def _places(path: object, line: object = None) -> tuple[Location, ...]:
    found = place(path, line)
    return () if found is None else (found,)


def _vulnerability(
    said: object, target: object, gathering: ReportGathering, *, suppressed: bool = False
) -> ReportedFinding:
    one: dict[str, Any] = said if isinstance(said, dict) else {}
    name = text(one.get("VulnerabilityID"))
    scores = one.get("CVSS")
    ratings = [
        severity_of(rating.get(score), rating.get(vector))
        for rating in (scores.values() if isinstance(scores, dict) else ())
        if isinstance(rating, dict)
        for score, vector in _SCORES
    ]
    package = text(one.get("PkgName"))
    return ReportedFinding(
        "trivy",
        Kind.MALICIOUS if name.startswith("MAL-") else Kind.VULNERABILITY,
        name,
        aliases=texts(one.get("VendorIDs")),
        component=gathering.component(inner(one, "PkgIdentifier", "PURL"), f"{name} {package}", package),
        locations=_places(one.get("PkgPath") or target),
        severity=highest(ratings),
        level=level_of(one.get("Severity")),
        message=text(one.get("Title")),
        fixed_in=texts(text(one.get("FixedVersion")).split(",")),
        suppressed=suppressed,
    )


def _other(
    one: dict[str, Any], kind: Kind, key: str, locations: tuple[Location, ...], message: object
) -> ReportedFinding:
    aliases = texts([one.get("AVDID")])
    level = level_of(one.get("Severity"))
    name = text(one.get(key))
    return ReportedFinding("trivy", kind, name, aliases, None, locations, level=level, message=text(message))


SPEC = ReportSpec(id="trivy", fits=lambda document: "SchemaVersion" in document, read=read)
