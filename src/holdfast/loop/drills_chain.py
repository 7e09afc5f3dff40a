"""L2: the whole chain in a test environment.

1. A signed synthetic finding is handed to the intake; the real response plans, the real engine acts.
2. A black-box probe sees the effect in the application: the clock that is measured stops there.
3. The finding ends; the engine takes everything back; the probe sees the application as it was.
Whatever fails on the way, step 3 is done: a rehearsal leaves nothing behind.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from holdfast.errors import ActionError, NotFoundError
from holdfast.findings.dsse import seal
from holdfast.findings.lifecycle import RESOLVED, Transition
from holdfast.loop.drills_finding import FINDING_TYPE, accept_finding, fabricate, finding_to_bytes
from holdfast.loop.drills_injected import Injected, inject
from holdfast.loop.drills_log import require
from holdfast.loop.drills_stage import Rehearsal, Stage, load_piece
from holdfast.loop.reconcile import record_transitions
from holdfast.loop.respond import release_runs
from holdfast.loop.turn import Turn
from holdfast.mitigations.drill import changes, seconds_words
from holdfast.model.exposure import Ending, State
from holdfast.model.run import Run, RunState

LOOK_S = 0.05
SLACK_S = 45.0
_STUCK = frozenset({RunState.FAILED, RunState.NEEDS_PERSON, RunState.REJECTED, RunState.UNDONE, RunState.OBSERVED})
_OVER = frozenset({RunState.UNDONE, RunState.REJECTED, RunState.OBSERVED})


def rehearse_chain(rehearsal: Rehearsal) -> None:
    """Let a synthetic finding go through the whole chain, and take everything back."""
    log, stage = rehearsal.log, rehearsal.stage
    injected = inject(stage, log.evidence)
    try:
        if log.look("finding", partial(_hand_in, rehearsal, injected)) and log.look(
            "effect", partial(_see_effect, rehearsal, injected)
        ):
            log.look("black box", partial(_see_black_box, rehearsal))
    finally:
        log.look("end of the finding", partial(_end_finding, rehearsal))
        log.look("undo", partial(_see_undone, rehearsal, injected))
        log.look("as it was", partial(_see_as_it_was, rehearsal))
        if injected.names:
            log.look("faults", injected.see)


def _hand_in(rehearsal: Rehearsal, injected: Injected) -> str:
    stage, evidence = rehearsal.stage, rehearsal.log.evidence
    with stage.store.read(rehearsal.org) as tx:
        finding = fabricate(tx, evidence, rehearsal.piece, stage.clock.now())
    envelope = seal(FINDING_TYPE, finding_to_bytes(finding), stage.public_key, stage.sign)
    if stage.submit is not None and not injected.drives:
        stage.submit(evidence.id, envelope)
    else:
        with stage.store.write_now(rehearsal.org, stage.clock) as (tx, now):
            run = accept_finding(Turn(tx, now, stage.ids), evidence.id, envelope, stage.verify)
            injected.take(tx, run, now)
    stage.on_change(rehearsal.org)
    run = _run_of(rehearsal)
    said = f"{finding.name} {finding.version} in `{finding.environment}`, severity {finding.severity}"
    return f"a signed finding about {said} was taken in; run {run.id} answers it"


def _run_of(rehearsal: Rehearsal) -> Run:
    """Return the run of the drill that is still at it, else its newest."""
    drill = rehearsal.log.evidence.id
    with rehearsal.stage.store.read(rehearsal.org) as tx:
        found = tx.runs.of_exposures([one.id for one in tx.exposures.of_drill(drill)])
    mine = [run for run in found if run.drill == drill and run.plan.id == rehearsal.piece.plan.id]
    if not mine:
        raise NotFoundError(f"no run answers the finding of drill {drill}")
    return mine[-1]


def _deadline_s(rehearsal: Rehearsal) -> float:
    plan = rehearsal.piece.plan
    return SLACK_S + max((probe.deadline_s for probe in plan.verify), default=0.0)


def _wait_for(rehearsal: Rehearsal, injected: Injected, holds: Callable[[], bool]) -> bool:
    """Wait until something holds; says whether it did in time."""
    clock, began_at = rehearsal.stage.clock, rehearsal.stage.clock.now()
    while not holds():
        if (clock.now() - began_at).total_seconds() > _deadline_s(rehearsal):
            return False
        injected.go_on(rehearsal.org)
        rehearsal.stage.wait(LOOK_S)
    return True


def _see_effect(rehearsal: Rehearsal, injected: Injected) -> str:
    def ended() -> bool:
        return _run_of(rehearsal).state in _STUCK | {RunState.EFFECTIVE}

    in_time = _wait_for(rehearsal, injected, ended)
    run = _run_of(rehearsal)
    if run.state is not RunState.EFFECTIVE:
        why = run.held or next((step.detail for step in run.steps if step.detail), "it does not say why")
        raise ActionError(f"run {run.id} is {run.state}{'' if in_time else ' and took too long'}: {why}")
    with rehearsal.stage.store.read(rehearsal.org) as tx:
        clocks = tx.exposures.get(run.exposure).clocks
    effective_at = clocks.mitigated_at or run.effective_at or run.updated_at or run.created_at
    took_s = (effective_at - clocks.detected_at).total_seconds()
    rehearsal.log.change(mitigate_s=took_s)
    steps = "; ".join(f"{step.step.action}: {step.detail}" for step in run.steps)
    return f"effective {seconds_words(took_s)} after the finding; {steps}; {run.proof}"


def _see_black_box(rehearsal: Rehearsal) -> str:
    outcome = rehearsal.look_all()
    require(outcome.holds, f"the engine says it is effective, and the application does not: {outcome.detail}")
    return outcome.detail


def _end_finding(rehearsal: Rehearsal) -> str:
    count = close_findings(rehearsal.stage, rehearsal.org, rehearsal.log.evidence.id)
    return f"{count} finding{'s' * (count != 1)} ended"


def close_findings(stage: Stage, org: str, drill_id: str) -> int:
    """End what a drill opened, and let go of the runs that answered; returns how many ended."""
    with stage.store.write_now(org, stage.clock) as (tx, now):
        live = [one for one in tx.exposures.of_drill(drill_id) if one.is_live]
        ended = []
        for one in live:
            clocks = replace(one.clocks, resolved_at=now)
            over = replace(one, state=State.RESOLVED, ending=Ending.WITHDRAWN, clocks=clocks)
            ended.append(Transition(RESOLVED, one, over, now))
        record_transitions(Turn(tx, now, stage.ids), ended)
        release_runs(tx, [step.after for step in ended], now)
    stage.on_change(org)
    return len(ended)


def _see_undone(rehearsal: Rehearsal, injected: Injected) -> str:
    with rehearsal.stage.store.read(rehearsal.org) as tx:
        opened = [one.id for one in tx.exposures.of_drill(rehearsal.log.evidence.id)]

    def over() -> bool:
        with rehearsal.stage.store.read(rehearsal.org) as tx:
            return all(run.state in _OVER for run in tx.runs.of_exposures(opened))

    require(_wait_for(rehearsal, injected, over), "not everything was taken back in time", "look at its runs")
    with rehearsal.stage.store.read(rehearsal.org) as tx:
        runs = tx.runs.of_exposures(opened)
    details = [f"{step.step.action}: {step.detail}" for run in runs for step in run.steps if step.detail]
    return "; ".join(details) or "nothing was done that had to be taken back"


def _see_as_it_was(rehearsal: Rehearsal) -> str:
    """Say that the application and all inputs are as they were before."""
    stage, evidence = rehearsal.stage, rehearsal.log.evidence

    def as_before() -> bool:
        return not rehearsal.look_all().holds

    began_at = stage.clock.now()
    while not as_before():
        took_s = (stage.clock.now() - began_at).total_seconds()
        require(took_s <= _deadline_s(rehearsal), "the application still answers as if it were mitigated")
        stage.wait(LOOK_S)
    with stage.store.read(rehearsal.org) as tx:
        piece = load_piece(tx, evidence.service_id, evidence.plan, evidence.environment, stage.clock.now())
        left = [one.id for key in piece.flags for one in tx.overlays.active(evidence.environment, key)]
    changed = changes(dict(evidence.inputs), piece.inputs)
    require(not changed, f"changed while it was rehearsed: {', '.join(changed)}")
    require(not left, f"overlay {left[0] if left else ''} was left behind")
    return "the application answers as before, and every flag is as it was"
