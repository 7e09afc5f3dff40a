"""Drills: begun, watched, proven; who is rehearsed; and the intake of their synthetic findings."""

from dataclasses import asdict

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import next_page, read_cursor
from holdfast.edges.api.deps import Ask, deps_of
from holdfast.edges.api.verbs import get, post
from holdfast.edges.api.wire import Cursor, Filter, Limit, NameInPath
from holdfast.edges.api.wire_drills import (
    CoverageOut,
    DrillIn,
    DrillOut,
    DrillPage,
    DrillStepOut,
    DueOut,
    PlanStandingOut,
    RehearsedOut,
    StandingOut,
    SyntheticIn,
    TakenInOut,
)
from holdfast.edges.api.wire_mitigations import PredictionOut
from holdfast.errors import NotFoundError, UsageError
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_verifier
from holdfast.loop.drills_begin import DrillAsk, begin_drill, find_service
from holdfast.loop.drills_finding import accept_finding
from holdfast.loop.drills_gate import find_way_back
from holdfast.loop.turn import Turn
from holdfast.loop.view_plans import DueRow, PlanRow, Standing, plans_view
from holdfast.model.drill import DrillEvidence
from holdfast.model.plan import Autonomy
from holdfast.model.tenancy import Permission
from holdfast.model.verdict import Fail, Pass, Unknown

DSSE_TYPE = "application/vnd.dsse.envelope.v1+json"


def drill_out(drill: DrillEvidence) -> DrillOut:
    """Return a drill as it is sent; its envelope has a place of its own."""
    return DrillOut(
        drill.id,
        drill.service_id,
        drill.service,
        drill.environment,
        drill.plan,
        drill.plan_digest,
        drill.level,
        drill.outcome,
        drill.started_at,
        drill.ended_at,
        drill.requested_by,
        dict(drill.inputs),
        [DrillStepOut(one.name, one.passed, one.detail, one.started_at, one.took_s) for one in drill.steps],
        drill.mitigate_s,
        drill.propagation_s,
        list(drill.faults),
        drill.because,
    )


@post("/drills", opt=takes(DrillIn), summary="Begin a drill")
def post_drill(request: Ask, body: RawBody) -> Response[DrillOut]:
    """Rehearse a plan; it is played in the server's background: read it again until it has ended."""
    asked = decode_body(request, body, DrillIn)
    ask = DrillAsk(asked.service, asked.plan, asked.environment, asked.level, tuple(asked.faults))
    play = deps_of(request).play_drill
    if play is None:
        raise UsageError("no drills are played here", hint="ask a server: `holdfast up`")
    begun: list[DrillEvidence] = []

    def act(turn: Turn) -> DrillOut:
        evidence, _ = begin_drill(turn.tx, ask, turn.actor, turn.now, turn.ids)
        begun.append(evidence)
        return drill_out(evidence)

    answer = write(request, body, act, permission=Permission.MITIGATE, status=201)
    for evidence in begun:  # none where an answer was repeated
        play(evidence)
    return answer


@get("/drills", summary="List drills")
def list_drills(
    request: Ask, cursor: Cursor = None, limit: Limit = 100, service: Filter = None, plan: Filter = None
) -> Response[DrillPage]:
    """List drills, newest first; of a service (by name or id), or of one of its plans."""

    def find(turn: Turn) -> DrillPage:
        after = read_cursor("drills", cursor)
        if service is None:
            if plan is not None:
                raise UsageError("a plan without its service", where="plan", hint="name the `service` as well")
            rows = list(turn.tx.drills.list(after, limit + 1))
        else:
            rows = _of_service(turn, service, plan, after)[: limit + 1]
        items, following = next_page("drills", rows, lambda one: one.id, limit)
        return DrillPage([drill_out(one) for one in items], following)

    return read(request, find)


def _of_service(turn: Turn, service: str, plan: str | None, after: str | None) -> list[DrillEvidence]:
    identifier = find_service(turn.tx, service).id
    if plan is not None:
        found = turn.tx.drills.of_plan(identifier, plan, limit=1000)
    else:
        found = [one for one in turn.tx.drills.list(limit=1000) if one.service_id == identifier]
    return [one for one in found if after is None or one.id < after]


@get("/drills/{drill:str}", summary="Get a drill")
def get_drill(request: Ask, drill: NameInPath) -> Response[DrillOut]:
    """Get a drill with what it saw so far."""
    return read(request, lambda turn: drill_out(turn.tx.drills.get(drill)))


@get("/drills/{drill:str}/evidence", summary="Get a drill's signed evidence", media_type=DSSE_TYPE)
def get_evidence(request: Ask, drill: NameInPath) -> Response[bytes]:
    """Get the DSSE envelope of the in-toto statement of a drill that has ended."""
    found: list[str] = []

    def find(turn: Turn) -> None:
        evidence = turn.tx.drills.get(drill)
        if not evidence.envelope:
            raise NotFoundError(f"drill {evidence.id} has not ended", hint="its evidence is signed when it has")
        found.append(evidence.envelope)

    read(request, find)
    return Response(found[0].encode(), media_type=DSSE_TYPE)


@get("/drills/coverage", summary="Who is rehearsed?")
def get_coverage(request: Ask) -> Response[CoverageOut]:
    """Say of every plan of every service that runs what its drills say, and when the declared ones are due."""

    def find(turn: Turn) -> CoverageOut:
        view = plans_view(turn.tx, turn.now)
        return CoverageOut(
            view.services,
            view.covered,
            dict(view.counts),
            list(view.without),
            [_plan_out(row) for row in view.rows],
            [_due_out(row) for row in view.calendar],
        )

    return read(request, find)


def _plan_out(row: PlanRow) -> PlanStandingOut:
    return PlanStandingOut(row.service, row.tier, row.team, row.plan, [_standing_out(one) for one in row.standings])


def _standing_out(one: Standing) -> StandingOut:
    prediction = PredictionOut(**asdict(one.prediction)) if one.prediction else None
    return StandingOut(
        one.environment,
        one.readiness,
        one.because,
        Autonomy(one.declared),
        Autonomy(one.applies),
        one.drill,
        one.drilled_at,
        one.until,
        prediction,
    )


def _due_out(row: DueRow) -> DueOut:
    last = row.last
    last_at = (last.ended_at or last.started_at) if last else None
    return DueOut(row.service, row.plan, row.level, row.every, last.id if last else None, last_at, row.due_at)


@get("/drills/check", summary="Is there a rehearsed way back?")
def check_rehearsed(request: Ask, service: Filter = None, environment: Filter = None) -> Response[RehearsedOut]:
    """Judge the rule "no release without a rehearsed way back" for a service in an environment."""
    if not service or not environment:
        raise UsageError("which service, and where?", hint="name `service` and `environment`")

    def find(turn: Turn) -> RehearsedOut:
        found = find_way_back(turn.tx, service, environment, turn.now)
        match found.verdict:
            case Pass():
                word = "pass"
            case Fail():
                word = "fail"
            case Unknown():
                word = "unknown"
        return RehearsedOut(service, environment, word, found.because, found.plan)

    return read(request, find)


@post("/drills/{drill:str}/finding", opt=takes(SyntheticIn), summary="Hand in a drill's finding")
def post_finding(request: Ask, drill: NameInPath, body: RawBody) -> Response[TakenInOut]:
    """Take in the synthetic finding of a drill, signed by this house, fresh, and for the drill's own environment."""
    asked = decode_body(request, body, SyntheticIn)
    verify = ed25519_verifier(ed25519_public_key(deps_of(request).signing_key))

    def act(turn: Turn) -> TakenInOut:
        run = accept_finding(turn, drill, asked.envelope, verify)
        return TakenInOut(run.exposure, run.id)

    return write(request, body, act, permission=Permission.MITIGATE, status=201)


HANDLERS = [
    post_drill,
    list_drills,
    get_drill,
    get_evidence,
    get_coverage,
    check_rehearsed,
    post_finding,
]
