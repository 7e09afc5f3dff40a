"""A run driven inside one transaction: intended, carried out where its effect is in the store, judged by what was seen.

Rules:
1. What was read outside comes in as values; nothing outside the store is asked here.
2. Every transition is journaled in the transaction that stores it.
3. Steps whose effect is in the store are intended, carried out and read back in one go, or not at all.
4. No two steps act on one target at a time. Guards are asked before every intent, and before one that was not carried
   out in the same breath: after a crash, and before another try.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from holdfast.errors import ActionError, PlanError
from holdfast.loop.guards import note_hold
from holdfast.loop.release_switch import record_facts
from holdfast.loop.respond_outcomes import end_undo, finish_acting, give_up, tell_not_back
from holdfast.loop.respond_plans import journal_run
from holdfast.loop.respond_setting import (
    Captured,
    Did,
    News,
    Setting,
    StepError,
    capture_within,
    do_within,
    find_block,
    find_target,
    find_unknown,
    is_guarded,
    is_within,
    traits_of,
)
from holdfast.loop.turn import Turn
from holdfast.mitigations.action import Switched
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.autonomy import AUTOMATION
from holdfast.mitigations.run import begin_undo, fail, get_step, intend, next_move, saw, saw_undone, take_back
from holdfast.mitigations.run_move import Act, BeginUndo, Finish, Intend, Rest, Revert, Seen, Stuck, TakeBack, Wait
from holdfast.model.run import Run, RunState, RunStep, StepState, Timer
from holdfast.ports.store import Transaction

_SETTLED = frozenset({StepState.DONE, StepState.UNDONE, StepState.FAILED})

UNDONE_IN_VAIN = 3
"""After so many tries to take a step back people are told; it is tried again all the same."""

GUARD_PAUSE = timedelta(seconds=1)
"""How soon a run that waits for something else as well is asked about again."""


def drive(setting: Setting, run: Run, news: News | None = None, *, fresh: int | None = None, chain: bool = True) -> Did:
    """Take in what happened outside, then go on with a run as far as the store alone carries.

    `fresh` is the step whose first intent this worker committed itself, with nothing done since. Without `chain` one
    transition is made: for a run of which a later one failed.

    Raises:
        StepError: a step within the store failed; nothing of the transaction may be kept.
    """
    driver = _Driver(setting, run, run, fresh)
    taken = news is not None and driver.take_in(news)
    if chain or not taken:
        while driver.go_on(news.captured if news else None) and chain:
            pass
    return driver.finish()


def stop(setting: Setting, run: Run, because: str) -> Did:
    """Give up on a run: what it acts on can't be used."""
    driver = _Driver(setting, run, run, None)
    if run.state in {RunState.APPROVED, RunState.ACTING} and not run.released:
        driver.give_up(because)
    driver.rests = driver.run.state is RunState.FAILED
    return driver.finish()


@dataclass(slots=True)
class _Driver:
    setting: Setting
    before: Run
    run: Run
    fresh: int | None
    what: str = "look"
    number: int = 0
    rests: bool = False
    cleared: int | None = None
    facts: tuple[Switched, ...] = ()

    def take_in(self, news: News) -> bool:
        """Judge what was seen outside; says whether anything was."""
        if news.healthy is not None and self.run.healthy_before is None:
            self.run = replace(self.run, healthy_before=news.healthy)
        if news.number is None or news.seen is None:
            return False
        step = get_step(self.run, news.number)
        if step.state is not (StepState.UNDOING if news.undone else StepState.INTENT):
            return False
        self._judge(step, news.seen, undone=news.undone)
        return True

    def go_on(self, captured: Captured | None) -> bool:
        """Make the next transition; false when what is next is not for this transaction."""
        setting, run = self.setting, self.run
        unknown = find_unknown(run)
        if unknown is not None:
            return self._hold(unknown)
        move = next_move(run, traits_of(run, setting.world, setting.now), setting.now)
        match move:
            case Intend(number):
                return self._intend(move, get_step(run, number), captured)
            case Act(number, look_only):
                if not look_only and self.fresh != number and not self._may_go_on(move):
                    return False
                return self._within(get_step(run, number), undone=False, look_only=look_only)
            case TakeBack(number):
                return self._take_back(move, get_step(run, number))
            case Revert(number, look_only):
                return self._within(get_step(run, number), undone=True, look_only=look_only)
            case BeginUndo():
                return self._begin_undo()
            case Finish():
                self._finish()
            case Stuck(because):
                return self.give_up(because)
            case Wait(until):
                self.rests = until > setting.now
            case Rest():
                self.rests = run.state is not RunState.VERIFYING
        return False

    # Towards the effect.

    def _intend(self, move: Intend, step: RunStep, captured: Captured | None) -> bool:
        call = self.setting.call(self.run, step)
        spec = get_action(step.step.action)
        within = is_within(spec, call)
        if not self._may(move):
            return False
        if within:
            captured = Captured(step.number, capture_within(spec, call), find_target(call))
        if captured is None or captured.number != step.number:
            return False  # it must be captured outside first
        begins = self.run.state is RunState.APPROVED
        self.run = intend(self.run, step.number, self.setting.now, before=captured.before, target=captured.target)
        if begins and self.run.plan.expires_s is not None:
            self.run = replace(self.run, expires_at=self.setting.now + timedelta(seconds=self.run.plan.expires_s))
        if begins:
            self.setting.guards.note(self.run)
        self.fresh = self.cleared = step.number
        self._journal("intent", step.number, "before")
        return within

    def _may_go_on(self, move: Act) -> bool:
        """Whether nothing stands against carrying out, now, what was intended before."""
        if not self._may(move):
            return False
        self.run, self.cleared = replace(self.run, held=None), move.number
        return True

    def _may(self, move: Intend | Act | TakeBack) -> bool:
        """Whether nothing stands against an intent; what does is stored and journaled once."""
        blocked = find_block(self.setting, self.run, move)
        if blocked is not None:
            return self._hold(blocked)
        hold = self.setting.guards.find(self.run) if is_guarded(move) else None
        if hold is None:
            return True
        self._keep()
        self.run = self.before = note_hold(self.setting.tx, self.run, hold, self.setting.now) or self.run
        self.what, self.rests = "hold", True
        return False

    def _hold(self, because: str) -> bool:
        self.rests = True
        if self.run.held != because:
            self.run = replace(self.run, held=because, updated_at=self.setting.now)
            journal_run(self.setting.tx, "run.held", self.run, AUTOMATION, held=because)
        self.what = "hold"
        return False

    def _within(self, step: RunStep, *, undone: bool, look_only: bool) -> bool:
        """Carry out, or take back, what is in the store; what is outside is left to who can wait for it."""
        spec, call = get_action(step.step.action), self.setting.call(self.run, step)
        if not is_within(spec, call):
            return False
        fresh = self.fresh == step.number and step.attempt == 1 and not undone
        try:
            seen = do_within(spec, replace(call, fresh=fresh), undone=undone, look_only=look_only)
        except (PlanError, ActionError) as error:
            raise StepError(step.number, error.message, undoing=undone) from error
        if not (seen.present or seen.pending or look_only):
            deed = "taken back and is still there" if undone else "carried out and is not there"
            raise StepError(step.number, f"`{spec.name}` was {deed}: {seen.detail}", undoing=undone)
        self.fresh = None
        self._judge(step, seen, undone=undone)
        return not seen.pending

    def _judge(self, step: RunStep, seen: Seen, *, undone: bool) -> None:
        now, was = self.setting.now, self.run.state
        traits = traits_of(self.run, self.setting.world, now)(step)
        self.run = (saw_undone if undone else saw)(self.run, step.number, seen, traits, now)
        after = get_step(self.run, step.number)
        if after.state is not step.state and after.state in _SETTLED:
            self.facts += seen.facts
        self._journal(after.state.value, step.number, _phase(after, undone=undone), told=not _alike(step, after))
        if self.run.state is not was:
            self._gave_up()
        elif undone and after.state is StepState.DONE and after.attempt == UNDONE_IN_VAIN:
            tell_not_back(self.setting.tx, self.run, step.number, now, after.detail)

    def give_up(self, because: str) -> bool:
        """Fail; says whether there is something to take back."""
        self.run, self.what = fail(self.run, because, self.setting.now), "failed"
        self._gave_up()
        return self.run.state is RunState.UNDOING

    def _gave_up(self) -> None:
        because = self.run.undo_because or self.run.held or ""
        setting = self.setting
        targets = setting.world.targets
        self.run = give_up(setting.tx, self.run, setting.now, setting.ids, because, targets=targets)

    # Back.

    def _begin_undo(self) -> bool:
        because = self.run.undo_because or ("it is let go" if self.run.released else None)
        self.run, self.what = begin_undo(self.run, because, self.setting.now), "undoing"
        journal_run(self.setting.tx, "run.undoing", self.run, AUTOMATION, because=because)
        return True

    def _take_back(self, move: TakeBack, step: RunStep) -> bool:
        if not self._may(move):
            return False
        self.run = take_back(self.run, step.number, self.setting.now)
        self._journal("undoing", step.number, "undoing")
        return is_within(get_action(step.step.action), self.setting.call(self.run, step))

    def _finish(self) -> None:
        tx, now, ids = self.setting.tx, self.setting.now, self.setting.ids
        if self.run.state is RunState.UNDOING:
            self.run, self.what, self.rests = end_undo(tx, self.run, now, ids), "undone", True
        else:
            self.run, self.what = finish_acting(tx, self.run, now, ids), "finish"

    # The end of the transaction.

    def _keep(self) -> None:
        if self.run != self.before:
            self.setting.tx.runs.save(self.run)
            keep_timers(self.setting.tx, self.before, self.run)

    def finish(self) -> Did:
        """Store what became of the run, with the timers that wake it."""
        self._keep()
        if self.rests and self.what == "hold" and any(one.due_at is not None for one in self.run.steps):
            timer = Timer(self.run.org, self.run.id, 0, "retry", self.setting.now + GUARD_PAUSE)
            self.setting.tx.timers.set(timer)
        elif self.before.held is not None and self.run.held is None:
            self.setting.tx.timers.clear(self.run.id, 0, "retry")
        if self.facts:  # it may end exposures, and so let go of runs: this one as well
            record_facts(Turn(self.setting.tx, self.setting.now, self.setting.ids), self.run, self.facts)
            self.run = self.setting.tx.runs.get(self.run.id)
        return Did(self.run, self.what, self.number, self.rests, self._find_fresh(), self.cleared)

    def _find_fresh(self) -> int | None:
        """Return the step that the last transition wrote down for the first time: nobody can have begun it yet."""
        if self.what not in {"intent", "undoing"} or not self.number:
            return None
        step = get_step(self.run, self.number)
        return self.number if step.attempt == 1 and step.acted_at is None else None

    def _journal(self, what: str, number: int, phase: str, *, told: bool = True) -> None:
        self.what, self.number = what, number
        step = get_step(self.run, number)
        if told:
            facts = {"step": number, "action": step.step.action, "key": step.key, "phase": phase, "detail": step.detail}
            journal_run(self.setting.tx, "run.step", self.run, AUTOMATION, **facts, attempt=step.attempt)


def _phase(after: RunStep, *, undone: bool) -> str:
    """Return what the journal calls a step's outcome."""
    if after.state in {StepState.FAILED, StepState.UNKNOWN, StepState.UNDONE}:
        return after.state.value
    if after.state is StepState.DONE and not undone:
        return "after"
    return "waiting" if after.acted_at else "again"


def _alike(before: RunStep, after: RunStep) -> bool:
    """Whether a look changed nothing that anybody asks about later."""
    return (before.state, before.attempt, before.detail) == (after.state, after.attempt, after.detail)


def keep_timers(tx: Transaction, before: Run, after: Run) -> None:
    """Set and clear what wakes a run, where it changed."""
    due = {step.number: step.due_at for step in before.steps}
    for step in after.steps:
        if step.due_at == due.get(step.number):
            continue
        if due.get(step.number) is not None:
            tx.timers.clear(after.id, step.number)
        if step.due_at is not None:
            kind = "look" if step.acted_at else "retry"
            tx.timers.set(Timer(after.org, after.id, step.number, kind, step.due_at))
    if after.state is RunState.UNDONE and before.state is not RunState.UNDONE:
        tx.timers.clear(after.id)
    elif after.expires_at != before.expires_at and after.expires_at is not None:
        tx.timers.set(Timer(after.org, after.id, 0, "expiry", after.expires_at))
