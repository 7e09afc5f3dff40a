"""Mitigations: runs, what a plan would change, and the global pause."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import next_page, read_cursor
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import get, post, put
from holdfast.edges.api.wire import Cursor, Limit, NameInPath
from holdfast.edges.api.wire_mitigations import (
    ChangeOut,
    PauseIn,
    PauseOut,
    PreviewOut,
    RunIn,
    RunOut,
    RunPage,
    StepOut,
)
from holdfast.loop.respond import approve, pause, plan_preview, reject, request_run, undo
from holdfast.loop.respond_people import Preview, get_pause
from holdfast.loop.turn import Turn
from holdfast.model.instant import parse_instant
from holdfast.model.run import Run, RunStep
from holdfast.model.tenancy import Permission
from holdfast.model.verdict import Fail, Pass, Unknown


def run_out(run: Run) -> RunOut:
    """Return a run as it is sent; its plan is named, not repeated."""
    return RunOut(
        run.id,
        run.exposure,
        run.service_id,
        run.service,
        run.environment,
        run.plan.id,
        run.plan_digest,
        run.plan.coverage,
        run.state,
        run.level,
        [_step_out(step) for step in run.steps],
        run.created_at,
        run.updated_at,
        run.requested_by,
        run.approved_by,
        run.held,
        run.proof,
        run.released,
    )


def _step_out(step: RunStep) -> StepOut:
    return StepOut(step.number, step.step.action, dict(step.step.arguments), step.state, step.at, step.detail)


@get("/mitigations", summary="List runs")
def list_runs(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[RunPage]:
    """List runs, newest first."""

    def find(turn: Turn) -> RunPage:
        rows = turn.tx.runs.list(read_cursor("mitigations", cursor), limit + 1)
        items, following = next_page("mitigations", rows, lambda run: run.id, limit)
        return RunPage([run_out(run) for run in items], following)

    return read(request, find)


@get("/mitigations/{run:str}", summary="Get a run")
def get_run(request: Ask, run: NameInPath) -> Response[RunOut]:
    """Get a run with its steps and what was read back."""
    return read(request, lambda turn: run_out(turn.tx.runs.get(run)))


@post("/mitigations/preview", opt=takes(RunIn), status_code=200, summary="Preview a plan")
def post_preview(request: Ask, body: RawBody) -> Response[PreviewOut]:
    """Say what a plan would change for an exposure; nothing is written."""
    asked = decode_body(request, body, RunIn)
    return read(request, lambda turn: _preview_out(plan_preview(turn.tx, asked.exposure, asked.plan, turn.now)))


def _preview_out(preview: Preview) -> PreviewOut:
    match preview.applies:
        case Pass():
            applies, because = "pass", None
        case Fail(why):
            applies, because = "fail", why
        case Unknown(why):
            applies, because = "unknown", why
    changes = [ChangeOut(**asdict(change)) for change in preview.changes]
    exposure, plan = preview.exposure.id, preview.plan.id
    return PreviewOut(exposure, plan, applies, because, preview.level, changes, preview.problem, list(preview.others))


@post("/mitigations", opt=takes(RunIn), summary="Start a plan")
def post_run(request: Ask, body: RawBody) -> Response[RunOut]:
    """Start a plan for an exposure because a person says so; a run that waits for that goes on."""
    asked = decode_body(request, body, RunIn)

    def act(turn: Turn) -> RunOut:
        return run_out(request_run(turn.tx, asked.exposure, asked.plan, turn.actor, turn.now, ids=turn.ids))

    return write(request, body, act, permission=Permission.MITIGATE, status=201)


def _decide(request: Ask, body: bytes, run: str, deed: Callable[..., Run]) -> Response[RunOut]:
    return write(
        request,
        body,
        lambda turn: run_out(deed(turn.tx, run, turn.actor, turn.now)),
        permission=Permission.MITIGATE,
    )


@post("/mitigations/{run:str}/approve", status_code=200, summary="Approve a run")
def post_approve(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Let a run act; people are not held back by automation's guards."""
    return _decide(request, body, run, approve)


@post("/mitigations/{run:str}/reject", status_code=200, summary="Reject a run")
def post_reject(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Refuse a run that has not begun."""
    return _decide(request, body, run, reject)


@post("/mitigations/{run:str}/undo", status_code=200, summary="Undo a run")
def post_undo(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Take a run back; nothing holds it up."""
    return _decide(request, body, run, undo)


@get("/mitigations/pause", summary="Is automation paused?")
def get_pause_state(request: Ask) -> Response[PauseOut]:
    """Say whether automation is paused: by whom, why, since when."""
    return read(request, lambda turn: _pause_out(get_pause(turn.tx)))


@put("/mitigations/pause", opt=takes(PauseIn), summary="Pause automation")
def put_pause(request: Ask, body: RawBody) -> Response[PauseOut]:
    """Stop all automation at its next safe point, or let it go on."""
    asked = decode_body(request, body, PauseIn)

    def act(turn: Turn) -> PauseOut:
        return _pause_out(pause(turn.tx, on=asked.paused, actor=turn.actor, reason=asked.reason, now=turn.now))

    return write(request, body, act, permission=Permission.MITIGATE)


def _pause_out(state: Mapping[str, str] | None) -> PauseOut:
    if state is None:
        return PauseOut(False, None, None, None)
    return PauseOut(True, state["by"], state["reason"], parse_instant(state["at"]))


HANDLERS = [
    list_runs,
    get_run,
    post_preview,
    post_run,
    post_approve,
    post_reject,
    post_undo,
    get_pause_state,
    put_pause,
]
