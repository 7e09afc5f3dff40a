"""Exposures open and end; plans answer.

Rules:
1. One run per exposure: a second look at an exposure that has a living run changes nothing.
2. Everything is read once per transaction, so that an advisory that hits a thousand services is answered in seconds.
3. What would change is simulated and journaled before anything acts. Where a run waits for people, they are asked.
4. When an exposure ends, what has not begun is dropped and what has begun is undone. One that ended because it was
   merged into another keeps its mitigation: its runs are handed over to the one that survives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from holdfast.loop.approvals import ask_people
from holdfast.loop.drills import DrillReader
from holdfast.loop.guards import get_guards
from holdfast.loop.lasting import ENDED, stays
from holdfast.loop.respond_begun import undo
from holdfast.loop.respond_people import (
    Preview,
    approve,
    is_paused,
    pause,
    plan_preview,
    reject,
    request_run,
)
from holdfast.loop.respond_plans import PlanReader, changes_to_json, journal_run, simulate
from holdfast.loop.world import load_shares, share_of
from holdfast.mitigations.autonomy import ALIVE, AUTOMATION, Circumstances, decide
from holdfast.mitigations.guards import find_too_wide
from holdfast.model.exposure import Ending, Exposure, State
from holdfast.model.guard import Guards
from holdfast.model.plan import Autonomy
from holdfast.model.run import Run, RunState
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction
from holdfast.ports.world import Targets

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
_EXCUSED = {
    State.WAIVED: "a waiver came before it began",
    State.CLEARED: "a VEX document cleared the exposure before it began",
}
_ASKING = frozenset({RunState.SUGGESTED, RunState.AWAITING})


def _not_stale(_: Exposure) -> str | None:
    return None


def respond(
    tx: Transaction,
    exposures: Sequence[Exposure],
    now: datetime,
    ids: Ids,
    stale: Callable[[Exposure], str | None] = _not_stale,
    *,
    targets: Targets | None = None,
) -> list[Run]:
    """Plan a run for every opened or regressed exposure that a plan applies to; returns the new runs.

    `stale` says of an exposure why the facts behind it are too old to act on by itself, `None` when they are not.
    `targets` are what the operator lets plans reach: nothing of it is asked here.
    """
    open_ones = [one for one in exposures if one.state in {State.OPEN, State.REGRESSED}]
    earlier: dict[str, list[Run]] = {}
    for run in tx.runs.of_exposures([one.id for one in open_ones]) if open_ones else ():
        earlier.setdefault(run.exposure, []).append(run)
    shares = load_shares(tx, [one.subject.id for one in open_ones])
    response = _Response(PlanReader(tx, many=len(open_ones) > 20, targets=targets), now, ids, stale, shares)
    out = []
    for exposure in open_ones:
        made = response.make(exposure, earlier.get(exposure.id, []))
        if made is not None:
            out.append(made)
    ask_people(tx, [run for run in out if run.state in _ASKING and run.drill is None], now)
    return out


@dataclass(slots=True)
class _Response:
    """Answers exposures in one transaction; limits and drills are read when a plan would act by itself."""

    reader: PlanReader
    now: datetime
    ids: Ids
    stale: Callable[[Exposure], str | None]
    shares: Mapping[str, Mapping[str, float]]
    _guards: Guards | None = None
    _drills: DrillReader | None = None

    def make(self, exposure: Exposure, earlier: Sequence[Run]) -> Run | None:
        """Return the run that answers an exposure, stored and journaled; `None` when none does."""
        if any(run.state in ALIVE for run in earlier):
            return None
        chosen = self.reader.choose(exposure, self.now)
        if chosen is None:
            return None
        plan, verdict = chosen
        tx = self.reader.tx
        run = self.reader.make_run(exposure, plan, self.ids.new("run"), AUTOMATION, self.now)
        world = self.reader.world(run.environment)
        share = share_of(self.shares.get(run.service_id, {}), run.environment)
        run = replace(run, drill=exposure.drill, share=share)
        simulation = simulate(run, self.now, world)
        level = plan.level(exposure.environment)
        circumstances = self._circumstances(exposure, run, level, earlier, simulation.problem)
        decision = decide(level, verdict, circumstances)
        if decision is None:
            return None
        run = replace(run, state=decision.state, level=decision.level, held=decision.held)
        tx.runs.save(run)
        steps = [{"action": step.step.action, "arguments": dict(step.step.arguments)} for step in run.steps]
        facts = {"level": run.level.value, "held": run.held, "steps": steps, "share": run.share}
        changes = changes_to_json(simulation.changes)
        journal_run(tx, "run.planned", run, AUTOMATION, **facts, changes=changes)
        return run

    def _circumstances(
        self, exposure: Exposure, run: Run, level: Autonomy, earlier: Sequence[Run], problem: str | None
    ) -> Circumstances:
        again = "an earlier run for this exposure ended; a person decides about another" if earlier else None
        plain = Circumstances(self.stale(exposure) or _doubt(exposure), again, problem)
        if level is not Autonomy.AUTO or run.drill is not None:
            return plain
        if self._guards is None:
            self._guards = get_guards(self.reader.tx)
            self._drills = DrillReader(self.reader.tx, self.now, self._guards.max_drill_age_s)
        assert self._drills is not None  # noqa: S101  made beside the guards
        unproven = self._drills.find_unproven(run.plan, run.service_id, run.environment)
        return replace(plain, too_wide=find_too_wide(run, self._guards), unproven=unproven)


def _doubt(exposure: Exposure) -> str | None:
    return None if exposure.confidence == "high" else f"the match is of {exposure.confidence} confidence"


def release_runs(tx: Transaction, exposures: Sequence[Exposure], now: datetime) -> list[Run]:
    """Let go of the runs of exposures that ended; returns the runs that changed.

    The engine undoes released runs; nothing holds that back. What ended the exposure itself stays: see `loop.lasting`.
    """
    ended = {one.id: one for one in exposures if one.state is State.RESOLVED and one.ending is not Ending.MERGED}
    out = []
    for run in tx.runs.of_exposures(list(ended)) if ended else ():
        if run.state in _ENDED or run.released or stays(run):
            continue
        exposure = ended[run.exposure]
        if run.state in _NOT_BEGUN:
            changed, kind = _dropped(run, "the exposure ended before it began", now), "run.dropped"
        else:
            because = run.undo_because or ENDED
            changed, kind = replace(run, released=True, undo_because=because, updated_at=now), "run.released"
        tx.runs.save(changed)
        ending = exposure.ending.value if exposure.ending else None
        journal_run(tx, kind, changed, AUTOMATION, ending=ending)
        out.append(changed)
    return out


def drop_runs(tx: Transaction, exposures: Sequence[Exposure], now: datetime) -> list[Run]:
    """Drop the runs of exposures that were waived or cleared, where they have not begun; returns them.

    What has begun goes on, and what is in effect stays: a word takes no protection away.
    """
    states, out = {one.id: one.state for one in exposures}, []
    for run in tx.runs.of_exposures(list(states)) if states else ():
        if run.state in _NOT_BEGUN:
            changed = _dropped(run, _EXCUSED[states[run.exposure]], now)
            tx.runs.save(changed)
            journal_run(tx, "run.dropped", changed, AUTOMATION, ending=None)
            out.append(changed)
    return out


def _dropped(run: Run, because: str, now: datetime) -> Run:
    return replace(run, state=RunState.REJECTED, held=because, updated_at=now)
