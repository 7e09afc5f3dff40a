"""Guards: what holds back what acts by itself, each with a reason that a person can act on.

Rules:
1. People and reverts are never held: a run that a person asked for, approved or let go by breaking the glass, and every
   run that is being taken back, goes on.
2. The pause and freezes hold at every safe point, between two steps too. The other guards are asked before the first
   step alone: what has begun is not left half done because a cap was reached meanwhile.
3. What passes by itself (pause, freeze, busy, rest, caps per hour) makes a run wait; what does not (facts, drill,
   share) is `lasting`: the run falls to one approval.
4. A drill's run is held by the pause, by freezes and by a busy service; caps and rests neither hold nor count it.
5. What can't be counted counts as too much: a share that is not known is above every cap below 1.
6. A second incident does not rest from what the first has in place: it forces the same flags, and nothing moves. Were
   it to wait, they would come back when the first one ends. Nor does a block at a proxy rest from another that is in
   place: each is a hold of its own, and comes off alone. What was taken back is rested from: that is flapping.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.errors import UsageError
from holdfast.model.frozen import frozen
from holdfast.model.guard import AtWork, Guards, Hold, Use
from holdfast.model.instant import format_instant
from holdfast.model.run import AUTOMATION, Run, RunState, StepState

HOUR = timedelta(hours=1)
MOST_FREEZES = 200
MOST_PER_HOUR = 1_000_000
MOST_SECONDS = 366 * 86400.0
_BLOCKS = frozenset({"service.off", "edge.block"})
"""Actions whose uses stack, each a hold of its own, whatever the others turn away."""
_UNTOUCHED = frozenset({StepState.PENDING, StepState.SKIPPED})
_BEGUN = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.EFFECTIVE, RunState.NEEDS_PERSON})


@frozen
class Circumstances:
    """What guards judge a run by, counted in one transaction.

    `paused` is who paused automation, when and why (`by`, `at`, `reason`). `at_work` are the runs that change something
    now, `uses` what was done in the hour before `now` and in the longest rest. `guarded_by` is a run that already
    guards the exposure. `stale` and `unproven` say why facts and drill don't carry it, `None` when they do.
    """

    now: datetime
    paused: Mapping[str, str] | None = None
    at_work: Sequence[AtWork] = ()
    uses: Sequence[Use] = ()
    guarded_by: str | None = None
    stale: str | None = None
    unproven: str | None = None


def is_held_by_nothing(run: Run) -> bool:
    """Whether no guard may hold the run: a person is behind it, or it is being taken back."""
    people = bool(run.approvals) or run.requested_by != AUTOMATION or run.break_glass is not None
    return people or run.released or run.state is RunState.UNDOING


def uses_of(run: Run) -> list[Use]:
    """Return the uses of actions that a run is, as the store tells of them once it is saved."""
    out = []
    for step in run.steps:
        begun_at = step.intended_at or (None if step.state in _UNTOUCHED else step.at)
        if begun_at is None:
            continue
        touched_at = max(at for at in (step.at, step.done_at, begun_at) if at is not None)
        action, flag = step.step.action, step.step.argument("flag")
        named, in_place = f"{run.environment}/{flag}" if flag else None, step.state is StepState.DONE
        out.append(Use(run.id, run.service_id, action, named, run.is_automatic, begun_at, touched_at, in_place))
    return out


def judge_hold(run: Run, guards: Guards, seen: Circumstances) -> Hold | None:
    """Return the first guard that holds the run back now, `None` when it may go on."""
    if is_held_by_nothing(run):
        return None
    always = _paused(seen) or _frozen(run, guards, seen)
    if always is not None or run.state in _BEGUN:
        return always
    checks: tuple[Callable[[Run, Guards, Circumstances], Hold | None], ...] = (_guarded, _busy)
    if run.drill is None:
        checks += (_stale, _unproven, _wide, _rest, _services, _flags)
    for check in checks:
        hold = check(run, guards, seen)
        if hold is not None:
            return hold
    return None


def _paused(seen: Circumstances) -> Hold | None:
    if seen.paused is None:
        return None
    words = f"automation is paused by {seen.paused['by']} since {seen.paused['at']}"
    because = f": {seen.paused['reason']}" if seen.paused.get("reason") else ""
    return Hold("pause", f"{words}{because}; let it go on, or approve this run")


def _frozen(run: Run, guards: Guards, seen: Circumstances) -> Hold | None:
    holding = [one for one in guards.freezes if one.holds(run.environment, seen.now)]
    if not holding:
        return None
    last = max(holding, key=lambda one: one.ends_at)
    until = format_instant(last.ends_at)
    words = f"`{run.environment}` is frozen until {until}: {last.reason} ({last.id}); approve it, or lift the freeze"
    return Hold("freeze", words, last.ends_at)


def _guarded(run: Run, _guards: Guards, seen: Circumstances) -> Hold | None:
    if seen.guarded_by is None:
        return None
    return Hold("exposure", f"run {seen.guarded_by} acts on the same exposure; it begins when that is taken back")


def _busy(run: Run, _guards: Guards, seen: Circumstances) -> Hold | None:
    # the run whose next rung this is may be unable to take itself back: it must not stand in the way of what helps
    mine = {run.id, run.after}
    other = next((one for one in seen.at_work if one.service_id == run.service_id and one.run not in mine), None)
    if other is None:
        return None
    return Hold("service", f"run {other.run} of the same service is at work; it begins when that is done")


def _stale(_run: Run, _guards: Guards, seen: Circumstances) -> Hold | None:
    return Hold("facts", seen.stale, lasting=True) if seen.stale else None


def _unproven(_run: Run, _guards: Guards, seen: Circumstances) -> Hold | None:
    return Hold("drill", seen.unproven, lasting=True) if seen.unproven else None


def _wide(run: Run, guards: Guards, _seen: Circumstances) -> Hold | None:
    reason = find_too_wide(run, guards)
    return Hold("share", reason, lasting=True) if reason else None


def find_too_wide(run: Run, guards: Guards) -> str | None:
    """Return why the run touches too large a share of its service, `None` when it does not."""
    cap = share_cap(run, guards)
    if cap >= 1:
        return None
    if run.share is None:
        return f"which share of `{run.service}` it touches is not known; {_percent(cap)} may be touched by itself"
    if run.share <= cap:
        return None
    return f"it touches {_percent(run.share)} of `{run.service}`; {_percent(cap)} may be touched by itself"


def share_cap(run: Run, guards: Guards) -> float:
    """Return the largest share of the service that the run may touch by itself."""
    return guards.max_share if run.plan.max_share is None else min(run.plan.max_share, guards.max_share)


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def rest_of(run: Run, guards: Guards) -> timedelta:
    """Return how long its service rests from an action after a run that used it."""
    return timedelta(seconds=guards.cooldown_s if run.plan.cooldown_s is None else run.plan.cooldown_s)


def _rest(run: Run, guards: Guards, seen: Circumstances) -> Hold | None:
    rest = rest_of(run, guards)
    mine = [use for use in seen.uses if use.service_id == run.service_id and use.run not in {run.id, run.after}]
    forced = {(use.action, use.flag) for use in mine if use.in_place and use.flag}
    actions = {action for action, flag in _wanted(run) if (action, flag) not in forced}
    flapping = (use for use in mine if not (use.in_place and use.action in _BLOCKS))
    resting = [use for use in flapping if use.action in actions and use.touched_at + rest > seen.now]
    if not resting:
        return None
    last = max(resting, key=lambda use: use.touched_at)
    until = last.touched_at + rest
    used = f"`{run.service}` rests from `{last.action}` until {format_instant(until)}"
    return Hold("rest", f"{used}, after run {last.run}; approve it to go on now", until)


def _wanted(run: Run) -> set[tuple[str, str | None]]:
    """Return the run's actions, each with the flag, `environment/key`, that it is to force."""
    named = [(step.step.action, step.step.argument("flag")) for step in run.steps]
    return {(action, f"{run.environment}/{flag}" if flag else None) for action, flag in named}


def _services(run: Run, guards: Guards, seen: Circumstances) -> Hold | None:
    touched = _newest([(use.service_id, use) for use in _counted(run, seen)])
    return _full("services", touched, {run.service_id}, guards.services_per_hour)


def _flags(run: Run, guards: Guards, seen: Circumstances) -> Hold | None:
    mine = {flag for _, flag in _wanted(run) if flag}
    touched = _newest([(use.flag, use) for use in _counted(run, seen) if use.flag])
    return _full("flags", touched, mine, guards.flags_per_hour)


def _counted(run: Run, seen: Circumstances) -> list[Use]:
    return [use for use in seen.uses if use.automatic and use.run != run.id and use.intended_at > seen.now - HOUR]


def _newest(named: Sequence[tuple[str, Use]]) -> dict[str, datetime]:
    out: dict[str, datetime] = {}
    for name, use in named:
        out[name] = max(use.intended_at, out.get(name, use.intended_at))
    return out


def _full(guard: str, touched: Mapping[str, datetime], mine: set[str], cap: int) -> Hold | None:
    """Hold while `mine` don't fit below the cap; what was touched within the hour is counted already."""
    new = len(mine - touched.keys())
    over = len(touched) + new - cap
    if not new or over <= 0:
        return None
    leaving = sorted(touched.values())
    if over > len(leaving):  # more at once than an hour allows: waiting helps nothing
        return Hold(guard, f"it needs {new} {guard} at once; the cap is {cap} per hour", lasting=True)
    until = leaving[over - 1] + HOUR
    words = f"the cap of {cap} {guard} per hour is reached; the next may begin at {format_instant(until)}"
    return Hold(guard, words, until)


def check_guards(guards: Guards) -> Guards:
    """Return them, if they are limits that mean something.

    Raises:
        UsageError: a share outside of 0 to 1, a negative or endless number, a freeze that ends before it starts.
    """
    if not 0 <= guards.max_share <= 1:
        raise UsageError(f"expected a share from 0 to 1, got `{guards.max_share}`", where="max_share")
    counts = {"services_per_hour": guards.services_per_hour, "flags_per_hour": guards.flags_per_hour}
    for name, count in counts.items():
        if not 0 <= count <= MOST_PER_HOUR:
            raise UsageError(f"expected a number from 0 to {MOST_PER_HOUR}, got `{count}`", where=name)
    for name, seconds in {"cooldown_s": guards.cooldown_s, "max_drill_age_s": guards.max_drill_age_s}.items():
        if not 0 <= seconds <= MOST_SECONDS:
            raise UsageError(f"expected seconds from 0 to {MOST_SECONDS:.0f}, got `{seconds}`", where=name)
    if len(guards.freezes) > MOST_FREEZES:
        raise UsageError(f"{len(guards.freezes)} freezes; the limit is {MOST_FREEZES}", hint="lift those that are over")
    if len({one.id for one in guards.freezes}) < len(guards.freezes):
        raise UsageError("two freezes of one id", where="freezes")
    for freeze in guards.freezes:
        if freeze.ends_at <= freeze.starts_at:
            raise UsageError(f"freeze `{freeze.id}` ends before it starts", where="freezes")
        if not freeze.reason.strip():
            raise UsageError(
                f"freeze `{freeze.id}` without a reason", where="freezes", hint="everybody it holds reads it"
            )
    return guards
