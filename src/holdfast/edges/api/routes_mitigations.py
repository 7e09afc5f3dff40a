"""Mitigations: runs, what a plan would change, and the global pause."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated

from litestar import Response
from litestar.params import PathParameter, RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import ask_after, read, write
from holdfast.edges.api.cursors import next_page, read_cursor
from holdfast.edges.api.deps import Ask, deps_of
from holdfast.edges.api.verbs import get, post, put
from holdfast.edges.api.wire import Cursor, Limit, NameInPath
from holdfast.edges.api.wire_mitigations import (
    ApprovalOut,
    ChangeOut,
    ConfirmIn,
    ExposureGlassIn,
    GlassIn,
    PauseIn,
    PauseOut,
    PredictionOut,
    PreviewOut,
    ResolveIn,
    RunIn,
    RunOut,
    RunPage,
    StepOut,
)
from holdfast.loop.approvals import require_person
from holdfast.loop.drills_world import Surroundings
from holdfast.loop.pausing import get_pause, switch_automation
from holdfast.loop.preview_outside import ask_outside
from holdfast.loop.respond_begun import approve_step, break_glass, break_glass_for, confirm, resolve, undo
from holdfast.loop.respond_people import Preview, approve, plan_preview, reject, request_run
from holdfast.loop.signals import signal_id_of
from holdfast.loop.turn import Turn
from holdfast.model.instant import parse_instant
from holdfast.model.run import Run, RunStep
from holdfast.model.tenancy import Permission
from holdfast.model.verdict import Fail, Pass, Unknown

StepInPath = Annotated[int, PathParameter(ge=1, le=1000)]


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
        [ApprovalOut(one.by, one.at) for one in run.approvals],
        run.break_glass,
        run.share,
        run.drill,
        list(run.unproven),
        run.effective_at,
        run.expires_at,
        run.undo_because,
    )


def _step_out(step: RunStep) -> StepOut:
    arguments = dict(step.step.arguments)
    more = (step.target, step.attempt, step.due_at)
    return StepOut(step.number, step.step.action, arguments, step.state, step.at, step.detail, *more)


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
    """Say what a plan would change for an exposure, asking targets outside as well; nothing is written."""
    asked, deps = decode_body(request, body, RunIn), deps_of(request)
    around = Surroundings(deps.store, deps.targets, deps.receivers, deps.releases)
    return ask_after(
        request,
        lambda turn: plan_preview(turn.tx, asked.exposure, asked.plan, turn.now),
        lambda preview: _preview_out(ask_outside(preview, around, deps.clock.now())),
    )


def _preview_out(preview: Preview) -> PreviewOut:
    match preview.applies:
        case Pass():
            applies, because = "pass", None
        case Fail(why):
            applies, because = "fail", why
        case Unknown(why):
            applies, because = "unknown", why
    changes = [ChangeOut(**asdict(change)) for change in preview.changes]
    return PreviewOut(
        preview.exposure.id,
        preview.plan.id,
        applies,
        because,
        preview.level,
        changes,
        preview.problem,
        list(preview.others),
        preview.rehearsed.readiness.value if preview.rehearsed else None,
        preview.rehearsed.because if preview.rehearsed else None,
        PredictionOut(**asdict(preview.prediction)) if preview.prediction else None,
        list(preview.unasked),
    )


@post("/mitigations", opt=takes(RunIn), summary="Start a plan")
def post_run(request: Ask, body: RawBody) -> Response[RunOut]:
    """Start a plan for an exposure because a person says so; a run that waits for that goes on. A machine's waits."""
    asked = decode_body(request, body, RunIn)

    def act(turn: Turn) -> RunOut:
        is_person = turn.token is not None and turn.token.person is not None
        made = request_run(
            turn.tx,
            asked.exposure,
            asked.plan,
            turn.identity,
            turn.now,
            turn.ids,
            is_person=is_person,
            signal=signal_of(request),
        )
        return run_out(made)

    return write(request, body, act, permission=Permission.MITIGATE, status=201)


def signal_of(request: Ask) -> str | None:
    """Return the id under which what a request says is kept: made of its `Idempotency-Key`, `None` without one."""
    key = request.headers.get("idempotency-key")
    return None if key is None else signal_id_of(request.user.id, request.url.path, key)


def _act(request: Ask, body: bytes, deed: Callable[[Turn], Run]) -> Response[RunOut]:
    return write(request, body, lambda turn: run_out(deed(turn)), permission=Permission.MITIGATE)


@post("/mitigations/{run:str}/approve", status_code=200, summary="Approve a run")
def post_approve(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Consent to a run, as a person; on the rung `approve-2` it takes two, and neither may have asked for it."""
    signal = signal_of(request)
    return _act(request, body, lambda turn: approve(turn.tx, run, require_person(turn), turn.now, signal=signal))


@post("/mitigations/{run:str}/reject", status_code=200, summary="Reject a run")
def post_reject(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Refuse a run that has not begun."""
    signal = signal_of(request)
    return _act(request, body, lambda turn: reject(turn.tx, run, turn.identity, turn.now, signal=signal))


@post("/mitigations/{run:str}/undo", status_code=200, summary="Undo a run")
def post_undo(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Take a run back; nothing holds it up."""
    signal = signal_of(request)
    return _act(request, body, lambda turn: undo(turn.tx, run, turn.identity, turn.now, signal=signal))


@post("/mitigations/{run:str}/confirm", opt=takes(ConfirmIn), status_code=200, summary="Keep a mitigation longer")
def post_confirm(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Keep an expiring mitigation for another while, as a person."""
    asked, signal = decode_body(request, body, ConfirmIn), signal_of(request)

    def deed(turn: Turn) -> Run:
        return confirm(turn.tx, run, require_person(turn), turn.now, for_s=asked.for_s, signal=signal)

    return _act(request, body, deed)


@post("/mitigations/{run:str}/break-glass", opt=takes(GlassIn), status_code=200, summary="Break the glass for a run")
def post_glass(request: Ask, run: NameInPath, body: RawBody) -> Response[RunOut]:
    """Let a waiting run act past every guard and approval, as a person; everybody is told why."""
    asked, signal = decode_body(request, body, GlassIn), signal_of(request)

    def deed(turn: Turn) -> Run:
        return break_glass(turn.tx, run, require_person(turn), asked.reason, turn.now, signal=signal)

    return _act(request, body, deed)


@post("/mitigations/break-glass", opt=takes(ExposureGlassIn), summary="Break the glass for an exposure")
def post_exposure_glass(request: Ask, body: RawBody) -> Response[RunOut]:
    """Start a plan for an exposure past every guard and approval, as a person; everybody is told why."""
    asked = decode_body(request, body, ExposureGlassIn)

    def act(turn: Turn) -> RunOut:
        who = require_person(turn)
        what = (asked.exposure, asked.plan, who, asked.reason)
        return run_out(break_glass_for(turn.tx, *what, turn.now, turn.ids, signal=signal_of(request)))

    return write(request, body, act, permission=Permission.MITIGATE, status=201)


@post("/mitigations/{run:str}/steps/{step:int}/approve", status_code=200, summary="Approve a step")
def post_step_approve(request: Ask, run: NameInPath, step: StepInPath, body: RawBody) -> Response[RunOut]:
    """Consent to a step that waits for people, as one."""
    signal = signal_of(request)
    return _act(
        request, body, lambda turn: approve_step(turn.tx, run, step, require_person(turn), turn.now, signal=signal)
    )


@post(
    "/mitigations/{run:str}/steps/{step:int}/resolve", opt=takes(ResolveIn), status_code=200, summary="Resolve a step"
)
def post_step_resolve(request: Ask, run: NameInPath, step: StepInPath, body: RawBody) -> Response[RunOut]:
    """Say, as a person, whether a step happened whose effect nobody can prove."""
    asked, signal = decode_body(request, body, ResolveIn), signal_of(request)

    def deed(turn: Turn) -> Run:
        return resolve(turn.tx, run, step, asked.happened, require_person(turn), turn.now, signal=signal)

    return _act(request, body, deed)


@get("/mitigations/pause", summary="Is automation paused?")
def get_pause_state(request: Ask) -> Response[PauseOut]:
    """Say whether automation is paused: by whom, why, since when."""
    return read(request, lambda turn: _pause_out(get_pause(turn.tx)))


@put("/mitigations/pause", opt=takes(PauseIn), summary="Pause automation")
def put_pause(request: Ask, body: RawBody) -> Response[PauseOut]:
    """Stop all automation at its next safe point, or as a person let it go on."""
    asked = decode_body(request, body, PauseIn)

    def act(turn: Turn) -> PauseOut:
        return _pause_out(switch_automation(turn, on=asked.paused, reason=asked.reason))

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
    post_confirm,
    post_glass,
    post_exposure_glass,
    post_step_approve,
    post_step_resolve,
    get_pause_state,
    put_pause,
]
