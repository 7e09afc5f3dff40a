"""A run as a machine without hands: what is next, and what follows from what was seen.

Rules:
1. A step is intended once all steps that it comes `after` are done. Its intent is kept before anything acts.
2. What was intended and may have been carried out is looked at first, and carried out only if its effect is absent.
3. An effect on its way is looked at again until the step's deadline; nothing is carried out again meanwhile.
4. A try that failed is followed by another, later and later, until the step's tries or its deadline are used up.
5. What can't be proved and must not be done twice is `unknown`: the run goes to a person.
6. What was touched is taken back in the reverse order of its completion, what was never completed first, for as long as
   it takes. A step that can't be taken back stays, and is named.

Nothing here asks for the time or for the world: `now` and what was seen are given.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holdfast.errors import ConflictError
from holdfast.mitigations.run_move import (
    Act,
    BeginUndo,
    Finish,
    Intend,
    Move,
    Rest,
    Revert,
    Seen,
    Stuck,
    TakeBack,
    Traits,
    TraitsOf,
    Wait,
)
from holdfast.model.plan import OnFailure
from holdfast.model.run import Run, RunState, RunStep, StepState

LONGEST_PAUSE_S = 60.0
PACE_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between looks at an effect on its way: the first ones close together."""

_TOUCHED = frozenset({StepState.INTENT, StepState.DONE, StepState.FAILED, StepState.UNKNOWN, StepState.UNDOING})
_TICK = timedelta(microseconds=1)


def next_move(run: Run, traits: TraitsOf, now: datetime) -> Move:
    """Return what is next for a run that acts or is taken back; verifying and approving are not the machine's."""
    if run.state is RunState.UNDOING:
        return _next_undo(run, traits, now)
    if run.state is RunState.UNDONE or (run.undoing and run.state is RunState.NEEDS_PERSON):
        return Rest()
    if run.released:
        return BeginUndo()
    return _next_act(run, now) if run.state in {RunState.APPROVED, RunState.ACTING} else Rest()


def _next_act(run: Run, now: datetime) -> Move:
    working = [step for step in run.steps if step.state is StepState.INTENT]
    due = [step for step in working if step.due_at is None or step.due_at <= now]
    if due:
        first = min(due, key=lambda step: (step.due_at or now, step.number))
        return Act(first.number, look_only=first.acted_at is not None)
    free = find_ready(run)
    if free is not None:
        return Intend(free.number)
    if working:
        return Wait(min(step.due_at for step in working if step.due_at is not None))
    if all(step.state is StepState.DONE for step in run.steps):
        return Finish() if run.steps else Stuck("the plan has no step")
    waiting = ", ".join(f"`{step.name}`" for step in run.steps if step.state is StepState.PENDING)
    return Stuck(
        f"steps wait for each other, or for one that is not there: {waiting}" if waiting else "no step is left"
    )


def find_ready(run: Run) -> RunStep | None:
    """Return the first step that may be intended: pending, with everything done that it comes after."""
    done = {step.name for step in run.steps if step.state is StepState.DONE}
    for index, step in enumerate(run.steps):
        before = step.step.after
        if before is None:
            before = (run.steps[index - 1].name,) if index else ()
        if step.state is StepState.PENDING and done.issuperset(before):
            return step
    return None


def get_step(run: Run, number: int) -> RunStep:
    """Return a step by its number.

    Raises:
        ConflictError: it has none of that number.
    """
    for step in run.steps:
        if step.number == number:
            return step
    raise ConflictError(f"run {run.id} has no step {number}", hint=f"it has {len(run.steps)}")


def with_step(run: Run, step: RunStep, now: datetime) -> Run:
    """Return the run with that step in place of the one of its number."""
    steps = tuple(step if known.number == step.number else known for known in run.steps)
    return replace(run, steps=steps, updated_at=now)


def intend(run: Run, number: int, now: datetime, *, before: str | None, target: str) -> Run:
    """Write down that a step is about to be carried out, with what its undo will need."""
    step = replace(
        get_step(run, number),
        state=StepState.INTENT,
        at=now,
        target=target,
        before=before,
        attempt=1,
        intended_at=now,
        due_at=None,
        acted_at=None,
    )
    return replace(with_step(run, step, now), state=RunState.ACTING, held=None)


def saw(run: Run, number: int, seen: Seen, traits: Traits, now: datetime) -> Run:
    """Return what becomes of a run whose intended step was looked at, or carried out and looked at."""
    step = get_step(run, number)
    if seen.present:
        last = max((one.done_at for one in run.steps if one.done_at is not None), default=None)
        done_at = now if last is None else max(now, last + _TICK)  # what was done later was done later
        done = replace(step, state=StepState.DONE, at=now, done_at=done_at, due_at=None, detail=seen.detail)
        return with_step(run, done, now)
    acted_at = now if seen.applied else step.acted_at
    late = now - (step.intended_at or step.at or now) >= timedelta(seconds=traits.deadline_s)
    if seen.pending and not late:
        looked = replace(
            step, acted_at=acted_at or now, due_at=seen.again_at or _look_at(step, now), detail=seen.detail
        )
        return with_step(run, looked, now)
    if not traits.idempotent and (seen.pending or seen.present is None or acted_at is not None):
        return _doubtful(run, replace(step, acted_at=acted_at), seen, now, late=late)
    return _try_again(run, step, seen, traits, now, late=late)


def _doubtful(run: Run, step: RunStep, seen: Seen, now: datetime, *, late: bool) -> Run:
    """What must not be done twice and was not seen: look again while an answer may come, else ask a person."""
    may_come = seen.unread or (step.acted_at is not None and seen.present is False)
    if may_come and not late:
        return with_step(
            run, replace(step, due_at=_look_at(step, now), detail=_why(seen), acted_at=step.acted_at or now), now
        )
    detail = f"what became of it can't be told, and doing it twice may harm: {_why(seen)}"
    unknown = replace(step, state=StepState.UNKNOWN, at=now, due_at=None, detail=detail)
    held = f"step {step.number} `{step.step.action}`: a person must say whether it happened; {_why(seen)}"
    return replace(with_step(run, unknown, now), state=RunState.NEEDS_PERSON, held=held)


def _try_again(run: Run, step: RunStep, seen: Seen, traits: Traits, now: datetime, *, late: bool) -> Run:
    if step.attempt >= traits.attempts or late:
        failed = replace(step, state=StepState.FAILED, at=now, due_at=None, detail=_why(seen))
        return _fail(with_step(run, failed, now), f"step {step.number} `{step.step.action}` failed: {_why(seen)}", now)
    pause = timedelta(seconds=backoff_s(traits.backoff_s, step.attempt))
    again = replace(step, attempt=step.attempt + 1, acted_at=None, due_at=now + pause, detail=_why(seen))
    return replace(with_step(run, again, now), held=_why(seen))


def backoff_s(first_s: float, attempt: int) -> float:
    """Return the pause after a try that failed: each is twice the last, up to a minute."""
    return min(LONGEST_PAUSE_S, first_s * float(1 << min(max(attempt, 1) - 1, 30)))


def _look_at(step: RunStep, now: datetime) -> datetime:
    """Return when to look again: close together at first, then more rarely."""
    waited_s = (now - (step.acted_at or now)).total_seconds()
    return now + timedelta(seconds=next((pace for pace in PACE_S if waited_s < 5 * pace), PACE_S[-1]))


def _why(seen: Seen) -> str:
    return seen.error or seen.detail


def _fail(run: Run, because: str, now: datetime) -> Run:
    """Give up: what was done is taken back, or kept, as the plan says."""
    if run.plan.on_failure is OnFailure.KEEP:
        return replace(skip_rest(run), state=RunState.FAILED, held=f"{because}; what was done stays", updated_at=now)
    return begin_undo(replace(run, failed=True), because, now)


def fail(run: Run, because: str, now: datetime) -> Run:
    """Give up on a run as a whole: its plan can't be carried out."""
    if any(step.state in _TOUCHED for step in run.steps):
        return _fail(run, because, now)
    return replace(skip_rest(run), state=RunState.FAILED, held=because, updated_at=now)


def skip_rest(run: Run) -> Run:
    """Return the run with what was never begun marked so."""
    steps = (replace(one, state=StepState.SKIPPED) if one.state is StepState.PENDING else one for one in run.steps)
    return replace(run, steps=tuple(steps))


def begin_undo(run: Run, because: str | None, now: datetime) -> Run:
    """Begin to take everything back; waiting looks and tries are forgotten."""
    fresh = (replace(one, due_at=None, acted_at=None, attempt=0) for one in skip_rest(run).steps)
    return replace(
        run,
        steps=tuple(fresh),
        state=RunState.UNDOING,
        undoing=True,
        undo_because=run.undo_because or because,
        held=because or run.undo_because,
        updated_at=now,
    )


def _next_undo(run: Run, traits: TraitsOf, now: datetime) -> Move:
    last = find_last(run, traits)
    if last is None:
        return Finish()
    if last.due_at is not None and last.due_at > now:
        return Wait(last.due_at)
    if last.state is StepState.UNDOING:
        return Revert(last.number, look_only=last.acted_at is not None)
    return TakeBack(last.number)


def find_last(run: Run, traits: TraitsOf) -> RunStep | None:
    """Return what is to be taken back next: what is under way, then the never completed, then the last completed."""
    left = [step for step in run.steps if step.state in _TOUCHED and traits(step).reversible]
    return max(left, key=_undo_order, default=None)


def _undo_order(step: RunStep) -> tuple[bool, bool, datetime, int]:
    ended_at = step.done_at or step.intended_at or step.at or datetime.max.replace(tzinfo=UTC)
    return (step.state is StepState.UNDOING, step.done_at is None, ended_at, step.number)


def take_back(run: Run, number: int, now: datetime) -> Run:
    """Write down that a step is about to be taken back."""
    step = get_step(run, number)
    undoing = replace(step, state=StepState.UNDOING, at=now, due_at=None, acted_at=None, attempt=step.attempt + 1)
    return with_step(run, undoing, now)


def saw_undone(run: Run, number: int, seen: Seen, traits: Traits, now: datetime) -> Run:
    """Return what becomes of a run of which a step was taken back, or looked at whether it is gone."""
    step = get_step(run, number)
    if seen.present:
        return with_step(run, replace(step, state=StepState.UNDONE, at=now, due_at=None, detail=seen.detail), now)
    late = now - (step.at or now) >= timedelta(seconds=traits.deadline_s)
    if seen.pending and not late:
        acted_at = step.acted_at or now
        looked = replace(step, acted_at=acted_at, due_at=seen.again_at or _look_at(step, now), detail=seen.detail)
        return with_step(run, looked, now)
    if not traits.idempotent and seen.present is None and not seen.unread:
        detail = f"whether it was taken back can't be told, and doing it twice may harm: {_why(seen)}"
        unknown = replace(step, state=StepState.UNKNOWN, at=now, due_at=None, detail=detail)
        held = f"step {number} `{step.step.action}`: a person must say whether it is taken back; {_why(seen)}"
        return replace(with_step(run, unknown, now), state=RunState.NEEDS_PERSON, held=held)
    # back to where its target is free for others while this one waits; an undo is tried for as long as it takes
    pause = timedelta(seconds=backoff_s(traits.backoff_s, step.attempt))
    again = replace(step, state=StepState.DONE, at=now, due_at=now + pause, acted_at=None, detail=_why(seen))
    return replace(with_step(run, again, now), held=f"taking step {number} back: {_why(seen)}")


def finish_undo(run: Run, now: datetime) -> Run:
    """End a run that was taken back; what can't be taken back is named."""
    stays = [f"{step.number} `{step.step.action}`" for step in run.steps if step.state in _TOUCHED]
    named = f"step {', '.join(stays)} can't be taken back" if stays else None
    held = "; ".join(part for part in (run.undo_because, named) if part) or None
    if run.failed and not run.released:
        return replace(run, state=RunState.FAILED, undoing=False, held=held, updated_at=now)
    return replace(run, state=RunState.UNDONE, undoing=False, held=held, released=True, updated_at=now)


def resolve_step(run: Run, number: int, happened: bool, now: datetime) -> Run:
    """Go on with a run whose step's fate a person told: whether it happened, or whether its undo did.

    Raises:
        ConflictError: the step's fate is not in question.
    """
    step = get_step(run, number)
    if step.state is not StepState.UNKNOWN or run.state is not RunState.NEEDS_PERSON:
        raise ConflictError(
            f"step {number} of run {run.id} is {step.state.value}", hint="only an unknown one is asked about"
        )
    if run.undoing:
        state = StepState.UNDONE if happened else StepState.DONE
        # if it did not happen nobody has begun: it is taken back as for the first time
        told = replace(step, state=state, at=now, due_at=None, acted_at=None, attempt=0, detail="a person said so")
        return replace(with_step(run, told, now), state=RunState.UNDOING, held=None)
    if happened:
        done = saw(run, number, Seen(True, "a person said that it happened"), Traits(), now)
        return replace(done, state=RunState.ACTING, held=None)
    detail = "a person said that it did not happen"
    again = replace(step, state=StepState.PENDING, at=now, due_at=None, acted_at=None, detail=detail)
    return replace(with_step(run, again, now), state=RunState.ACTING, held=None)
