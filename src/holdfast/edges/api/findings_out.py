"""One finding with what explains it."""

from holdfast.edges.api.routes_advisories import advisories_out
from holdfast.edges.api.routes_mitigations import run_out
from holdfast.edges.api.wire import entries_out, to_wire
from holdfast.edges.api.wire_findings import EditOut, FindingDetail, FindingOut, FixOut, LocationOut
from holdfast.loop.turn import Turn
from holdfast.loop.views import exposure_view
from holdfast.model.fix import Fix


def detail_out(turn: Turn, finding: str) -> FindingDetail:
    """Return a finding with its advisories, fix, runs and timeline.

    Raises:
        NotFoundError: there is no such finding.
    """
    view = exposure_view(turn.tx, finding, turn.now, entries=0)
    return FindingDetail(
        to_wire(FindingOut, view.exposure),
        view.since,
        list(view.reasons),
        list(view.contradictions),
        advisories_out(turn.tx, list(view.advisories)),
        fix_out(view.fix) if view.fix else None,
        [run_out(run) for run in view.runs],
        entries_out(turn.tx.journal.about(finding)),
    )


def fix_out(fix: Fix) -> FixOut:
    """Return a fix as it is sent."""
    location = to_wire(LocationOut, fix.location) if fix.location else None
    edit = EditOut(*fix.edit) if fix.edit else None
    return FixOut(fix.version, fix.raise_name, fix.command, location, edit, fix.note)
