"""What drives runs: leases, signals, timers, the outbox."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from holdfast.edges.stores.schema_mitigations import OUTBOX, RUN, SIGNAL, TIMER
from holdfast.edges.stores.session import Session, chunks
from holdfast.errors import FencedError, NotFoundError
from holdfast.model.run import Lease, Message, Signal, Timer


class SqlLeases:
    """Who drives which run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, run_id: str, owner: str, now: datetime, until: datetime) -> Lease | None:
        """Take a run that nobody holds at `now`, or that `owner` holds; `None` when another worker does."""
        free = or_(RUN.c.owner.is_(None), RUN.c.lease_until <= now, RUN.c.owner == owner)
        where = (RUN.c.org == self._session.org, RUN.c.id == run_id)
        taken = update(RUN).where(*where, free).values(owner=owner, fence=RUN.c.fence + 1, lease_until=until)
        return self.of(run_id) if self._session.change(taken).rowcount else None

    def keep(self, lease: Lease, until: datetime) -> Lease:
        """Hold it longer, inside the transaction that relies on it.

        Raises:
            FencedError: another has it by now.
        """
        if not self._session.change(update(RUN).where(*self._mine(lease)).values(lease_until=until)).rowcount:
            raise FencedError(f"run {lease.run} was taken over by another worker", hint="it goes on there")
        return Lease(lease.run, lease.owner, lease.fence, until)

    def give(self, lease: Lease) -> None:
        """Let it go; does nothing when another has it by now."""
        self._session.change(update(RUN).where(*self._mine(lease)).values(owner=None, lease_until=None))

    def of(self, run_id: str) -> Lease | None:
        """Return who holds or held it last."""
        query = select(RUN.c.owner, RUN.c.fence, RUN.c.lease_until)
        row = self._session.row(query.where(RUN.c.org == self._session.org, RUN.c.id == run_id))
        return Lease(run_id, row.owner, row.fence, row.lease_until) if row and row.owner is not None else None

    def _mine(self, lease: Lease) -> tuple[ColumnElement[bool], ...]:
        where = (RUN.c.org == self._session.org, RUN.c.id == lease.run)
        return (*where, RUN.c.owner == lease.owner, RUN.c.fence == lease.fence)


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

    def due(self, now: datetime, limit: int = 1000) -> Sequence[Timer]:
        """Return what is due, earliest first."""
        query = select(TIMER).where(TIMER.c.org == self._session.org, TIMER.c.due_at <= now)
        rows = self._session.rows(query.order_by(TIMER.c.due_at, TIMER.c.run, TIMER.c.step).limit(limit))
        return [Timer(**row._mapping) for row in rows]

    def next_at(self) -> datetime | None:
        """Return when the earliest is due."""
        query = select(TIMER.c.due_at).where(TIMER.c.org == self._session.org).order_by(TIMER.c.due_at).limit(1)
        row = self._session.row(query)
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
