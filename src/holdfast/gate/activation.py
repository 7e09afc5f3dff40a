"""What a rule of a policy reads of a finding, in the names of `policy.POLICY_SCHEMA`."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from holdfast.gate.deadlines import Deadline
from holdfast.gate.score import UNSCORED
from holdfast.model.finding import Finding, Kind

if TYPE_CHECKING:  # `decide` asks rules, and says what a build is bound for
    from holdfast.gate.decide import Bound

DAY_S = 86400.0


def activation_of(
    finding: Finding, bound: "Bound", *, is_new: bool, deadline: Deadline | None, now: datetime
) -> dict[str, object]:
    """Return what a rule reads of a finding; what is not known is missing."""
    component = finding.component
    due_at = deadline.due_at if deadline else None
    first = next(iter(finding.locations), None)
    fields: dict[str, object] = {
        "id": finding.id,
        "aliases": list(finding.ids),
        "kind": finding.kind.value,
        "summary": finding.title,
        "cvss": UNSCORED if finding.score is None else finding.score,
        "scored": finding.score is not None,
        "known_exploited": finding.known_exploited,
        "epss": finding.epss,
        "automatable": finding.automatable,
        "total_impact": finding.total_impact,
        "malicious": finding.kind is Kind.MALICIOUS,
        "state": finding.state.value,
        "fix_available": finding.fix is not None,
        "fix_version": finding.fix.version if finding.fix else None,
        "introduced_here": is_new,
        "confidence": finding.confidence,
        "tools": list(finding.tools),
        "file": first.file if first else None,
        "age_days": (now - finding.applicable_at).total_seconds() / DAY_S if finding.applicable_at else None,
        "days_left": (due_at - now).total_seconds() / DAY_S if due_at else None,
    }
    place = {"name": bound.environment or None, "tier": bound.environment_tier, "exposure": bound.exposure.value}
    service = {
        "name": bound.service or None,
        "team": bound.team or None,
        "tier": bound.tier,
        "exposure": bound.reach.value,
    }
    out: dict[str, object] = {"finding": _present(fields), "service": _present(service), "environment": _present(place)}
    if component is not None and finding.occurrence is not None:
        occurrence = finding.occurrence
        out["component"] = _present(
            {
                "ecosystem": component.ecosystem,
                "name": component.name,
                "version": component.version,
                "purl": component.purl,
                "direct": occurrence.direct,
                "scope": occurrence.scope.value,
                "source": component.source.value,
                "licenses": list(occurrence.licenses),
            }
        )
    return out


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
