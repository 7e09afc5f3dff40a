"""Grype's JSON report.

Rules:

1. Matches count; those that rules or VEX documents took out are suppressed.
2. A package is what its purl names; without one the finding has no component, and that is a gap.
3. Aliases are the related vulnerabilities. The score is the highest of those given.

Source: anchore/grype, `grype/presenter/models/document.go`.
"""

from typing import Any

from holdfast.facts.reports._gathering import (
    ReportGathering,
    highest,
    inner,
    level_of,
    objects,
    place,
    severity_of,
    text,
    texts,
)
from holdfast.facts.reports._spec import ReportSpec
from holdfast.model.finding import Kind
from holdfast.model.reported import ReportedFinding


def read(document: dict[str, Any], gathering: ReportGathering) -> None:
    """Add every match."""
    gathering.tool, gathering.version = "grype", text(inner(document, "descriptor", "version"))
    for key in ("matches", "ignoredMatches"):
        for match in gathering.listed(document.get(key), key):
            gathering.add(_finding(match, gathering, suppressed=key == "ignoredMatches"))


def _finding(match: dict[str, Any], gathering: ReportGathering, *, suppressed: bool) -> ReportedFinding:
    said, artifact = match.get("vulnerability"), match.get("artifact")
    name = text(inner(said, "id"))
    related = list(objects(match.get("relatedVulnerabilities")))
    rated = [inner(said, "cvss"), *(one.get("cvss") for one in related)]
    rows = [one for listed in rated for one in objects(listed)]
    ratings = [severity_of(inner(one, "metrics", "baseScore"), one.get("vector")) for one in rows]
    package = text(inner(artifact, "name"))
    places = [place(inner(one, "path")) for one in objects(inner(artifact, "locations"))]
    return ReportedFinding(
        "grype",
        Kind.MALICIOUS if name.startswith("MAL-") else Kind.VULNERABILITY,
        name,
        aliases=texts([one.get("id") for one in related if one.get("id") != name]),
        component=gathering.component(inner(artifact, "purl"), f"{name} {package}", package),
        locations=tuple(dict.fromkeys(one for one in places if one is not None)),
        severity=highest(ratings),
        level=level_of(inner(said, "severity")),
        message=text(inner(said, "description")),
        fixed_in=texts(inner(said, "fix", "versions")),
        suppressed=suppressed,
    )


def _fits(document: dict[str, Any]) -> bool:
    return "matches" in document and "descriptor" in document


SPEC = ReportSpec(id="grype", fits=_fits, read=read)
