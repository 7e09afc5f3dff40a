"""Guards in the loop: the org's limits, and what holds a run back right now, counted in one transaction.

A `HoldFinder` is asked before a run's first step and between two steps. Who asks for many runs in one transaction
makes one of it, which reads each thing once; it writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.approvals import ask_people
from holdfast.loop.drills import DrillReader
from holdfast.loop.freshness import Freshness
from holdfast.loop.pausing import get_pause
from holdfast.mitigations.autonomy import AUTOMATION, WORKING
from holdfast.mitigations.guards import (
    HOUR,
    Circumstances,
    check_guards,
    is_held_by_nothing,
    judge_hold,
    rest_of,
    uses_of,
)
from holdfast.model.guard import AtWork, Freeze, Guards, Hold, Use
from holdfast.model.instant import format_instant
from holdfast.model.plan import Autonomy
from holdfast.model.run import Run, RunState
from holdfast.ports.store import Transaction

GUARDS = "mitigations.guards"
_GUARDING = WORKING | {RunState.EFFECTIVE, RunState.NEEDS_PERSON}


def get_guards(tx: Transaction) -> Guards:
    """Return the org's limits; the defaults where nobody set any."""
    text = tx.settings.get(GUARDS)
    return msgspec.json.decode(text, type=Guards) if text else Guards()


def set_guards(tx: Transaction, guards: Guards, actor: str, now: datetime) -> Guards:
    """Keep the org's limits, without the freezes that are over; journaled with what they were.

    Raises:
        UsageError: they mean nothing.
    """
    before = get_guards(tx)
    kept = tuple(one for one in guards.freezes if one.ends_at > now)
    after = check_guards(replace(guards, freezes=kept))
    if after != before:
        tx.settings.set(GUARDS, msgspec.json.encode(after).decode())
        body: dict[str, object] = {"id": GUARDS, "by": actor}
        tx.journal.append("guards.changed", body | {"before": _facts(before), "after": _facts(after)})
    return after


def add_freeze(tx: Transaction, freeze: Freeze, actor: str, now: datetime) -> Guards:
    """Freeze environments for a time.

    Raises:
        UsageError: it ends before it starts or before now, or has no reason.
    """
    if freeze.ends_at <= now:
        raise UsageError(f"a freeze that ended at {format_instant(freeze.ends_at)}", where="ends_at")
    guards = get_guards(tx)
    return set_guards(tx, check_guards(replace(guards, freezes=(*guards.freezes, freeze))), actor, now)


def lift_freeze(tx: Transaction, freeze_id: str, actor: str, now: datetime) -> Guards:
    """End a freeze.

    Raises:
        NotFoundError: there is no such freeze.
    """
    guards = get_guards(tx)
    kept = tuple(one for one in guards.freezes if one.id != freeze_id)
    if len(kept) == len(guards.freezes):
        raise NotFoundError(f"there is no freeze `{freeze_id[:80]}`", hint="`holdfast guards show` lists them")
    return set_guards(tx, replace(guards, freezes=kept), actor, now)


def _facts(guards: Guards) -> dict[str, object]:
    freezes = [
        {
            "id": one.id,
            "reason": one.reason,
            "starts_at": format_instant(one.starts_at),
            "ends_at": format_instant(one.ends_at),
            "environments": list(one.environments),
        }
        for one in guards.freezes
    ]
    return {
        "max_share": guards.max_share,
        "services_per_hour": guards.services_per_hour,
        "flags_per_hour": guards.flags_per_hour,
        "cooldown_s": guards.cooldown_s,
        "max_drill_age_s": guards.max_drill_age_s,
        "freezes": freezes,
    }


@dataclass(slots=True)
class HoldFinder:
    """Finds what holds runs back, for one transaction; `feed_max_age` as in `Turn`.

    Facts and drill of a run were judged when it was made, those of a next rung were not: for `judged_for` after that
    they are not judged again, so that a storm of runs does not read everything twice.
    """

    tx: Transaction
    now: datetime
    feed_max_age: timedelta | None = None
    judged_for: timedelta = timedelta(0)
    _guards: Guards | None = None
    _pause: Mapping[str, str] | None = None
    _at_work: list[AtWork] = field(default_factory=list)
    _uses: Sequence[Use] = ()
    _since: datetime | None = None
    _freshness: Freshness | None = None
    _drills: DrillReader | None = None

    def find(self, run: Run) -> Hold | None:
        """Return what holds the run back now, `None` when it may go on."""
        if is_held_by_nothing(run):
            return None
        guards = self._read()
        self._reach_back(max(HOUR, rest_of(run, guards)))
        seen = Circumstances(self.now, self._pause, self._at_work, self._uses)
        hold = judge_hold(run, guards, seen)
        if hold is not None or run.state is not RunState.APPROVED:
            return hold
        if run.drill is not None:  # what is being rehearsed needs no rehearsal
            return None
        seen = replace(seen, guarded_by=self._guarded_by(run))
        if run.after is not None or self.now - run.created_at >= self.judged_for:
            seen = replace(seen, stale=self._stale(run), unproven=self._unproven(run))
        return judge_hold(run, guards, seen)

    def note(self, run: Run) -> None:
        """Count a run that began in this transaction: another of its service waits for it."""
        if run.state in WORKING:
            self._read()
            self._at_work.append(AtWork(run.id, run.service_id, run.exposure))
            # told, not read again: a thousand runs of one advisory would each read the uses of all
            self._uses = [*(use for use in self._uses if use.run != run.id), *uses_of(run)]

    def _read(self) -> Guards:
        if self._guards is None:
            self._guards = get_guards(self.tx)
            self._pause = get_pause(self.tx)
            self._at_work = list(self.tx.runs.at_work())
        return self._guards

    def _reach_back(self, span: timedelta) -> None:
        since = self.now - span
        if self._since is None or since < self._since:
            self._uses, self._since = self.tx.runs.uses(since), since

    def _guarded_by(self, run: Run) -> str | None:
        others = self.tx.runs.of_exposures([run.exposure])
        guarding = (one for one in others if one.state in _GUARDING and not one.released)
        return next((one.id for one in guarding if one.id not in {run.id, run.after}), None)

    def _stale(self, run: Run) -> str | None:
        if self._freshness is None:
            self._freshness = Freshness(self.tx, self.now, self.feed_max_age)
        try:
            return self._freshness.find_doubt(self.tx.exposures.get(run.exposure))
        except NotFoundError:
            return "the exposure that it is for is not there any more"

    def _unproven(self, run: Run) -> str | None:
        if self._drills is None:
            self._drills = DrillReader(self.tx, self.now, self._read().max_drill_age_s)
        return self._drills.find_unproven(run.plan, run.service_id, run.environment)


def note_hold(tx: Transaction, run: Run, hold: Hold, now: datetime) -> Run | None:
    """Store and journal what holds a run, once per reason; a lasting one lets it fall to one approval.

    Returns the run as it is now, `None` when nothing changed.
    """
    falls = hold.lasting and run.state is RunState.APPROVED
    if run.held == hold.reason and not falls:
        return None
    held = replace(run, held=hold.reason, updated_at=now)
    if falls:
        held = replace(held, state=RunState.AWAITING, level=Autonomy.APPROVE_1)
    tx.runs.save(held)
    body: dict[str, object] = {
        "id": run.id,
        "about": [run.exposure, run.service_id],
        "state": held.state.value,
        "by": AUTOMATION,
        "guard": hold.guard,
        "held": hold.reason,
    }
    tx.journal.append("run.held", body | {"until": format_instant(hold.until) if hold.until else None})
    if falls:
        ask_people(tx, [held], now)
    return held
