"""What a run is driven in: a transaction with its world and guards; what may stand against a transition.

Nothing here writes.
"""

from dataclasses import replace
from datetime import datetime

from holdfast.errors import ActionError, PlanError
from holdfast.loop.guards import HoldFinder
from holdfast.loop.lasting import ENDED
from holdfast.loop.respond_plans import make_call
from holdfast.loop.world import TxWorld
from holdfast.mitigations.action import ActionSpec, Call
from holdfast.mitigations.actions import action_names, get_action
from holdfast.mitigations.run import get_step, next_move
from holdfast.mitigations.run_move import FIRST_PAUSE_S, Act, Intend, Move, Seen, TakeBack, Traits, TraitsOf
from holdfast.model.frozen import frozen
from holdfast.model.run import Run, RunState, RunStep
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction
from holdfast.ports.world import World


class StepError(ActionError):
    """A step whose effect is in the store could not be done; its transaction is rolled back."""

    def __init__(self, number: int, message: str, *, undoing: bool) -> None:
        super().__init__(message)
        self.number = number
        self.undoing = undoing


@frozen
class Captured:
    """What was written down of the world before a step acts."""

    number: int
    before: str
    target: str


@frozen
class News:
    """What happened outside since the run was last written: a step's outcome, and what was captured for the next."""

    number: int | None = None
    seen: Seen | None = None
    undone: bool = False
    captured: Captured | None = None
    healthy: bool | None = None


@frozen
class Did:
    """What a transaction made of a run. `what` names its last transition, `rests` that no worker need hold on to it.

    `fresh` is the step that was written down here as about to be carried out, or taken back, for the first time;
    `cleared` the one that nothing holds back now from being carried out. `again_at` is when to look again, `None` for
    at once.
    """

    run: Run
    what: str
    number: int = 0
    rests: bool = False
    fresh: int | None = None
    cleared: int | None = None
    again_at: datetime | None = None


@frozen
class Setting:
    """What drives in a transaction: it, the instant, who gives ids, the world of its steps, the guards."""

    tx: Transaction
    now: datetime
    ids: Ids
    world: TxWorld
    guards: HoldFinder
    fence: int = 0

    def call(self, run: Run, step: RunStep) -> Call:
        """Return the use of an action that a step is."""
        return make_call(run, step, self.now, self.world, self.fence)


def find_unknown(run: Run) -> str | None:
    """Return why this program must leave a run alone: a step that only another version knows."""
    known = action_names()
    unknown = next((step for step in run.steps if step.step.action not in known), None)
    if unknown is None:
        return None
    return f"this Holdfast does not know `{unknown.step.action}` of step {unknown.number}: another version must go on"


def traits_of(run: Run, world: World, now: datetime) -> TraitsOf:
    """Return what the machine must know of each step's action."""

    def of(step: RunStep) -> Traits:
        spec, asked = get_action(step.step.action), step.step
        return Traits(
            spec.idempotent,
            _can_undo(spec, make_call(run, step, now, world)) and not (spec.lasting and run.undo_because == ENDED),
            asked.attempts or spec.attempts,
            FIRST_PAUSE_S if asked.backoff_s is None else asked.backoff_s,
            spec.deadline_s if asked.deadline_s is None else asked.deadline_s,
        )

    return of


def _can_undo(spec: ActionSpec, call: Call) -> bool:
    try:
        return spec.can_undo(call)
    except (PlanError, ActionError):  # its target is not configured any more: that is said when it is tried
        return spec.reversible


def is_within(spec: ActionSpec, call: Call) -> bool:
    """Whether a step's effect is in our own store; one that can't tell is carried out where nothing waits for it."""
    try:
        return spec.within(call)
    except (PlanError, ActionError):
        return False


def find_block(setting: Setting, run: Run, move: Move) -> str | None:
    """Return what a run must wait for before its next transition: another at its target, or another program."""
    unknown = find_unknown(run)
    if unknown is not None or not isinstance(move, Intend | TakeBack):
        return unknown
    step = get_step(run, move.number)
    target = step.target or find_target(setting.call(run, step))
    others = [other for other in setting.tx.runs.acting_on(target) if other != run.id] if target else []
    return f"run {others[0]} is at work on {target}" if others else None


def is_guarded(move: Move) -> bool:
    """Whether guards are asked before a move: before an intent, and before what was intended is carried out or tried
    again, for much may have passed since. A look changes nothing, and what is taken back is never held.
    """
    return isinstance(move, Intend) or (isinstance(move, Act) and not move.look_only)


def is_still_held(setting: Setting, run: Run) -> bool:
    """Whether what is written in a run that waits still stands; what would change it is written when it is asked."""
    if run.state not in {RunState.APPROVED, RunState.ACTING, RunState.UNDOING}:
        return False
    unknown = find_unknown(run)
    if unknown is not None:
        return unknown == run.held
    move = next_move(run, traits_of(run, setting.world, setting.now), setting.now)
    blocked = find_block(setting, run, move)
    if blocked is not None:
        return blocked == run.held
    hold = setting.guards.find(run) if is_guarded(move) else None
    falls = hold is not None and hold.lasting and run.state is RunState.APPROVED
    return hold is not None and hold.reason == run.held and not falls


def find_target(call: Call) -> str:
    """Return what a step acts on, empty when that can't be told: what is wrong with it is said when it is done."""
    try:
        return get_action(call.step.action).target(call)
    except (PlanError, ActionError):
        return ""


def capture_within(spec: ActionSpec, call: Call) -> str:
    """Return what the undo of a step within the store will need."""
    try:
        return spec.capture(call)
    except (PlanError, ActionError):  # nothing of the store is lost: what is wrong is said when it is carried out
        return ""


def do_within(spec: ActionSpec, call: Call, *, undone: bool, look_only: bool) -> Seen:
    """Carry a step within the store out, or take it back, and read it; what is there already is left."""
    read, deed = (spec.read_undone, spec.undo) if undone else (spec.read_back, spec.apply)
    if not call.fresh:
        back = read(call)
        if look_only or back.present or back.pending:
            found = "found in place: " if back.present and not look_only and not undone else ""
            return Seen(back.present, f"{found}{back.detail}", back.pending, back.again_at)
    deed(call)
    back = read(replace(call, fresh=False))
    return Seen(back.present, back.detail, back.pending, back.again_at, applied=True)
