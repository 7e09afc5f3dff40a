"""Mitigation debt: what is still clamped, since when, and what would lift it.

A mitigation is borrowed time. What nobody lifts stays in the way of users, and hides the hole that it covers.

Rules:
1. Everything that holds the world away from its definition is listed: runs that are in effect or failed half way, and
   overlays that no living run answers for.
2. The oldest debt comes first; one past its expiry before all.
"""

from datetime import datetime

from holdfast.errors import NotFoundError
from holdfast.loop.lasting import has_ended, stays
from holdfast.loop.view_action import label_of
from holdfast.loop.view_runs import run_words
from holdfast.model.exposure import Exposure
from holdfast.model.flag import Overlay
from holdfast.model.frozen import frozen
from holdfast.model.run import Run, RunState, StepState
from holdfast.ports.store import Transaction

_CLAMPED = (RunState.EFFECTIVE, RunState.VERIFYING, RunState.ACTING, RunState.FAILED, RunState.NEEDS_PERSON)
_MOST = 10_000


@frozen
class DebtRow:
    """One thing that is clamped. `lifts` says what would lift it; `run` is `None` where no living run answers."""

    what: str
    tag: str
    words: str
    service: str
    environment: str
    since: datetime
    expires_at: datetime | None
    overdue: bool
    lifts: str
    run: str | None
    exposure: str | None
    overlay: str | None
    break_glass: str | None


@frozen
class DebtView:
    """All of it, overdue ones first, then the oldest; `oldest_at` is `None` without any."""

    rows: tuple[DebtRow, ...]
    overdue: int
    oldest_at: datetime | None


def debt_view(tx: Transaction, now: datetime) -> DebtView:
    """Return what is still clamped."""
    runs = [
        run
        for run in tx.runs.list(None, _MOST, states=_CLAMPED)
        if _holds(run) and not (stays(run) and has_ended(tx, run))
    ]
    rows = [_of_run(tx, run, now) for run in runs]
    answered = {run.id for run in runs}
    for environment in tx.environments.list():
        active = tx.overlays.active(environment.name)
        rows += [_of_overlay(overlay, now) for overlay in active if overlay.run not in answered]
    ordered = sorted(rows, key=lambda row: (not row.overdue, row.since, row.what))
    return DebtView(tuple(ordered), sum(row.overdue for row in rows), min((row.since for row in rows), default=None))


def _holds(run: Run) -> bool:
    touched = any(step.state in {StepState.DONE, StepState.INTENT, StepState.UNKNOWN} for step in run.steps)
    return touched and run.drill is None


def _of_run(tx: Transaction, run: Run, now: datetime) -> DebtRow:
    tag, words = run_words(run)
    begun = (step.done_at or step.at for step in run.steps)
    since = min((at for at in begun if at is not None), default=run.created_at)
    return DebtRow(
        label_of([step.step for step in run.steps]),
        tag,
        words,
        run.service,
        run.environment,
        since,
        run.expires_at,
        run.expires_at is not None and run.expires_at <= now,
        _lifts(tx, run),
        run.id,
        run.exposure,
        None,
        run.break_glass,
    )


def _lifts(tx: Transaction, run: Run) -> str:
    if run.released or run.state is RunState.UNDOING:
        return "it is being taken back"
    try:
        exposure = tx.exposures.get(run.exposure)
    except NotFoundError:
        return "a person takes it back"
    if not exposure.is_live:
        return "its exposure has ended; it is taken back next"
    return _fix_words(exposure)


def _fix_words(exposure: Exposure) -> str:
    where = f"{exposure.subject.name} in {exposure.environment}"
    if exposure.risk.fix_version is None:
        return f"no version of {exposure.name} is known that nothing touches; it stays until {where} runs without it"
    return f"a release of {where} with {exposure.name} {exposure.risk.fix_version} or later"


def _of_overlay(overlay: Overlay, now: datetime) -> DebtRow:
    return DebtRow(
        f"{overlay.flag} held at {overlay.variant}",
        "mitigated",
        "held without a run",
        "",
        overlay.environment,
        overlay.created_at,
        overlay.expires_at,
        overlay.expires_at is not None and overlay.expires_at <= now,
        f"a person lifts it: {overlay.reason}" if overlay.reason else "a person lifts it",
        None,
        None,
        overlay.id,
        None,
    )
