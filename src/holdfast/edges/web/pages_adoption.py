"""The page of adoption: how far each group is on its way from observing to blocking, and what the next step holds."""

import litestar
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.visit import Page, Visitor, show
from holdfast.loop.adoption import TOP, AdoptionView, adoption_view, rules_of
from holdfast.loop.turn import Turn
from holdfast.model.build import Mode

DAYS = 30.0


def adoption_page_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """Return the handler of this page."""

    @litestar.get("/adoption", sync_to_thread=True, include_in_schema=False)
    def get_adoption(request: Visitor) -> Response[str]:
        """Show how far each group is."""
        return show(deps, request, _adoption)

    return [get_adoption]


def _adoption(turn: Turn) -> Page:
    view = adoption_view(turn.tx, turn.now, DAYS)
    values = {"view": view, "days": int(DAYS), "top": TOP, "rules_of": rules_of, **sums_of(view)}
    return Page("adoption.html", "gate", "Adoption", values)


def sums_of(view: AdoptionView) -> dict[str, int]:
    """Return what all groups come to: how many block, what was held, and what would be if all of them did."""
    return {
        "blocking": sum(one.mode is Mode.BLOCK for one in view.groups),
        "would_hold": sum(len(one.would_hold) for one in view.groups),
        "builds": sum(one.builds for one in view.groups),
        "held": sum(one.held for one in view.groups),
        "services": sum(one.services_that_would_hold for one in view.groups),
        "overdue": sum(one.overdue for one in view.groups),
    }
