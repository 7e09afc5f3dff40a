"""An advisory arrives by push: one record of an org's own, judged at once.

The record is compiled, kept by revision in the org's layer, its alias cluster brought up to date, and only the
components that it names (now or in its revision before) are judged; with them the exposures whose fix it moves.
"""

from typing import Any

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.loop.alias_clusters import keep_records
from holdfast.loop.neighbours import find_neighbours
from holdfast.loop.reconcile import reconcile
from holdfast.loop.turn import Turn
from holdfast.model.advisory import Compiled
from holdfast.model.exposure import State
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import Permission


@frozen
class PushOutcome:
    """What a pushed record did. `matched` counts live exposures of its cluster.

    `problems` are parts of the record that have no meaning; the others count.
    """

    advisory: str
    changed: bool
    cluster: str
    exposures: tuple[str, ...]
    matched: int
    problems: tuple[str, ...]


def push_advisory(turn: Turn, data: bytes | dict[str, Any], *, where: str | None = None) -> PushOutcome:
    """Take one OSV record into the org's own layer and judge what it touches.

    Raises:
        ControlError: it is not an OSV record at all.
    """
    turn.require(Permission.ADVISORIES_WRITE)
    compiled = compile_advisory(parse_osv(data, where=where))
    return take_advisories(turn, [compiled])[0]


def take_advisories(turn: Turn, records: list[Compiled]) -> list[PushOutcome]:
    """Keep several compiled records in one transaction and judge all they touch once."""
    revised = turn.tx.clusters.of([record.advisory.id for record in records]).keys()
    kept = keep_records(turn.tx, records, turn.now)
    changed = [record for record in records if record.advisory.id in kept.changed]
    for record in changed:
        _journal(turn, record)
    homes = turn.tx.clusters.of([record.advisory.id for record in records])
    touched = kept.clusters | find_neighbours(turn.tx, changed, revised) if kept.clusters else ()
    transitions = reconcile(turn, clusters=sorted(touched)) if touched else []
    live = [one for one in turn.tx.exposures.of_clusters(sorted(set(homes.values()))) if one.is_live]
    out = []
    for record in records:
        cluster = homes[record.advisory.id]
        moved = tuple(dict.fromkeys(step.after.id for step in transitions if step.after.cluster == cluster))
        matched = sum(one.cluster == cluster and one.state is not State.RESOLVED for one in live)
        out.append(
            PushOutcome(
                record.advisory.id,
                record.advisory.id in kept.changed,
                cluster,
                moved,
                matched,
                record.advisory.problems,
            )
        )
    return out


def _journal(turn: Turn, record: Compiled) -> None:
    advisory = record.advisory
    body = {
        "id": advisory.id,
        "digest": advisory.digest,
        "modified": format_instant(advisory.modified) if advisory.modified else None,
        "withdrawn": format_instant(advisory.withdrawn) if advisory.withdrawn else None,
        "problems": list(advisory.problems),
        "by": turn.actor,
    }
    turn.tx.journal.append("advisory.recorded", body)
