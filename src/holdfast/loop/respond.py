"""Exposures open and end; plans answer.

Rules:
1. One run per exposure: a second look at an exposure that has a living run changes nothing.
2. Everything is read once per transaction, so that an advisory that hits a thousand services is answered in seconds.
3. What would change is simulated and journaled before anything acts.
4. When an exposure ends, what has not begun is dropped and what has begun is undone. One that ended because it was
   merged into another keeps its mitigation: its runs are handed over to the one that survives.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from holdfast.loop.respond_people import (
    Preview,
    approve,
    is_paused,
    pause,
    plan_preview,
    reject,
    request_run,
    undo,
)
from holdfast.loop.respond_plans import PlanReader, changes_to_json, journal_run, simulate
from holdfast.mitigations.autonomy import ALIVE, AUTOMATION, Circumstances, decide
from holdfast.model.exposure import Ending, Exposure, State
from holdfast.model.run import Run, RunState
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction

__all__ = [
    "Preview",
    "approve",
    "is_paused",
    "pause",
    "plan_preview",
    "reject",
    "release_runs",
    "request_run",
    "respond",
    "undo",
]

_NOT_BEGUN = frozenset({RunState.SUGGESTED, RunState.AWAITING, RunState.APPROVED})
_ENDED = frozenset({RunState.OBSERVED, RunState.REJECTED, RunState.UNDONE})


def _not_stale(_: Exposure) -> str | None:
    return None


def respond(
    tx: Transaction,
    exposures: Sequence[Exposure],
    now: datetime,
    ids: Ids,
    stale: Callable[[Exposure], str | None] = _not_stale,
) -> list[Run]:
    """Plan a run for every opened or regressed exposure that a plan applies to; returns the new runs.

    `stale` says of an exposure why the facts behind it are too old to act on by itself, `None` when they are not.
    """
    open_ones = [one for one in exposures if one.state in {State.OPEN, State.REGRESSED}]
    earlier: dict[str, list[Run]] = {}
    for run in tx.runs.of_exposures([one.id for one in open_ones]) if open_ones else ():
        earlier.setdefault(run.exposure, []).append(run)
    reader = PlanReader(tx, many=len(open_ones) > 20)
    out = []
    for exposure in open_ones:
        made = _respond_one(reader, exposure, earlier.get(exposure.id, []), now, ids=ids, stale=stale(exposure))
        if made is not None:
            out.append(made)
    return out


def _respond_one(
    reader: PlanReader, exposure: Exposure, earlier: Sequence[Run], now: datetime, *, ids: Ids, stale: str | None
) -> Run | None:
    if any(run.state in ALIVE for run in earlier):
        return None
    chosen = reader.choose(exposure, now)
    if chosen is None:
        return None
    plan, verdict = chosen
    run = reader.make_run(exposure, plan, ids.new("run"), AUTOMATION, now)
    simulation = simulate(run, now, reader.world(run.environment))
    circumstances = Circumstances(
        stale=stale or _doubt(exposure),
        overruled="an earlier run for this exposure ended; a person decides about another" if earlier else None,
        not_simulated=simulation.problem,
    )
    decision = decide(plan.level(exposure.environment), verdict, circumstances)
    if decision is None:
        return None
    run = replace(run, state=decision.state, level=decision.level, held=decision.held)
    reader.tx.runs.save(run)
    steps = [{"action": step.step.action, "arguments": dict(step.step.arguments)} for step in run.steps]
    changes = changes_to_json(simulation.changes)
    journal_run(
        reader.tx, "run.planned", run, AUTOMATION, level=run.level.value, held=run.held, steps=steps, changes=changes
    )
    return run


def _doubt(exposure: Exposure) -> str | None:
    return None if exposure.confidence == "high" else f"the match is of {exposure.confidence} confidence"


def release_runs(tx: Transaction, exposures: Sequence[Exposure], now: datetime) -> list[Run]:
    """Let go of the runs of exposures that ended; returns the runs that changed.

    The engine undoes released runs; nothing holds that back.
    """
    ended = {one.id: one for one in exposures if one.state is State.RESOLVED and one.ending is not Ending.MERGED}
    out = []
    for run in tx.runs.of_exposures(list(ended)) if ended else ():
        if run.state in _ENDED or run.released:
            continue
        exposure = ended[run.exposure]
        if run.state in _NOT_BEGUN:
            changed = replace(run, state=RunState.REJECTED, held="the exposure ended before it began", updated_at=now)
            kind = "run.dropped"
        else:
            changed, kind = replace(run, released=True, updated_at=now), "run.released"
        tx.runs.save(changed)
        ending = exposure.ending.value if exposure.ending else None
        journal_run(tx, kind, changed, AUTOMATION, ending=ending)
        out.append(changed)
    return out
