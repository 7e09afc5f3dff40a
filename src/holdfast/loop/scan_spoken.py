"""A scan, and what VEX documents say of what it found.

What a document clears is no finding of the scan any more, and stays visible beside it. A scan has no policy: anybody's
word counts, and what is known to be exploited, or was made to harm, stays a finding.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from holdfast.findings.vex import Said, Vex, VexLimits, find_said
from holdfast.loop.gate_json import said_to_json
from holdfast.loop.gate_side import finding_of
from holdfast.loop.scan import ScanReport
from holdfast.loop.scan_findings import ScanFinding
from holdfast.model.frozen import frozen


@frozen
class Spoken:
    """A finding of which documents speak."""

    finding: ScanFinding
    said: Said


def speak(report: ScanReport, vex: Vex, now: datetime) -> tuple[ScanReport, tuple[Spoken, ...]]:
    """Return a report without what documents clear, and all that they speak of."""
    if not vex.statements:
        return report, ()
    found = [(one, find_said(finding_of(one), vex, VexLimits(), now)) for one in report.findings]
    kept = tuple(one for one, said in found if said is None or not said.clears)
    spoken = tuple(Spoken(one, said) for one, said in found if said is not None)
    return replace(report, findings=kept), spoken


def spoken_to_json(spoken: Sequence[Spoken], notes: Sequence[str]) -> dict[str, Any]:
    """Return what a scan's document has more where VEX documents were given."""
    return {
        "vex": [
            {
                "advisory": one.finding.advisory,
                "aliases": list(one.finding.members),
                "purl": one.finding.purl,
                **said_to_json(one.said),
            }
            for one in spoken
        ],
        "notes": list(notes),
    }
