"""Runs, flags, overlays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select, update

from holdfast.edges.stores.schema_findings import FLAG, OVERLAY, RUN
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.tenants import bump_revision, read_revision
from holdfast.edges.stores.values import from_body, to_body
from holdfast.errors import NotFoundError
from holdfast.model.plan import FlagDefinition, Overlay, Run, RunState

_IN_HAND = tuple(state.value for state in (RunState.APPROVED, RunState.ACTING, RunState.VERIFYING, RunState.UNDOING))
_ENDED = tuple(
    state.value
    for state in (RunState.OBSERVED, RunState.SUGGESTED, RunState.AWAITING, RunState.REJECTED, RunState.UNDONE)
)


class SqlRuns:
    """Runs with their steps."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, run: Run) -> None:
        """Create or change a run and all its steps."""
        row = {
            "org": self._session.own(run.org),
            "id": run.id,
            "exposure": run.exposure,
            "state": run.state.value,
            "released": run.released,
            "created_at": run.created_at,
            "body": to_body(run),
        }
        self._session.upsert(RUN, [row])

    def get(self, run_id: str) -> Run:
        """Return by id. Raises: NotFoundError."""
        row = self._session.row(select(RUN.c.body).where(RUN.c.org == self._session.org, RUN.c.id == run_id))
        if row is None:
            raise NotFoundError(f"there is no run `{run_id}`")
        return from_body(row.body, Run)

    def of_exposures(self, exposure_ids: Sequence[str]) -> Sequence[Run]:
        """Return the runs of these exposures, oldest first."""
        found: list[Run] = []
        for ids in chunks(dict.fromkeys(exposure_ids)):
            found += self._list(RUN.c.exposure.in_(ids))
        return sorted(found, key=lambda run: (run.created_at, run.id))

    def unfinished(self) -> Sequence[Run]:
        """Return runs an engine must go on with, oldest first: in hand, or released and not undone."""
        return self._list(or_(RUN.c.state.in_(_IN_HAND), and_(RUN.c.released, RUN.c.state.not_in(_ENDED))))

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[Run]:
        """Return runs with an id below `after`, newest first."""
        query = select(RUN.c.body).where(RUN.c.org == self._session.org)
        if after is not None:
            query = query.where(RUN.c.id < after)
        rows = self._session.rows(query.order_by(RUN.c.id.desc()).limit(limit))
        return [from_body(row.body, Run) for row in rows]

    def _list(self, where: Any) -> Sequence[Run]:
        query = select(RUN.c.body).where(RUN.c.org == self._session.org, where).order_by(RUN.c.created_at, RUN.c.id)
        return [from_body(row.body, Run) for row in self._session.rows(query)]


def _counter(environment: str) -> str:
    return f"flags:{environment}"


class SqlFlags:
    """Flag definitions per environment."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, definition: FlagDefinition) -> None:
        """Create or replace; the revision rises when anything but the date differs."""
        known = self.find(definition.environment, definition.key)
        if known and (known.definition, known.version) == (definition.definition, definition.version):
            return
        row = {name: getattr(definition, name) for name in FLAG.c.keys()}  # noqa: SIM118
        self._session.own(definition.org)
        self._session.upsert(FLAG, [row])
        bump_revision(self._session, _counter(definition.environment))

    def find(self, environment: str, key: str) -> FlagDefinition | None:
        """Return one."""
        where = (FLAG.c.org == self._session.org, FLAG.c.environment == environment, FLAG.c.key == key)
        row = self._session.row(select(FLAG).where(*where))
        return FlagDefinition(**row._mapping) if row else None

    def list(self, environment: str) -> Sequence[FlagDefinition]:
        """Return all of an environment, by key."""
        where = (FLAG.c.org == self._session.org, FLAG.c.environment == environment)
        rows = self._session.rows(select(FLAG).where(*where).order_by(FLAG.c.key))
        return [FlagDefinition(**row._mapping) for row in rows]

    def revision(self, environment: str) -> int:
        """Return a number that rises with every change of a definition or an overlay."""
        return read_revision(self._session, _counter(environment))


class SqlOverlays:
    """Overlays that force a variant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, overlay: Overlay) -> None:
        """Create; does nothing when the id is there already."""
        self._session.own(overlay.org)
        row = {name: getattr(overlay, name) for name in OVERLAY.c.keys()}  # noqa: SIM118
        known = self._session.row(select(OVERLAY.c.id).where(OVERLAY.c.org == overlay.org, OVERLAY.c.id == overlay.id))
        if known is None:
            self._session.change(self._session.insert(OVERLAY), [row])
            bump_revision(self._session, _counter(overlay.environment))

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift; does nothing when it is lifted already.

        Raises:
            NotFoundError: there is no such overlay.
        """
        where = (OVERLAY.c.org == self._session.org, OVERLAY.c.id == overlay_id)
        row = self._session.row(select(OVERLAY).where(*where))
        if row is None:
            raise NotFoundError(f"there is no overlay `{overlay_id}`")
        if row.lifted_at is None:
            self._session.change(update(OVERLAY).where(*where).values(lifted_at=at))
            bump_revision(self._session, _counter(row.environment))

    def active(self, environment: str, flag: str | None = None) -> Sequence[Overlay]:
        """Return those that are not lifted, oldest first."""
        where = [OVERLAY.c.environment == environment, OVERLAY.c.lifted_at.is_(None)]
        return self._list(*where, *([OVERLAY.c.flag == flag] if flag is not None else []))

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        return self._list(OVERLAY.c.run == run_id)

    def _list(self, *where: Any) -> Sequence[Overlay]:
        query = select(OVERLAY).where(OVERLAY.c.org == self._session.org, *where)
        return [_overlay(row) for row in self._session.rows(query.order_by(OVERLAY.c.created_at, OVERLAY.c.id))]


def _overlay(row: Row[Any]) -> Overlay:
    return Overlay(**row._mapping)
