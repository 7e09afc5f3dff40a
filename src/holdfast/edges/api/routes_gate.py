"""The gate: policies by level, builds and what was decided of them, waivers."""

from dataclasses import fields
from time import monotonic
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import QueryParameter, RawBody

from holdfast.edges.api.body import SBOM_LIMIT_BYTES, decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.composition import read_composition
from holdfast.edges.api.cursors import next_page, read_cursor
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.reported import read_reported
from holdfast.edges.api.verbs import delete, get, post, put
from holdfast.edges.api.wire import Cursor, Filter, Limit, NameInPath, in_utc, to_wire
from holdfast.edges.api.wire_gate import (
    BuildDecided,
    BuildFigures,
    BuildIn,
    BuildOut,
    BuildPage,
    FigureOut,
    OverrideIn,
    OverrideOut,
    PolicyIn,
    PolicyOut,
    PolicyPage,
    PolicyTestIn,
    PolicyTestOut,
    ReplayedOut,
    WaiverIn,
    WaiverOut,
    WaiverPage,
    WithdrawIn,
)
from holdfast.errors import FactError, UsageError
from holdfast.loop.build_figures import GROUPINGS, Figures, trend_of
from holdfast.loop.builds import BuildAsk, judge_build, override_build
from holdfast.loop.gate_reported import NOTHING
from holdfast.loop.policies import levels_of, place_names, window
from holdfast.loop.policy_change import change_policy
from holdfast.loop.policy_replay import replay_policy, sum_up
from holdfast.loop.turn import Turn
from holdfast.loop.view_builds import build_document, filter_of
from holdfast.loop.waiving import WaiverAsk, approve_waiver, ask_waiver, withdraw_waiver
from holdfast.model.build import Build, Level, PolicyText
from holdfast.model.purl import parse_purl
from holdfast.model.tenancy import Permission
from holdfast.model.waiver import KeptWaiver

Days = Annotated[float, QueryParameter(gt=0, le=366, description="How many days are looked back.")]


def policy_out(policy: PolicyText) -> PolicyOut:
    """Return a version of a policy as it is sent."""
    return to_wire(PolicyOut, policy)


def build_out(build: Build) -> BuildOut:
    """Return a build as it is sent."""
    plain = {one.name: getattr(build, one.name) for one in fields(build) if one.name not in {"org", "snapshot"}}
    override = to_wire(OverrideOut, build.override) if build.override else None
    return BuildOut(**plain | {"reasons": list(build.reasons), "policy": list(build.policy), "override": override})


def waiver_out(kept: KeptWaiver) -> WaiverOut:
    """Return a waiver as it is sent."""
    one = kept.waiver
    return WaiverOut(
        one.id,
        list(one.ids),
        one.service,
        kept.service_id,
        one.status,
        one.reason,
        one.statement,
        one.ecosystem,
        one.package,
        list(one.versions),
        one.owner,
        one.approved_by or None,
        kept.created_at,
        one.signed_at,
        one.expires_at,
        kept.ended_at,
        one.known_exploited,
        one.fix_version,
    )


@get("/policies", summary="List policies")
def list_policies(request: Ask, service: Filter = None) -> Response[PolicyPage]:
    """List the policies in force, of all levels; or those of one service, the highest level first.

    A pipeline's token may ask too: it keeps them for when this server is away. One that was given for a pipeline's
    identity asks for one service.
    """

    def find(turn: Turn) -> PolicyPage:
        token = turn.token
        asks = token is not None and token.allows(Permission.BUILDS_WRITE)
        if asks and (service is not None or token is None or token.binding is None):
            turn.require(Permission.BUILDS_WRITE, bound=True)
        else:
            turn.require(Permission.READ)
        kept = {(one.level, one.subject): one for one in turn.tx.policies.current()}
        if service is None:
            return PolicyPage([policy_out(one) for one in kept.values()], None, [])
        found = turn.tx.services.find(service)  # one that is not known yet is under the org's alone
        mine = [kept[place] for place in place_names(turn.tx, found) if place in kept]
        return PolicyPage([policy_out(one) for one in mine], None, list(levels_of(turn.tx, found).refused))

    return read(request, find, permission=None)


@put("/policies/org", opt=takes(PolicyIn), summary="Set the org's policy")
def put_org_policy(request: Ask, body: RawBody) -> Response[PolicyOut]:
    """Keep a new version of the policy that everything is under."""
    asked = decode_body(request, body, PolicyIn)
    return write(request, body, lambda turn: policy_out(change_policy(turn, Level.ORG, "", asked.document)))


@delete("/policies/org", status_code=200, summary="Take the org's policy away")
def delete_org_policy(request: Ask) -> Response[PolicyOut]:
    """Take the org's policy away; its versions stay."""
    return write(request, b"", lambda turn: policy_out(change_policy(turn, Level.ORG, "", None)))


@put("/policies/groups/{group:str}", opt=takes(PolicyIn), summary="Set a group's policy")
def put_group_policy(request: Ask, group: NameInPath, body: RawBody) -> Response[PolicyOut]:
    """Keep a new version of the policy of a group, by name or id."""
    asked = decode_body(request, body, PolicyIn)
    return write(request, body, lambda turn: policy_out(change_policy(turn, Level.GROUP, group, asked.document)))


@delete("/policies/groups/{group:str}", status_code=200, summary="Take a group's policy away")
def delete_group_policy(request: Ask, group: NameInPath) -> Response[PolicyOut]:
    """Take the policy of a group away; its versions stay."""
    return write(request, b"", lambda turn: policy_out(change_policy(turn, Level.GROUP, group, None)))


@put("/policies/services/{service:str}", opt=takes(PolicyIn), summary="Set a service's policy")
def put_service_policy(request: Ask, service: NameInPath, body: RawBody) -> Response[PolicyOut]:
    """Keep a new version of the policy of a service, by name or id."""
    asked = decode_body(request, body, PolicyIn)
    return write(request, body, lambda turn: policy_out(change_policy(turn, Level.SERVICE, service, asked.document)))


@delete("/policies/services/{service:str}", status_code=200, summary="Take a service's policy away")
def delete_service_policy(request: Ask, service: NameInPath) -> Response[PolicyOut]:
    """Take the policy of a service away; its versions stay."""
    return write(request, b"", lambda turn: policy_out(change_policy(turn, Level.SERVICE, service, None)))


@post("/policies/test", opt=takes(PolicyTestIn), status_code=200, summary="Try a policy")
def test_policy(request: Ask, body: RawBody) -> Response[PolicyTestOut]:
    """Decide the builds of the last days again under a policy that is not in force; nothing is changed."""
    asked = decode_body(request, body, PolicyTestIn)

    def find(turn: Turn) -> PolicyTestOut:
        replay = replay_policy(turn, asked.level, asked.subject, asked.document, asked.days)
        decided = [
            ReplayedOut(
                one.build.id,
                one.build.service,
                one.build.at,
                one.was,
                one.would_be,
                list(one.caught),
                list(one.reasons),
            )
            for one in replay.rows
        ]
        counts = len(replay.newly_held), len(replay.newly_passed), replay.lost
        return PolicyTestOut(replay.since, len(decided), *counts, replay.more, sum_up(replay.rows), decided)

    return read(request, find)


@post("/builds", opt=takes(BuildIn), request_max_body_size=SBOM_LIMIT_BYTES, summary="Judge a build")
def post_build(request: Ask, body: RawBody) -> Response[BuildDecided]:
    """Decide whether a build may ship, and record it. The server judges by its own advisories and policies."""
    began_s = monotonic()
    asked = decode_body(request, body, BuildIn)
    base = asked.base
    ask = BuildAsk(
        asked.service,
        read_composition(asked.sbom),
        None if base is msgspec.UNSET or bytes(base) == b"null" else read_composition(base, where="$.base"),
        asked.environment,
        asked.commit,
        asked.source,
        asked.target,
        asked.waivers,
        asked.policy,
        asked.ci,
        tuple(asked.notes),
        asked.artifact,
        NOTHING if asked.reported is msgspec.UNSET else read_reported(asked.reported),
    )

    def act(turn: Turn) -> BuildDecided:
        judged = judge_build(turn, ask, lambda: monotonic() - began_s)
        raw = msgspec.Raw(msgspec.json.encode(judged.decision))
        return BuildDecided(build_out(judged.build), dict(judged.document), raw)

    return write(request, body, act, status=201)


@get("/builds", summary="List builds")
def list_builds(
    request: Ask,
    *,
    service: Filter = None,
    team: Filter = None,
    verdict: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response[BuildPage]:
    """List what the gate decided, newest first.

    `verdict` is an answer (`pass`, `blocked`, `unknown`), `held` for what nobody let go, or `overridden`.
    """

    def find(turn: Turn) -> BuildPage:
        where = filter_of(turn.tx, service, team, verdict)
        rows = turn.tx.builds.list(where, read_cursor("builds", cursor), limit + 1)
        items, following = next_page("builds", rows, lambda one: one.id, limit)
        return BuildPage([build_out(one) for one in items], following)

    return read(request, find)


@get("/builds/figures", summary="How often builds are held")
def get_build_figures(
    request: Ask, service: Filter = None, team: Filter = None, by: Filter = None, days: Days = 30.0
) -> Response[BuildFigures]:
    """Count the builds of the last days: how many were held, how many of those somebody let go, how long it took.

    Also week by week; `by` is `service`, `team` or `group`.
    """
    if by is not None and by not in GROUPINGS:
        raise UsageError(f"expected one of {', '.join(GROUPINGS)}, got `{by[:40]}`", where="by")

    def find(turn: Turn) -> BuildFigures:
        where = filter_of(turn.tx, service, team)
        trend = trend_of(turn.tx, window(turn.now, days), turn.now, where, by)
        weeks = [figure_out(None, one) for one in trend.weeks]
        groups = [figure_out(name, one) for name, one in trend.groups]
        whole = {one.name: getattr(trend.whole, one.name) for one in fields(trend.whole)}
        rates = trend.whole.block_rate, trend.whole.override_rate
        return BuildFigures(
            **whole, block_rate=rates[0], override_rate=rates[1], weeks=weeks, groups=groups, more=trend.more
        )

    return read(request, find)


def figure_out(name: str | None, figures: Figures) -> FigureOut:
    """Return the figures of a week or a group as they are sent."""
    plain = {one.name: getattr(figures, one.name) for one in fields(figures)}
    return FigureOut(name=name, **plain, block_rate=figures.block_rate, override_rate=figures.override_rate)


@get("/builds/{build:str}", summary="Get a build")
def get_build(request: Ask, build: NameInPath) -> Response[BuildOut]:
    """Get what the gate decided of a build."""
    return read(request, lambda turn: build_out(turn.tx.builds.get(build)))


@get("/builds/{build:str}/document", summary="Get what was answered of a build")
def get_build_document(request: Ask, build: NameInPath) -> Response[dict[str, Any]]:
    """Get the `holdfast.gate/1` document of a build as it was answered; at most 200 of each of its parts are kept."""

    def find(turn: Turn) -> dict[str, Any]:
        turn.tx.builds.get(build)
        return dict(build_document(turn.tx, build))

    return read(request, find)


@post("/builds/{build:str}/override", opt=takes(OverrideIn), status_code=200, summary="Let a held build go")
def post_override(request: Ask, build: NameInPath, body: RawBody) -> Response[BuildOut]:
    """Let a build go that the gate held, as a person, with a reason; it is counted and journaled."""
    asked = decode_body(request, body, OverrideIn)
    return write(request, body, lambda turn: build_out(override_build(turn, build, asked.reason)))


@post("/waivers", opt=takes(WaiverIn), summary="Ask for a waiver")
def post_waiver(request: Ask, body: RawBody) -> Response[WaiverOut]:
    """Ask that a finding be waived for a time; it counts once somebody else approved it."""
    asked = decode_body(request, body, WaiverIn)
    ecosystem, package = _package(asked.package)
    ask = WaiverAsk(
        asked.finding,
        asked.service,
        asked.status,
        asked.reason,
        in_utc(asked.expires_at, where="$.expires_at") or asked.expires_at,
        asked.statement,
        ecosystem,
        package,
        tuple((one.operator, one.version) for one in asked.versions),
    )
    return write(request, body, lambda turn: waiver_out(ask_waiver(turn, ask)), status=201)


def _package(purl: str | None) -> tuple[str, str]:
    if purl is None:
        return "", ""
    try:
        name, mark, qualifiers = purl.partition("?")
        component = parse_purl(f"{name}@0{mark}{qualifiers}")
    except FactError as error:
        raise UsageError(error.message, where="$.package", hint="a purl without version: `pkg:npm/lodash`") from None
    return component.ecosystem, component.name


@get("/waivers", summary="List waivers")
def list_waivers(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[WaiverPage]:
    """List the waivers that the server keeps, newest first: those that wait, hold, are over or were withdrawn."""

    def find(turn: Turn) -> WaiverPage:
        rows = turn.tx.waivers.list(read_cursor("waivers", cursor), limit + 1)
        items, following = next_page("waivers", rows, lambda one: one.waiver.id, limit)
        return WaiverPage([waiver_out(one) for one in items], following)

    return read(request, find)


@post("/waivers/{waiver:str}/approve", status_code=200, summary="Approve a waiver")
def post_approval(request: Ask, waiver: NameInPath, body: RawBody) -> Response[WaiverOut]:
    """Approve a waiver, as a person who is not its owner."""
    return write(request, body, lambda turn: waiver_out(approve_waiver(turn, waiver)))


@post("/waivers/{waiver:str}/withdraw", opt=takes(WithdrawIn), status_code=200, summary="Withdraw a waiver")
def post_withdrawal(request: Ask, waiver: NameInPath, body: RawBody) -> Response[WaiverOut]:
    """End a waiver before its time."""
    asked = decode_body(request, body, WithdrawIn)
    return write(request, body, lambda turn: waiver_out(withdraw_waiver(turn, waiver, asked.reason)))


HANDLERS = [
    list_policies,
    put_org_policy,
    delete_org_policy,
    test_policy,
    put_group_policy,
    delete_group_policy,
    put_service_policy,
    delete_service_policy,
    post_build,
    list_builds,
    get_build_figures,
    get_build,
    get_build_document,
    post_override,
    post_waiver,
    list_waivers,
    post_approval,
    post_withdrawal,
]
