"""Runs with their steps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, exists, func, literal, not_, or_, select, update

from holdfast.edges.stores.run_bodies import patch_foreign, read_run
from holdfast.edges.stores.schema_findings import EXPOSURE
from holdfast.edges.stores.schema_mitigations import RUN, STEP, TIMER
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.statements import Fixed
from holdfast.edges.stores.values import to_body
from holdfast.errors import HoldfastError, NotFoundError
from holdfast.model.guard import AtWork, Use
from holdfast.model.run import Run, RunState, RunStep, StepState

_IN_HAND = tuple(state.value for state in (RunState.APPROVED, RunState.ACTING, RunState.VERIFYING, RunState.UNDOING))
_ENDED = tuple(
    state.value
    for state in (RunState.OBSERVED, RunState.SUGGESTED, RunState.AWAITING, RunState.REJECTED, RunState.UNDONE)
)

_AT_WORK = (StepState.INTENT.value, StepState.UNDOING.value)
_CHANGING = tuple(
    state.value for state in (RunState.ACTING, RunState.VERIFYING, RunState.UNDOING, RunState.NEEDS_PERSON)
)
_UNTOUCHED = frozenset({StepState.PENDING, StepState.SKIPPED})


def _each(values: Sequence[str]) -> list[Any]:
    """Return values as parameters of their own: a list would be a part of the text that is known only when it runs."""
    return [literal(value) for value in values]


# building a statement costs more than running it: those of every round and commit are built once
_ORG: BindParameter[str] = bindparam("p_org")
_OWNER: BindParameter[str] = bindparam("p_owner")
_NOW = bindparam("p_now", type_=RUN.c.lease_until.type)
_UNFINISHED = or_(RUN.c.state.in_(_each(_IN_HAND)), and_(RUN.c.released, RUN.c.state.not_in(_each(_ENDED))))
_WAITS = (TIMER.c.org == RUN.c.org, TIMER.c.run == RUN.c.id, TIMER.c.kind.in_(_each(("look", "retry"))))
_FREE = or_(RUN.c.owner.is_(None), RUN.c.owner == _OWNER, RUN.c.lease_until <= _NOW)
_LET_GO = and_(RUN.c.released, RUN.c.state != RunState.UNDOING.value)
_CALM = or_(_LET_GO, not_(exists().where(*_WAITS)), exists().where(*_WAITS, TIMER.c.due_at <= _NOW))
_READY = Fixed(
    select(RUN.c.body).where(RUN.c.org == _ORG, _UNFINISHED, _FREE, _CALM).order_by(RUN.c.created_at, RUN.c.id)
)
_GET = Fixed(select(RUN.c.body, RUN.c.service_id).where(RUN.c.org == _ORG, RUN.c.id == bindparam("p_run")))
_ACTING_ON = Fixed(
    select(STEP.c.run)
    .distinct()
    .where(STEP.c.org == _ORG, STEP.c.target == bindparam("p_target"), STEP.c.state.in_(_each(_AT_WORK)))
)
_SYNTHETIC = (
    select(EXPOSURE.c.id)
    .where(EXPOSURE.c.org == RUN.c.org, EXPOSURE.c.id == RUN.c.exposure, EXPOSURE.c.drill.is_not(None))
    .exists()
)
"""What answers a drill's finding: an incident does not wait for a rehearsal."""
_USES = Fixed(
    select(
        *(STEP.c.run, STEP.c.service_id, STEP.c.action, STEP.c.flag, STEP.c.automatic),
        *(STEP.c.intended_at, STEP.c.touched_at, STEP.c.state),
    )
    .where(STEP.c.org == _ORG, STEP.c.touched_at >= bindparam("p_since"))
    .order_by(STEP.c.touched_at, STEP.c.run)
)
_NOW_CHANGING = Fixed(
    select(RUN.c.id, RUN.c.service_id, RUN.c.exposure).where(
        RUN.c.org == _ORG, RUN.c.state.in_(_each(_CHANGING)), ~_SYNTHETIC
    )
)


class SqlRuns:
    """Runs with their steps."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stored: dict[str, Run] = {}
        """What this transaction read by id or saved: steps that are as they were are not written again."""

    def save(self, run: Run) -> None:
        """Create or change a run and all its steps; of another version's only what may be said of it."""
        org = self._session.own(run.org)
        self._session.held_runs.pop(run.id, None)
        if run.is_foreign:
            self._patch(run)
            return
        row = {
            "org": org,
            "id": run.id,
            "exposure": run.exposure,
            "state": run.state.value,
            "released": run.released,
            "created_at": run.created_at,
            "service_id": run.service_id,
            "body": to_body(run),
        }
        self._session.upsert(RUN, [row])
        self._session.upsert(STEP, [_step_row(run, step) for step in _changed(self._stored.get(run.id), run)])
        self._stored[run.id] = run

    def _patch(self, run: Run) -> None:
        row = self._session.row(_GET, {"p_org": self._session.org, "p_run": run.id})
        if row is None:
            raise NotFoundError(f"there is no run `{run.id}`")
        values = {"body": patch_foreign(row.body, run), "exposure": run.exposure, "released": run.released}
        self._session.change(update(RUN).where(RUN.c.org == run.org, RUN.c.id == run.id).values(**values))

    def get(self, run_id: str) -> Run:
        """Return by id. Raises: NotFoundError."""
        row = self._session.held_runs.pop(run_id, None)
        if row is None:
            row = self._session.row(_GET, {"p_org": self._session.org, "p_run": run_id})
        if row is None:
            raise NotFoundError(f"there is no run `{run_id}`")
        run = read_run(row.body)
        if row.service_id is not None:  # what an older version saved has no rows of its steps
            self._stored[run_id] = run
        return run

    def of_exposures(self, exposure_ids: Sequence[str]) -> Sequence[Run]:
        """Return the runs of these exposures, oldest first."""
        found: list[Run] = []
        for ids in chunks(dict.fromkeys(exposure_ids)):
            found += self._list(RUN.c.exposure.in_(ids))
        return sorted(found, key=lambda run: (run.created_at, run.id))

    def unfinished(self) -> Sequence[Run]:
        """Return runs an engine must go on with, oldest first: in hand, or released and not undone."""
        return self._list(_UNFINISHED)

    def ready(self, owner: str, now: datetime) -> Sequence[Run]:
        """Return the unfinished runs that `owner` may go on with now, oldest first.

        Those that another worker holds are left out, and those that wait for a look or a try that is not due; what is
        to be taken back waits for nothing. What can't be read is left to the version that wrote it.
        """
        return _readable(self._session.rows(_READY, {"p_org": self._session.org, "p_owner": owner, "p_now": now}))

    def at_work(self) -> Sequence[AtWork]:
        """Return the real runs that change something now, or wait half done for a person."""
        rows = self._session.rows(_NOW_CHANGING, {"p_org": self._session.org})
        # a run that an older version saved names its service in its body alone
        older = {run.id: run.service_id for run in self._of([row.id for row in rows if not row.service_id])}
        known = [(row, row.service_id or older.get(row.id)) for row in rows]
        return [AtWork(row.id, service, row.exposure) for row, service in known if service]

    def _of(self, run_ids: Sequence[str]) -> Sequence[Run]:
        return [run for ids in chunks(run_ids) for run in self._list(RUN.c.id.in_(ids))]

    def uses(self, since: datetime) -> Sequence[Use]:
        """Return the uses of actions that were touched at `since` or later, oldest first."""
        rows = self._session.rows(_USES, {"p_org": self._session.org, "p_since": since})
        return [
            Use(
                row.run,
                row.service_id,
                row.action,
                row.flag,
                row.automatic,
                row.intended_at,
                row.touched_at,
                in_place=row.state == StepState.DONE.value,
            )
            for row in rows
        ]

    def acting_on(self, target: str) -> Sequence[str]:
        """Return the ids of the runs that have a step at work on a target."""
        return [row.run for row in self._session.rows(_ACTING_ON, {"p_org": self._session.org, "p_target": target})]

    def list(
        self,
        after: str | None = None,
        limit: int = 100,
        *,
        states: Sequence[RunState] = (),
        since: datetime | None = None,
        drills: bool = False,
    ) -> Sequence[Run]:
        """Return runs with an id below `after`, newest first; of these states, begun to exist at `since` or later."""
        query = select(RUN.c.body).where(RUN.c.org == self._session.org)
        if not drills:
            query = query.where(~_SYNTHETIC)
        if states:
            query = query.where(RUN.c.state.in_([state.value for state in states]))
        if since is not None:
            query = query.where(RUN.c.created_at >= since)
        if after is not None:
            query = query.where(RUN.c.id < after)
        rows = self._session.rows(query.order_by(RUN.c.id.desc()).limit(limit))
        return _readable(rows)

    def count(self, states: Sequence[RunState], *, drills: bool = False) -> Mapping[RunState, int]:
        """Return how many runs are in each of these states that any is in."""
        query = select(RUN.c.state, func.count()).group_by(RUN.c.state)
        query = query.where(RUN.c.org == self._session.org, RUN.c.state.in_([state.value for state in states]))
        rows = self._session.rows(query if drills else query.where(~_SYNTHETIC))
        return {RunState(state): number for state, number in rows}

    def _list(self, where: Any) -> Sequence[Run]:
        query = select(RUN.c.body).where(RUN.c.org == self._session.org, where).order_by(RUN.c.created_at, RUN.c.id)
        return _readable(self._session.rows(query))


def _readable(rows: Sequence[Any]) -> Sequence[Run]:
    """Return the runs that can be read: one that can't is told by `get`, and must not stop all others."""
    found = []
    for row in rows:
        try:
            found.append(read_run(row.body))
        except HoldfastError:
            continue
    return found


def _changed(stored: Run | None, run: Run) -> Sequence[RunStep]:
    """Return the steps whose rows are not what is stored."""
    if stored is None or _common(stored) != _common(run) or len(stored.steps) != len(run.steps):
        return run.steps
    return [step for step, known in zip(run.steps, stored.steps, strict=True) if step != known]


def _common(run: Run) -> tuple[str, str, bool]:
    """Return what the row of every step says of its run."""
    return (run.service_id, run.environment, run.is_automatic)


def _step_row(run: Run, step: RunStep) -> dict[str, Any]:
    intended_at = step.intended_at or (None if step.state in _UNTOUCHED else step.at)
    touched = [at for at in (step.at, step.done_at, intended_at) if at is not None]
    flag = step.step.argument("flag")
    return {
        "org": run.org,
        "run": run.id,
        "number": step.number,
        "state": step.state.value,
        "target": step.target,
        "body": to_body(step),
        "service_id": run.service_id,
        "action": step.step.action,
        "flag": f"{run.environment}/{flag}" if flag else None,
        "automatic": run.is_automatic,
        "intended_at": intended_at,
        "touched_at": max(touched) if intended_at is not None else None,
    }
