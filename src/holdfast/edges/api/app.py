"""The web application: the API, the process's own routes, and what others bring along."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from holdfast.edges.api import (
    events,
    login,
    openapi,
    process,
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
from holdfast.edges.api.body import LIMIT_BYTES
from holdfast.edges.api.deps import ApiDependencies
from holdfast.edges.api.headers import add_headers
from holdfast.edges.api.parameters import refuse_unknown
from holdfast.edges.api.problems import HANDLERS, answer_away

_ROOMS = {
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


def api_router() -> Router:
    """Return everything under `/api/v1` that needs a token."""
    rooms = [Router("/", route_handlers=handlers, tags=[tag]) for tag, handlers in _ROOMS.items()]
    return Router("/api/v1", route_handlers=rooms, middleware=[Authentication], guards=[refuse_unknown])


def create_app(deps: ApiDependencies, extra_routers: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """Return the application; `extra_routers` stand beside the API and are not in its description."""
    figures = process.Figures()
    handlers: dict[Any, Any] = {**HANDLERS, **dict.fromkeys(deps.store_failures, answer_away)}
    return Litestar(
        route_handlers=[api_router(), openapi.router(api_router), *process.HANDLERS, *login.HANDLERS, *extra_routers],
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
