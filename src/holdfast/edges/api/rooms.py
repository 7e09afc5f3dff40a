"""The API's routes by room, and an application that puts a room together when it is first asked for.

To put all routes together takes a third of a second: a server does it once, a command would for its one question.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler

from holdfast.edges.api import (
    events,
    routes_admin,
    routes_adoption,
    routes_advisories,
    routes_alerts,
    routes_debt,
    routes_drills,
    routes_findings,
    routes_flags,
    routes_gate,
    routes_guards,
    routes_intake,
    routes_journal,
    routes_messages,
    routes_mitigations,
    routes_oidc,
    routes_places,
    routes_state,
    routes_vex,
)
from holdfast.edges.api.auth import Authentication
from holdfast.edges.api.parameters import refuse_unknown

PREFIX = "/api/v1"
ROOMS: Mapping[str, Sequence[HTTPRouteHandler]] = {
    "inventory": [*routes_places.HANDLERS, *routes_intake.HANDLERS],
    "advisories": routes_advisories.HANDLERS,
    "findings": routes_findings.HANDLERS,
    "mitigations": [
        *routes_mitigations.HANDLERS,
        *routes_guards.HANDLERS,
        *routes_alerts.HANDLERS,
        *routes_debt.HANDLERS,
        *routes_messages.HANDLERS,
    ],
    "gate": [*routes_gate.HANDLERS, *routes_adoption.HANDLERS, *routes_vex.HANDLERS],
    "drills": routes_drills.HANDLERS,
    "flags": routes_flags.HANDLERS,
    "figures": routes_state.HANDLERS,
    "journal": [*routes_journal.HANDLERS, *events.HANDLERS],
    "identities": [*routes_admin.HANDLERS, *routes_oidc.HANDLERS],
}


class OwnRouter(Router):
    """A router made for one owner, which takes it as it is; of any other Litestar makes a deep copy."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "OwnRouter":
        """Return the router itself."""
        return self


def api_router(names: Collection[str] = tuple(ROOMS)) -> Router:
    """Return what is under `/api/v1` and needs a token: of all rooms, or of those named."""
    rooms = [OwnRouter("/", route_handlers=ROOMS[name], tags=[name]) for name in names]
    return OwnRouter(PREFIX, route_handlers=rooms, middleware=[Authentication], guards=[refuse_unknown])


def rooms_of(path: str) -> tuple[str, ...]:
    """Return the rooms that a path may be in, by its first part; all of them for a path that is in none."""
    first = _first(path.removeprefix(PREFIX))
    return tuple(
        name for name, handlers in ROOMS.items() if any(first == _first(one) for it in handlers for one in it.paths)
    ) or tuple(ROOMS)


def _first(path: str) -> str:
    return path.strip("/").partition("/")[0]


class RoomByRoom:
    """An ASGI application for one caller in this process; `assemble` makes the application of some rooms."""

    def __init__(self, assemble: Callable[[Collection[str]], Litestar]) -> None:
        self._assemble = assemble
        self._made: dict[tuple[str, ...], Litestar] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        rooms = rooms_of(scope["path"])
        if rooms not in self._made:
            self._made[rooms] = self._assemble(rooms)
        await self._made[rooms](scope, receive, send)
