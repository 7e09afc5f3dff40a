"""Services, teams, groups, environments: what is declared."""

from typing import Any

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import cut_page, next_page, read_cursor
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import get, put
from holdfast.edges.api.wire import Cursor, Limit, NameInPath, to_wire
from holdfast.edges.api.wire_inventory import (
    EnvironmentIn,
    EnvironmentOut,
    EnvironmentPage,
    GroupIn,
    GroupOut,
    GroupPage,
    ServiceDetail,
    ServiceOut,
    ServicePage,
    TeamIn,
    TeamOut,
    TeamPage,
)
from holdfast.errors import NotFoundError, UsageError
from holdfast.facts.manifest import parse_declaration
from holdfast.loop.declare import declare_environment, declare_group, declare_service, declare_team
from holdfast.loop.requests import EnvironmentRequest
from holdfast.loop.turn import Turn
from holdfast.model.inventory import Service
from holdfast.ports.store import Transaction


def get_service(tx: Transaction, name: str) -> Service:
    """Return a service by name, or by id.

    Raises:
        NotFoundError: there is none.
    """
    service = tx.services.find(name)
    if service is None and name.startswith("svc_"):
        service = tx.services.get(name)
    if service is None:
        raise NotFoundError(f"there is no service `{name}`")
    return service


@get("/services", summary="List services")
def list_services(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[ServicePage]:
    """List services by name; unclaimed ones are those that were only seen running."""

    def find(turn: Turn) -> ServicePage:
        rows = turn.tx.services.list(read_cursor("services", cursor), limit + 1)
        items, following = next_page("services", rows, lambda service: service.name, limit)
        return ServicePage([to_wire(ServiceOut, service) for service in items], following)

    return read(request, find)


@get("/services/{service:str}", summary="Get a service")
def get_one_service(request: Ask, service: NameInPath) -> Response[ServiceDetail]:
    """Get a service by name or id, with its current declaration."""

    def find(turn: Turn) -> ServiceDetail:
        found = get_service(turn.tx, service)
        document = turn.tx.services.manifest(found.id)
        return ServiceDetail(to_wire(ServiceOut, found), dict(document) if document else None)

    return read(request, find)


@put("/services/{service:str}", opt=takes(dict[str, Any]), summary="Declare a service")
def put_service(request: Ask, service: NameInPath, body: RawBody) -> Response[ServiceDetail]:
    """Declare a service: the body is one entry of `services` in `holdfast.yaml`, as JSON. It claims the name."""
    document = decode_body(request, body, dict[str, Any])
    if document.setdefault("name", service) != service:
        raise UsageError("the body declares another service than the address", where="$.name")
    manifest = parse_declaration(document)

    def act(turn: Turn) -> ServiceDetail:
        declared = declare_service(turn, manifest)
        kept = turn.tx.services.manifest(declared.id)
        return ServiceDetail(to_wire(ServiceOut, declared), dict(kept) if kept else None)

    return write(request, body, act)


@get("/groups", summary="List groups")
def list_groups(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[GroupPage]:
    """List the groups of the org by name."""

    def find(turn: Turn) -> GroupPage:
        items, following = cut_page("groups", turn.tx.teams.groups(), lambda group: group.name, cursor, limit)
        return GroupPage([to_wire(GroupOut, group) for group in items], following)

    return read(request, find)


@put("/groups/{group:str}", opt=takes(GroupIn), summary="Create or move a group")
def put_group(request: Ask, group: NameInPath, body: RawBody) -> Response[GroupOut]:
    """Create a group, or move it under another parent."""
    asked = decode_body(request, body, GroupIn)
    return write(request, body, lambda turn: to_wire(GroupOut, declare_group(turn, group, asked.parent)))


@get("/teams", summary="List teams")
def list_teams(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[TeamPage]:
    """List the teams of the org by name."""

    def find(turn: Turn) -> TeamPage:
        items, following = cut_page("teams", turn.tx.teams.teams(), lambda team: team.name, cursor, limit)
        return TeamPage([to_wire(TeamOut, team) for team in items], following)

    return read(request, find)


@put("/teams/{team:str}", opt=takes(TeamIn), summary="Create or move a team")
def put_team(request: Ask, team: NameInPath, body: RawBody) -> Response[TeamOut]:
    """Create a team, or move it into another group."""
    asked = decode_body(request, body, TeamIn)
    return write(request, body, lambda turn: to_wire(TeamOut, declare_team(turn, team, asked.group)))


@get("/environments", summary="List environments")
def list_environments(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[EnvironmentPage]:
    """List environments by name."""

    def find(turn: Turn) -> EnvironmentPage:
        known = turn.tx.environments.list()
        items, following = cut_page("environments", known, lambda environment: environment.name, cursor, limit)
        return EnvironmentPage([to_wire(EnvironmentOut, environment) for environment in items], following)

    return read(request, find)


@get("/environments/{environment:str}", summary="Get an environment")
def get_environment(request: Ask, environment: NameInPath) -> Response[EnvironmentOut]:
    """Get an environment by name."""

    def find(turn: Turn) -> EnvironmentOut:
        found = turn.tx.environments.find(environment)
        if found is None:
            raise NotFoundError(f"there is no environment `{environment}`")
        return to_wire(EnvironmentOut, found)

    return read(request, find)


@put("/environments/{environment:str}", opt=takes(EnvironmentIn), summary="Declare an environment")
def put_environment(request: Ask, environment: NameInPath, body: RawBody) -> Response[EnvironmentOut]:
    """Say what an environment is: its tier, and who can reach it."""
    asked = decode_body(request, body, EnvironmentIn)
    wanted = EnvironmentRequest(environment, asked.tier, asked.exposure)
    return write(request, body, lambda turn: to_wire(EnvironmentOut, declare_environment(turn, wanted)))


HANDLERS = [
    list_services,
    get_one_service,
    put_service,
    list_groups,
    put_group,
    list_teams,
    put_team,
    list_environments,
    get_environment,
    put_environment,
]
