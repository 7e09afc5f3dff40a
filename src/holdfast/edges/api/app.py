"""The web application: the API, the process's own routes, and what others bring along."""

from collections.abc import Collection, Sequence
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from holdfast.edges.api import login, openapi, process, routes_alerts
from holdfast.edges.api.body import LIMIT_BYTES
from holdfast.edges.api.deps import ApiDependencies
from holdfast.edges.api.headers import add_headers
from holdfast.edges.api.problems import HANDLERS, answer_away
from holdfast.edges.api.rooms import RoomByRoom, api_router


def create_app(deps: ApiDependencies, extra_routers: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """Return the application; `extra_routers` stand beside the API and are not in its description."""
    whole = [api_router(), openapi.router(api_router), *process.HANDLERS, *login.HANDLERS, *extra_routers]
    return _assemble(deps, whole)


def create_local_app(deps: ApiDependencies) -> RoomByRoom:
    """Return the API alone, for one caller in this process: no login, no figures, no description of itself."""

    def assemble(names: Collection[str]) -> Litestar:
        return _assemble(deps, [api_router(names)])

    return RoomByRoom(assemble)


def _assemble(deps: ApiDependencies, routes: Sequence[ControllerRouterHandler]) -> Litestar:
    figures = process.Figures()
    handlers: dict[Any, Any] = {**HANDLERS, **dict.fromkeys(deps.store_failures, answer_away)}
    return Litestar(
        route_handlers=routes,
        state=State({"api": deps, "figures": figures, "alerts": routes_alerts.join_alerts(deps)}),
        middleware=[figures.middleware],
        exception_handlers=handlers,
        before_send=[add_headers],
        request_max_body_size=LIMIT_BYTES,
        openapi_config=None,
        logging_config=None,
        on_shutdown=[deps.changes.close],
        debug=False,
    )
