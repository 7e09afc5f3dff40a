"""Adoption: what services inherit, the modes of groups, and what the next step would hold."""

from collections.abc import Mapping
from datetime import datetime

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import SBOM_LIMIT_BYTES, decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.composition import read_composition
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.routes_gate import Days
from holdfast.edges.api.routes_places import get_service
from holdfast.edges.api.verbs import get, put
from holdfast.edges.api.wire import NameInPath, in_utc
from holdfast.edges.api.wire_adoption import (
    AdoptionGroupOut,
    AdoptionPage,
    GroupModeIn,
    GroupModeOut,
    InheritedFindingOut,
    InheritedIn,
    InheritedOut,
    WouldHoldOut,
)
from holdfast.gate.policy import ModeRules
from holdfast.loop.adoption import TOP, AdoptionGroup, adoption_view, set_group_mode
from holdfast.loop.inherited import accept_inherited, get_inherited, known_since
from holdfast.loop.turn import Turn
from holdfast.model.build import Build
from holdfast.model.inherited import Inherited, InheritedFinding
from holdfast.model.inventory import Service


def inherited_out(one: Inherited, service: Service, turn: Turn, *, accepted: bool = False) -> InheritedOut:
    """Return what a service inherits as it is sent."""
    known = known_since(turn.tx, service)
    return InheritedOut(
        service.name,
        service.id,
        one.sbom,
        one.accepted_at,
        one.accepted_by,
        accepted,
        [_finding_out(finding, known) for finding in one.findings],
        list(one.gaps),
        len(one.overdue(turn.now)),
    )


def _finding_out(one: InheritedFinding, known: Mapping[tuple[str, ...], datetime]) -> InheritedFindingOut:
    first = min((one.since, *(known[key] for key in one.keys if key in known)))
    return InheritedFindingOut(one.kind, one.id, one.purl, one.since, one.due_at, first)


@put(
    "/services/{service:str}/inherited",
    opt=takes(InheritedIn),
    request_max_body_size=SBOM_LIMIT_BYTES,
    summary="Accept what a service inherits",
)
def put_inherited(request: Ask, service: NameInPath, body: RawBody) -> Response[InheritedOut]:
    """Record what a service is made of now as what it inherits, for builds that have nothing else to compare with.

    What was recorded before stays, unless `replace` is true; then what was there before keeps its clock.
    """
    asked = decode_body(request, body, InheritedIn)
    sbom = read_composition(asked.sbom)

    def act(turn: Turn) -> InheritedOut:
        found = accept_inherited(turn, service, sbom, replace=asked.replace)
        return inherited_out(found.inherited, found.service, turn, accepted=found.is_new)

    return write(request, body, act)


@get("/services/{service:str}/inherited", summary="Get what a service inherits")
def get_one_inherited(request: Ask, service: NameInPath) -> Response[InheritedOut]:
    """Get what was accepted when a service came under the gate, each finding with its deadline."""

    def find(turn: Turn) -> InheritedOut:
        found = get_service(turn.tx, service)
        return inherited_out(get_inherited(turn.tx, found), found, turn)

    return read(request, find)


@put("/groups/{group:str}/mode", opt=takes(GroupModeIn), summary="Set a group's mode")
def put_group_mode(request: Ask, group: NameInPath, body: RawBody) -> Response[GroupModeOut]:
    """Say how strict the gate is to a group now, and what comes next, and when; the rest of its policy stays."""
    asked = decode_body(request, body, GroupModeIn)
    rules = ModeRules(asked.mode, asked.next, in_utc(asked.from_, where="$.from"))

    def act(turn: Turn) -> GroupModeOut:
        made = set_group_mode(turn, group, rules)
        said = made.rules
        return GroupModeOut(
            made.group, said.now, said.next, said.next_from, made.counts, made.changed, list(made.refused)
        )

    return write(request, body, act)


@get("/adoption", summary="How far each group is")
def get_adoption(request: Ask, days: Days = 30.0) -> Response[AdoptionPage]:
    """Tell of every group its mode, what comes next and when, and what of the last days that would have held."""

    def find(turn: Turn) -> AdoptionPage:
        view = adoption_view(turn.tx, turn.now, days)
        return AdoptionPage([_group_out(one) for one in view.groups], None, view.since, view.more)

    return read(request, find)


def _group_out(one: AdoptionGroup) -> AdoptionGroupOut:
    return AdoptionGroupOut(
        group=one.group,
        mode=one.mode,
        next=one.next,
        from_=one.next_from,
        services=len(one.services),
        accepted=one.accepted,
        builds=one.builds,
        held=one.held,
        would_hold=len(one.would_hold),
        services_that_would_hold=one.services_that_would_hold,
        inherited=one.inherited,
        overdue=one.overdue,
        rules=dict(one.rules),
        top=[_would_hold(build) for build in one.would_hold[:TOP]],
    )


def _would_hold(build: Build) -> WouldHoldOut:
    return WouldHoldOut(build.id, build.service, build.at, build.would_be, build.commit, list(build.reasons[:TOP]))


HANDLERS = [put_inherited, get_one_inherited, put_group_mode, get_adoption]
