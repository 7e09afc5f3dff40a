"""One finding with what explains it."""

from holdfast.edges.api.routes_advisories import advisories_out
from holdfast.edges.api.routes_mitigations import run_out
from holdfast.edges.api.wire import entries_out, to_wire
from holdfast.edges.api.wire_findings import EditOut, FindingDetail, FindingOut, FixOut, LocationOut
from holdfast.loop.turn import Turn
from holdfast.loop.view_exposure import fix_of
from holdfast.model.fix import Fix


def detail_out(turn: Turn, finding: str) -> FindingDetail:
    """Return a finding with its advisories, fix, runs and timeline.

    Raises:
        NotFoundError: there is no such finding.
    """
    exposure = turn.tx.exposures.get(finding)
    fix = fix_of(turn.tx, exposure)
    records = turn.tx.advisories.of_clusters([exposure.cluster]).get(exposure.cluster, ())
    return FindingDetail(
        to_wire(FindingOut, exposure),
        advisories_out(turn.tx, list(records)),
        fix_out(fix) if fix else None,
        [run_out(run) for run in turn.tx.runs.of_exposures([exposure.id])],
        entries_out(turn.tx.journal.about(exposure.id)),
    )


def fix_out(fix: Fix) -> FixOut:
    """Return a fix as it is sent."""
    location = to_wire(LocationOut, fix.location) if fix.location else None
    edit = EditOut(*fix.edit) if fix.edit else None
    return FixOut(fix.version, fix.raise_name, fix.command, location, edit, fix.note)
