"""What drives runs: leases, signals, timers, the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Integer, bindparam, delete, func, or_, select, update

from holdfast.edges.stores.schema_mitigations import OUTBOX, RUN, SIGNAL, TIMER
from holdfast.edges.stores.session import Session, chunks
from holdfast.errors import FencedError, NotFoundError
from holdfast.model.run import Lease, Message, Signal, Timer

# building a statement costs more than running it: those of every commit are built once
_ORG: BindParameter[str] = bindparam("p_org")
_RUN: BindParameter[str] = bindparam("p_run")
_OWNER: BindParameter[str] = bindparam("p_owner")
_FENCE: BindParameter[int] = bindparam("p_fence")
_NOW, _UNTIL = (bindparam(f"p_{name}", type_=RUN.c.lease_until.type) for name in ("now", "until"))
_FREE = or_(RUN.c.owner.is_(None), RUN.c.lease_until <= _NOW, RUN.c.owner == _OWNER)
_CLAIM = (
    update(RUN)
    .where(RUN.c.org == _ORG, RUN.c.id == _RUN, _FREE)
    .values(owner=_OWNER, fence=RUN.c.fence + 1, lease_until=_UNTIL)
    .returning(RUN.c.fence)
)
_MINE = (RUN.c.org == _ORG, RUN.c.id == _RUN, RUN.c.owner == _OWNER, RUN.c.fence == _FENCE)
_KEEP = update(RUN).where(*_MINE).values(lease_until=_UNTIL)
_GIVE = update(RUN).where(*_MINE).values(owner=None, lease_until=None)
_OF = select(RUN.c.owner, RUN.c.fence, RUN.c.lease_until).where(RUN.c.org == _ORG, RUN.c.id == _RUN)
_DUE = (
    select(TIMER)
    .where(TIMER.c.org == _ORG, TIMER.c.due_at <= _NOW)
    .order_by(TIMER.c.due_at, TIMER.c.run, TIMER.c.step)
    .limit(bindparam("p_limit", type_=Integer()))
)
_DUE_OF_KIND = _DUE.where(TIMER.c.kind == bindparam("p_kind"))
_NEXT = select(func.min(TIMER.c.due_at).label("due_at")).where(TIMER.c.org == _ORG)


class SqlLeases:
    """Who drives which run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, run_id: str, owner: str, now: datetime, until: datetime) -> Lease | None:
        """Take a run that nobody holds at `now`, or that `owner` holds; `None` when another worker does."""
        values = {"p_org": self._session.org, "p_run": run_id, "p_owner": owner, "p_now": now, "p_until": until}
        row = self._session.change(_CLAIM, values).first()
        return Lease(run_id, owner, row.fence, until) if row else None

    def keep(self, lease: Lease, until: datetime) -> Lease:
        """Hold it longer, inside the transaction that relies on it.

        Raises:
            FencedError: another has it by now.
        """
        if not self._session.change(_KEEP, self._mine(lease) | {"p_until": until}).rowcount:
            raise FencedError(f"run {lease.run} was taken over by another worker", hint="it goes on there")
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
            query = select(SIGNAL.c.id).where(SIGNAL.c.org == self._session.org, SIGNAL.c.id.in_(ids))
            known = {row.id for row in self._session.rows(query)}
            rows = [{name: getattr(one, name) for name in names} for one in part if one.id not in known]
            if rows:
                self._session.change(self._session.insert(SIGNAL), rows)
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

    def due(self, now: datetime, limit: int = 100) -> Sequence[Message]:
        """Return what was not sent and is due, oldest first."""
        where = (OUTBOX.c.org == self._session.org, OUTBOX.c.sent_at.is_(None), OUTBOX.c.due_at <= now)
        rows = self._session.rows(select(OUTBOX).where(*where).order_by(OUTBOX.c.created_at, OUTBOX.c.id).limit(limit))
        return [Message(**row._mapping) for row in rows]

    def get(self, message_id: str) -> Message:
        """Return by id. Raises: NotFoundError."""
        where = (OUTBOX.c.org == self._session.org, OUTBOX.c.id == message_id)
        row = self._session.row(select(OUTBOX).where(*where))
        if row is None:
            raise NotFoundError(f"there is no message `{message_id[:80]}`")
        return Message(**row._mapping)
