"""What drives runs: leases, signals, timers, the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Executable,
    Integer,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from holdfast.edges.stores.schema_findings import EXPOSURE
from holdfast.edges.stores.schema_mitigations import OUTBOX, RUN, SIGNAL, TIMER
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.statements import Fixed
from holdfast.errors import FencedError, NotFoundError
from holdfast.model.exposure import State
from holdfast.model.run import Lease, Message, RunState, Signal, Timer

# building a statement costs more than running it: those of every commit are built once
_ORG: BindParameter[str] = bindparam("p_org")
_RUN: BindParameter[str] = bindparam("p_run")
_OWNER: BindParameter[str] = bindparam("p_owner")
_FENCE: BindParameter[int] = bindparam("p_fence")
_NOW, _UNTIL = (bindparam(f"p_{name}", type_=RUN.c.lease_until.type) for name in ("now", "until"))
_FREE = or_(RUN.c.owner.is_(None), RUN.c.lease_until <= _NOW, RUN.c.owner == _OWNER)
_CLAIM = Fixed(
    update(RUN)
    .where(RUN.c.org == _ORG, RUN.c.id == _RUN, _FREE)
    .values(owner=_OWNER, fence=RUN.c.fence + 1, lease_until=_UNTIL)
    .returning(RUN.c.fence, RUN.c.body, RUN.c.service_id)
)
_MINE = (RUN.c.org == _ORG, RUN.c.id == _RUN, RUN.c.owner == _OWNER, RUN.c.fence == _FENCE)
_KEEP = Fixed(update(RUN).where(*_MINE).values(lease_until=_UNTIL).returning(RUN.c.body, RUN.c.service_id))
_GIVE = Fixed(update(RUN).where(*_MINE).values(owner=None, lease_until=None))
_OF = Fixed(select(RUN.c.owner, RUN.c.fence, RUN.c.lease_until).where(RUN.c.org == _ORG, RUN.c.id == _RUN))
_TIMERS_DUE = (
    select(TIMER)
    .where(TIMER.c.org == _ORG, TIMER.c.due_at <= _NOW)
    .order_by(TIMER.c.due_at, TIMER.c.run, TIMER.c.step)
    .limit(bindparam("p_limit", type_=Integer()))
)
_DUE_OF_KIND = Fixed(_TIMERS_DUE.where(TIMER.c.kind == bindparam("p_kind")))
_DUE = Fixed(_TIMERS_DUE)
_NEXT = Fixed(select(func.min(TIMER.c.due_at).label("due_at")).where(TIMER.c.org == _ORG))
_ADD_SIGNAL = Fixed(insert(SIGNAL), SIGNAL.c.keys())
_KNOWN_SIGNALS = "SELECT id FROM signal WHERE org = :org AND id IN :ids"
_OVER = tuple(state.value for state in (RunState.OBSERVED, RunState.REJECTED, RunState.UNDONE))
_RESTING = (RunState.FAILED.value, RunState.EFFECTIVE.value)
"""States in which a run is over as soon as its exposure is."""


def _is_live(exposure: ColumnElement[str] | Column[Any]) -> ColumnElement[bool]:
    """Whether an exposure of the org is not over."""
    return exists().where(EXPOSURE.c.org == _ORG, EXPOSURE.c.id == exposure, EXPOSURE.c.state != State.RESOLVED.value)


def _goes_on(table: Table) -> ColumnElement[bool]:
    """Whether the run that a row names can still go on."""
    rests = and_(RUN.c.state.in_(_RESTING), not_(_is_live(RUN.c.exposure)))
    return exists().where(RUN.c.org == _ORG, RUN.c.id == table.c.run, RUN.c.state.not_in(_OVER), not_(rests))


def _dropping(table: Table, keys: Sequence[Column[Any]], age: Column[Any], *old: ColumnElement[bool]) -> Executable:
    """Return a statement that deletes what is old, the oldest first, at most `p_limit` rows."""
    chosen = select(*keys).where(table.c.org == _ORG, age < _BEFORE, *old, not_(_goes_on(table)))
    oldest = chosen.order_by(age).limit(bindparam("p_limit", type_=Integer()))
    named = tuple_(*keys) if len(keys) > 1 else keys[0]
    return delete(table).where(table.c.org == _ORG, named.in_(oldest))


_BEFORE = bindparam("p_before", type_=RUN.c.lease_until.type)
_DROP_SIGNALS = _dropping(
    SIGNAL, [SIGNAL.c.id], SIGNAL.c.at, SIGNAL.c.kind != "break_glass", not_(_is_live(SIGNAL.c.exposure))
)
_DROP_TIMERS = _dropping(TIMER, [TIMER.c.run, TIMER.c.step, TIMER.c.kind], TIMER.c.due_at)
_DROP_SENT = _dropping(OUTBOX, [OUTBOX.c.id], OUTBOX.c.sent_at)
_WAITING = (OUTBOX.c.org == _ORG, OUTBOX.c.sent_at.is_(None), OUTBOX.c.given_up_at.is_(None))
_ANY_DUE = select(OUTBOX.c.id).where(*_WAITING, OUTBOX.c.due_at <= _NOW).order_by(OUTBOX.c.due_at).limit(1)
_TO: BindParameter[str] = bindparam("p_to")
_NEXT_RECEIVER = select(func.min(OUTBOX.c.to).label("name")).where(OUTBOX.c.org == _ORG, OUTBOX.c.to > _TO)
_DUE_TO = select(OUTBOX.c.id).where(*_WAITING, OUTBOX.c.to == _TO, OUTBOX.c.due_at <= _NOW)
_FIRST_DUE_TO = _DUE_TO.order_by(OUTBOX.c.created_at, OUTBOX.c.id).limit(1)


def _forget(session: Session, statement: Executable, before: datetime, limit: int) -> int:
    return session.change(statement, {"p_org": session.org, "p_before": before, "p_limit": limit}).rowcount


class SqlLeases:
    """Who drives which run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, run_id: str, owner: str, now: datetime, until: datetime) -> Lease | None:
        """Take a run that nobody holds at `now`, or that `owner` holds; `None` when another worker does."""
        values = {"p_org": self._session.org, "p_run": run_id, "p_owner": owner, "p_now": now, "p_until": until}
        row = self._session.change(_CLAIM, values).first()
        if row is None:
            return None
        self._session.held_runs[run_id] = row
        return Lease(run_id, owner, row.fence, until)

    def keep(self, lease: Lease, until: datetime) -> Lease:
        """Hold it longer, inside the transaction that relies on it.

        Raises:
            FencedError: another has it by now.
        """
        row = self._session.change(_KEEP, self._mine(lease) | {"p_until": until}).first()
        if row is None:
            raise FencedError(f"run {lease.run} was taken over by another worker", hint="it goes on there")
        self._session.held_runs[lease.run] = row
        return Lease(lease.run, lease.owner, lease.fence, until)

    def give(self, lease: Lease) -> None:
        """Let it go; does nothing when another has it by now."""
        self._session.change(_GIVE, self._mine(lease))

    def of(self, run_id: str) -> Lease | None:
        """Return who holds or held it last."""
        row = self._session.row(_OF, {"p_org": self._session.org, "p_run": run_id})
        return Lease(run_id, row.owner, row.fence, row.lease_until) if row and row.owner is not None else None

    def _mine(self, lease: Lease) -> dict[str, Any]:
        return {"p_org": self._session.org, "p_run": lease.run, "p_owner": lease.owner, "p_fence": lease.fence}


class SqlSignals:
    """What came in, kept once by id."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, signals: Sequence[Signal]) -> Sequence[str]:
        """Keep them; returns the ids of those that were not there yet."""
        names = SIGNAL.c.keys()
        new: list[str] = []
        for part in chunks({one.id: one for one in signals}.values(), 400):
            ids = [one.id for one in part]
            known = {row.id for row in self._session.rows(_KNOWN_SIGNALS, {"org": self._session.org, "ids": ids})}
            rows = [{name: getattr(one, name) for name in names} for one in part if one.id not in known]
            if rows:
                self._session.change(_ADD_SIGNAL, rows)
            new += [row["id"] for row in rows]
        return new

    def of_run(self, run_id: str) -> Sequence[Signal]:
        """Return a run's, oldest first."""
        query = select(SIGNAL).where(SIGNAL.c.org == self._session.org, SIGNAL.c.run == run_id)
        return [Signal(**row._mapping) for row in self._session.rows(query.order_by(SIGNAL.c.at, SIGNAL.c.id))]

    def of_exposure(self, exposure_id: str, after: str | None = None, limit: int = 100) -> Sequence[Signal]:
        """Return an exposure's with an id below `after`, newest id first."""
        query = select(SIGNAL).where(SIGNAL.c.org == self._session.org, SIGNAL.c.exposure == exposure_id)
        if after is not None:
            query = query.where(SIGNAL.c.id < after)
        return [Signal(**row._mapping) for row in self._session.rows(query.order_by(SIGNAL.c.id.desc()).limit(limit))]

    def count(self, exposure_id: str) -> int:
        """Return how many there are of an exposure."""
        where = (SIGNAL.c.org == self._session.org, SIGNAL.c.exposure == exposure_id)
        return int(self._session.row(select(func.count().label("n")).select_from(SIGNAL).where(*where)).n)

    def forget(self, before: datetime, limit: int) -> int:
        """Drop the oldest ones of before whose exposure and run are over; returns how many, at most `limit`."""
        return _forget(self._session, _DROP_SIGNALS, before, limit)


class SqlTimers:
    """What is due later; one of each (run, step, kind)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set(self, timer: Timer) -> None:
        """Create or move."""
        self._session.upsert(TIMER, [{name: getattr(timer, name) for name in TIMER.c.keys()}])  # noqa: SIM118

    def clear(self, run_id: str, step: int | None = None, kind: str | None = None) -> None:
        """Remove a run's, all or those of a step, of a kind."""
        where = [TIMER.c.org == self._session.org, TIMER.c.run == run_id]
        if step is not None:
            where.append(TIMER.c.step == step)
        if kind is not None:
            where.append(TIMER.c.kind == kind)
        self._session.change(delete(TIMER).where(*where))

    def due(self, now: datetime, limit: int = 1000, *, kind: str | None = None) -> Sequence[Timer]:
        """Return what is due, of one kind or of all, earliest first."""
        values = {"p_org": self._session.org, "p_now": now, "p_limit": limit}
        rows = self._session.rows(_DUE_OF_KIND, values | {"p_kind": kind}) if kind else self._session.rows(_DUE, values)
        return [Timer(**row._mapping) for row in rows]

    def next_at(self) -> datetime | None:
        """Return when the earliest is due."""
        row = self._session.row(_NEXT, {"p_org": self._session.org})
        return row.due_at if row else None

    def forget(self, before: datetime, limit: int) -> int:
        """Drop those due before whose run is over, or is not there; returns how many, at most `limit`."""
        return _forget(self._session, _DROP_TIMERS, before, limit)


class SqlOutbox:
    """What is to be told to others."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, message: Message) -> None:
        """Keep it; does nothing when its id is there already."""
        row = {name: getattr(message, name) for name in OUTBOX.c.keys()}  # noqa: SIM118
        self._session.change(self._session.insert(OUTBOX).on_conflict_do_nothing(), [row])

    def save(self, message: Message) -> None:
        """Change a message after a try."""
        self._session.upsert(OUTBOX, [{name: getattr(message, name) for name in OUTBOX.c.keys()}])  # noqa: SIM118

    def due(self, now: datetime, limit: int = 100, *, to: str | None = None) -> Sequence[Message]:
        """Return what was not sent and is due, oldest first; to one receiver, or to any."""
        query = select(OUTBOX).where(*_WAITING, OUTBOX.c.due_at <= now)
        if to is not None:
            query = query.where(OUTBOX.c.to == to)
        return self._messages(query.order_by(OUTBOX.c.created_at, OUTBOX.c.id).limit(limit))

    def receivers(self, now: datetime) -> Sequence[str]:
        """Return the receivers for whom something is due, by name.

        Names are found one after another in the index: what was sent long ago, or waits by the thousand, is not read.
        """
        values = {"p_org": self._session.org, "p_now": now}
        found: list[str] = []
        name: str | None = "" if self._session.row(_ANY_DUE, values) is not None else None
        while name is not None:
            name = self._session.row(_NEXT_RECEIVER, {"p_org": self._session.org, "p_to": name}).name
            if name is not None and self._session.row(_FIRST_DUE_TO, values | {"p_to": name}) is not None:
                found.append(name)
        return found

    def is_behind(self, message: Message, now: datetime, tries: int) -> bool:
        """Whether an older one to the same receiver is under way, or waits after fewer than `tries` tries."""
        at, key = OUTBOX.c.created_at, OUTBOX.c.id
        older = (at <= message.created_at, or_(at < message.created_at, key < message.id))  # the first: for the index
        where = (*_WAITING, OUTBOX.c.to == message.to, OUTBOX.c.due_at > now, OUTBOX.c.attempts.between(1, tries - 1))
        return bool(self._messages(select(OUTBOX).where(*where, *older).order_by(at, key).limit(1)))

    def given_up(self, after: str | None = None, limit: int = 100) -> Sequence[Message]:
        """Return what was given up with an id below `after`, newest id first."""
        query = select(OUTBOX).where(OUTBOX.c.org == self._session.org, OUTBOX.c.given_up_at.is_not(None))
        if after is not None:
            query = query.where(OUTBOX.c.id < after)
        return self._messages(query.order_by(OUTBOX.c.id.desc()).limit(limit))

    def count_given_up(self) -> int:
        """Return how many reached nobody."""
        where = (OUTBOX.c.org == self._session.org, OUTBOX.c.given_up_at.is_not(None))
        return int(self._session.row(select(func.count().label("n")).select_from(OUTBOX).where(*where)).n)

    def forget(self, before: datetime, limit: int) -> int:
        """Drop those that were taken before and whose run is over; returns how many, at most `limit`."""
        return _forget(self._session, _DROP_SENT, before, limit)

    def _messages(self, query: Executable) -> list[Message]:
        rows = self._session.rows(query, {"p_org": self._session.org})
        return [Message(**row._mapping) for row in rows]

    def get(self, message_id: str) -> Message:
        """Return by id. Raises: NotFoundError."""
        where = (OUTBOX.c.org == self._session.org, OUTBOX.c.id == message_id)
        row = self._session.row(select(OUTBOX).where(*where))
        if row is None:
            raise NotFoundError(f"there is no message `{message_id[:80]}`")
        return Message(**row._mapping)
