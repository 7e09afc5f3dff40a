"""What a worker does next for a run that it has in hand: something outside, or a transaction, or nothing.

Nothing here writes. A `Job` is done while no transaction is open, a `Deed` inside one; what a job found out comes back
in the hand, and becomes a deed.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.errors import FencedError, tell_error
from holdfast.loop.flag_proofs import LIVE
from holdfast.loop.free_world import FreeWorld
from holdfast.loop.respond_hands import Hand, Result
from holdfast.loop.respond_outcomes import (
    HEALTH_PAUSE,
    acted_last_at,
    expire,
    fail_unproven,
    is_watched,
    is_watched_failed,
    note_trouble,
    note_unproven,
    prove,
    rest_watch,
    revert_unwell,
)
from holdfast.loop.respond_outside import Grip, Looked, Outside, Prepared
from holdfast.loop.respond_setting import Did, News, Setting, StepError, find_unknown, is_guarded, traits_of
from holdfast.loop.respond_steps import drive, stop
from holdfast.mitigations.probe import Outcome
from holdfast.mitigations.run import get_step, next_move
from holdfast.mitigations.run_move import Act, Intend, Move, Rest, Revert, Seen, Wait
from holdfast.model.frozen import frozen
from holdfast.model.run import Run, RunState, StepState

UNWELL = 3
"""Looks in a row that find a service unwell before a run is taken back."""
CAPTURES = 3
NAMED_AFTER = timedelta(seconds=1)
"""A client of a flag that has not fetched a change by then is named; before, it is on its way."""
HURRIED = timedelta(milliseconds=50)
"""How soon is looked again while a change is on its way to clients, and the probes hold."""
GONE = LIVE + timedelta(seconds=5)
"""Clients are waited for this long at least: by then the dead ones among them don't count any more."""
_WATCHED = frozenset({RunState.EFFECTIVE, RunState.FAILED})
_MACHINE = frozenset({RunState.APPROVED, RunState.ACTING, RunState.UNDOING})


@frozen
class Job:
    """Something to do outside; `about` is the move that it is."""

    do: Callable[[], Result]
    about: Move | None = None


@frozen
class Deed:
    """A transition to commit."""

    do: Callable[[Setting, Run], Did]


Next = Job | Deed | None


def find_next(hand: Hand, outside: Outside, now: datetime, due: Collection[str] = ()) -> Next:
    """Return what to do for a run now. `due` are the kinds of its timers that are."""
    run = hand.run
    if run.is_foreign:
        return None
    if hand.job is not None:
        return _take_result(hand, now) if hand.job.done() else None
    if hand.due_at is not None and now < hand.due_at:
        return None
    if hand.news is not None:
        return _drive(hand, hand.news)
    if "expiry" in due:
        return Deed(_expire)
    if run.released or run.state in _MACHINE:
        return _next_of_machine(hand, outside, now)
    if run.state is RunState.VERIFYING:
        return _look(hand, outside, verify=True)
    if run.state in _WATCHED and ("health" in due or hand.grip is not None):
        return _watch(hand, outside, now)
    return None


def _drive(hand: Hand, news: News | None = None) -> Deed:
    fresh, chain = hand.fresh, hand.chain
    return Deed(lambda setting, run: drive(setting, run, news, fresh=fresh, chain=chain))


def _claim(_: Setting, run: Run) -> Did:
    return Did(run, "claim")


# Acting and taking back.


def _next_of_machine(hand: Hand, outside: Outside, now: datetime) -> Next:
    run = hand.run
    unknown = find_unknown(run)
    if unknown is not None:
        return _drive(hand) if run.held != unknown else None
    move = next_move(run, traits_of(run, FreeWorld(outside.reach, run), now), now)
    match move:
        case Rest():
            return None
        case Wait(until):
            return None if until > now else _drive(hand)
        case Intend(number):
            return _begin(hand, move, outside, number)
        case Act(number, look_only):
            return _outside(hand, move, outside, now, number, look_only=look_only)
        case Revert(number, look_only):
            return _outside(hand, move, outside, now, number, look_only=look_only)
        case _:
            return _drive(hand)


def _begin(hand: Hand, move: Intend, outside: Outside, number: int) -> Next:
    run = hand.run
    if run.state is RunState.APPROVED and outside.needs_look(run):
        return Job(lambda: outside.prepare(run, number), move)
    if outside.is_within(run, number):
        return _drive(hand)
    return Job(lambda: News(captured=outside.capture(run, number)), move)


def _outside(hand: Hand, move: Act | Revert, outside: Outside, now: datetime, number: int, *, look_only: bool) -> Next:
    run, grip = hand.run, hand.grip
    if outside.is_within(run, number):
        return _drive(hand)
    if is_guarded(move) and hand.cleared != number:
        return _drive(hand)
    if grip is None or now >= grip.lease.until:
        return Deed(_claim)
    fresh, hand.fresh = hand.fresh == number, None
    go: Callable[[], Result]
    if isinstance(move, Act):
        fresh = fresh and next(step.attempt for step in run.steps if step.number == number) == 1
        go = _act(outside, run, number, grip, fresh=fresh, look_only=look_only)
    else:
        go = _revert(outside, run, number, grip, fresh=fresh, look_only=look_only)
    return Job(go, move)


def _act(outside: Outside, run: Run, number: int, grip: Grip, *, fresh: bool, look_only: bool) -> Callable[[], Result]:
    return lambda: outside.act(run, number, grip, fresh=fresh, look_only=look_only)


def _revert(
    outside: Outside, run: Run, number: int, grip: Grip, *, fresh: bool, look_only: bool
) -> Callable[[], Result]:
    return lambda: outside.revert(run, number, grip, fresh=fresh, look_only=look_only)


# Looking at the application.


def _look(hand: Hand, outside: Outside, *, verify: bool) -> Next:
    run = hand.run
    if hand.grip is None:
        return Deed(_claim)
    if verify and not run.plan.verify:
        return _fail("the plan has no probe; whether it helps is not proven, and it stays in place")
    return Job(lambda: outside.look(run, verify=verify, health=is_watched(run)))


def _watch(hand: Hand, outside: Outside, now: datetime) -> Next:
    watched = is_watched_failed(hand.run) or (is_watched(hand.run) and not _is_watched_enough(hand.run, now))
    if not watched:
        return Deed(_end_watch)
    return _look(hand, outside, verify=False)


def _is_watched_enough(run: Run, now: datetime) -> bool:
    """Whether what its plan says is over; a run that failed is looked at on, now and then."""
    since = (run.effective_at or now) if run.state is RunState.EFFECTIVE else acted_last_at(run)
    return now >= since + timedelta(seconds=run.plan.health_for_s)


def _rest_watch(setting: Setting, run: Run) -> Did:
    rest_watch(setting.tx, run, setting.now)
    return Did(run, "watched", rests=True)


def _end_watch(setting: Setting, run: Run) -> Did:
    setting.tx.timers.clear(run.id, 0, "health")
    return Did(run, "watched", rests=True)


def _expire(setting: Setting, run: Run) -> Did:
    after = expire(setting.tx, run, setting.now)
    return Did(after, "expiry", rests=not after.released)


def _fail(because: str) -> Deed:
    def do(setting: Setting, run: Run) -> Did:
        if run.state is not RunState.VERIFYING or run.released:
            return Did(run, "look")
        targets = setting.world.targets
        after = fail_unproven(setting.tx, run, setting.now, setting.ids, because, targets=targets)
        return Did(after, "failed", rests=True)

    return Deed(do)


# What a job found out.


def _take_result(hand: Hand, now: datetime) -> Next:
    job, about = hand.job, hand.asked
    if job is None or job.cancelled():  # the executor is closing: the next process looks
        hand.job = None
        return None
    error = job.exception()
    if isinstance(error, FencedError):
        hand.drop()
        hand.job = None
        return Deed(_claim)
    if error is not None:
        return _take_error(hand, error, about, now)
    result = job.result()
    match result:
        case Prepared(None, news):
            return _drive(hand, news)
        case Prepared(problem, _):
            return Deed(lambda setting, run: stop(setting, run, problem or "it can't be carried out"))
        case News():
            return _drive(hand, result)
        case Looked():
            return _take_look(hand, result)


def _take_error(hand: Hand, error: BaseException, about: Move | None, now: datetime) -> Next:
    """An error that no action promises, or one before an intent: tried again, and given up in the end."""
    message = tell_error(error)
    if isinstance(about, Act | Revert):
        seen = Seen(None, message, error=message, unread=True)
        return _drive(hand, News(about.number, seen, undone=isinstance(about, Revert)))
    if about is None and hand.run.state is RunState.VERIFYING:  # nothing was seen: that is no proof, and time goes on
        return _take_look(hand, Looked(Outcome(False, message), now, hand.run.unproven))
    hand.job = None
    hand.stumble(now, 5.0)
    if not isinstance(about, Intend):
        return None
    if hand.failures >= CAPTURES:
        because = f"step {about.number} can't be begun: {message}"
        return Deed(lambda setting, run: stop(setting, run, because))
    return Deed(lambda setting, run: Did(note_trouble(setting.tx, run, setting.now, message), "trouble"))


def _take_look(hand: Hand, looked: Looked) -> Next:
    run, outcome = hand.run, looked.outcome
    if looked.health is not None:
        hand.unwell = 0 if looked.health.holds else hand.unwell + 1
        if hand.unwell >= UNWELL:
            detail = looked.health.detail
            return Deed(lambda setting, run: Did(revert_unwell(setting.tx, run, setting.now, detail), "reverted"))
    if run.state is RunState.FAILED and not hand.unwell and _is_watched_enough(run, looked.seen_at):
        return Deed(_rest_watch)
    if outcome is None or run.state is not RunState.VERIFYING:
        hand.job, hand.due_at = None, looked.seen_at + HEALTH_PAUSE
        return None
    if outcome.holds and not looked.behind:
        return Deed(lambda setting, run: _prove(setting, run, outcome.detail, looked.seen_at))
    return _take_no_proof(hand, looked, holds=outcome.holds)


def _take_no_proof(hand: Hand, looked: Looked, *, holds: bool) -> Next:
    run, since = hand.run, looked.seen_at - acted_last_at(hand.run)
    deadline = timedelta(seconds=max(probe.deadline_s for probe in run.plan.verify))
    hand.missed = 0 if holds else hand.missed + 1
    hand.has_held = hand.has_held or holds
    # once they held, a single look that fails is no proof of the contrary
    waits = holds or (hand.has_held and hand.missed < UNWELL)
    if since >= (max(deadline, GONE) if waits else deadline):
        return _unproven_at_last(looked)
    pause = timedelta(seconds=min(probe.interval_s for probe in run.plan.verify))
    again_at = looked.seen_at + (min(pause, HURRIED) if holds and since < NAMED_AFTER else pause)
    unproven = looked.unproven if since < NAMED_AFTER else (*looked.unproven, *looked.behind)
    if unproven != run.unproven:  # clients that come in one by one are journaled once a pause
        return Deed(lambda setting, run: _note_unproven(setting, run, unproven, again_at))
    hand.job, hand.due_at = None, again_at
    return None


def _prove(setting: Setting, run: Run, proof: str, seen_at: datetime) -> Did:
    if run.state is not RunState.VERIFYING or run.released:
        return Did(run, "look")
    after = prove(setting.tx, run, setting.now, setting.ids, proof=proof, seen_at=seen_at)
    return Did(after, "effective", rests=not is_watched(after))


def _unproven_at_last(looked: Looked) -> Deed:
    detail = looked.outcome.detail if looked.outcome else ""
    if looked.outcome is not None and looked.outcome.holds:
        detail = f"not fetched by {', '.join(looked.behind)}"
    failing = _fail(f"no proof in time, it stays in place; {detail}")
    unproven = (*looked.unproven, *looked.behind)
    return Deed(lambda setting, run: failing.do(setting, replace(run, unproven=unproven)))


def _note_unproven(setting: Setting, run: Run, unproven: tuple[str, ...], again_at: datetime) -> Did:
    if run.state is not RunState.VERIFYING or run.released:
        return Did(run, "look")
    return Did(note_unproven(setting.tx, run, setting.now, unproven), "unproven", again_at=again_at)


def note_step_error(hand: Hand, error: StepError) -> None:
    """Take in that a step within the store failed and its transaction was rolled back.

    With its intent committed that is an outcome; without, what comes before it is committed first.
    """
    step = get_step(hand.run, error.number)
    if step.state is (StepState.UNDOING if error.undoing else StepState.INTENT):
        seen = Seen(False, error.message, error=error.message)
        hand.news = News(error.number, seen, undone=error.undoing)
    else:
        hand.chain = False
    hand.job = None
