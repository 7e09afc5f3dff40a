"""Vulnerabilities of CycloneDX JSON 1.4 to 1.7, with the analysis that makes them VEX.

Rules:

1. What a vulnerability affects is the component, or the described product, whose reference it names, each one finding.
   A reference may also be a purl. One that is neither in the document nor a purl is a gap, and the finding stays.
2. `not_affected`, `false_positive` and `resolved` are suppressed; all other states, and none, are not.
3. Aliases are its references. The score is the highest rating; the level that rating's.

Source: CycloneDX specification, JSON reference, `vulnerabilities`.
"""

from typing import Any

from holdfast.facts.reports._gathering import (
    ReportGathering,
    highest,
    inner,
    level_of,
    objects,
    severity_of,
    text,
    texts,
)
from holdfast.facts.reports._spec import ReportSpec
from holdfast.model.finding import Kind
from holdfast.model.reported import LEVELS, ReportedFinding

_CLEARED = ("not_affected", "false_positive", "resolved", "resolved_with_pedigree")
_MAX_NESTING = 64


def read(document: dict[str, Any], gathering: ReportGathering) -> None:
    """Add what every vulnerability affects."""
    tools = inner(document, "metadata", "tools")
    listed = list(objects(tools)) or list(objects(inner(tools, "components")))
    gathering.tool = next((text(one.get("name")) for one in listed if text(one.get("name"))), "cyclonedx")
    gathering.version = next((text(one.get("version")) for one in listed if text(one.get("name"))), "")
    known = _named(document)
    for one in gathering.listed(document.get("vulnerabilities"), "vulnerabilities"):
        name = text(one.get("id"))
        if not name:
            gathering.skip("a vulnerability without id")
            continue
        affected = [text(inner(what, "ref")) for what in objects(one.get("affects"))] or [""]
        for reference in affected:
            gathering.add(_finding(one, name, reference, known, gathering))


def _named(document: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """Return reference → purl and name of every component, the described one included."""
    found: dict[str, tuple[object, object]] = {}
    level = [*objects([inner(document, "metadata", "component")]), *objects(document.get("components"))]
    for _ in range(_MAX_NESTING):
        found |= {text(one.get("bom-ref")): (one.get("purl"), one.get("name")) for one in level if one.get("bom-ref")}
        level = [inside for one in level for inside in objects(one.get("components"))]
    return found


def _finding(
    one: dict[str, Any],
    name: str,
    reference: str,
    known: dict[str, tuple[object, object]],
    gathering: ReportGathering,
) -> ReportedFinding:
    component = None
    if reference in known or reference.startswith("pkg:"):
        purl, package = known.get(reference, (None, None))
        component = gathering.component(purl or reference, f"{name} {reference}", package)
    else:
        gathering.skip(f"`{name}` affects `{reference}`, which is not in the document")
    ratings = list(objects(one.get("ratings")))
    levels = [level for rating in ratings if (level := level_of(rating.get("severity")))]
    return ReportedFinding(
        gathering.tool,
        Kind.MALICIOUS if name.startswith("MAL-") else Kind.VULNERABILITY,
        name,
        aliases=texts([reference.get("id") for reference in objects(one.get("references"))]),
        component=component,
        severity=highest(severity_of(rating.get("score"), rating.get("vector")) for rating in ratings),
        level=min(levels, key=LEVELS.index, default=""),
        message=text(one.get("description") or inner(one, "analysis", "detail")),
        suppressed=inner(one, "analysis", "state") in _CLEARED,
    )


def _fits(document: dict[str, Any]) -> bool:
    return document.get("bomFormat") == "CycloneDX" and "vulnerabilities" in document


SPEC = ReportSpec(id="cyclonedx", fits=_fits, read=read)
