"""The pages, by GET; none of them changes anything."""

from typing import Any

import litestar
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.render import asset
from holdfast.edges.web.search import STATES, read_as_of, read_question
from holdfast.edges.web.visit import Page, Visitor, show
from holdfast.loop.turn import Turn
from holdfast.loop.views import MapView, exposure_view, exposures_view, map_view, metrics_view, now_view

_PAGE_ROWS = 50
_NAMED_ROWS = 8
DEMO_SERVICE = "shop"


def page_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """Return the handlers of the pages."""

    @litestar.get("/", sync_to_thread=True, include_in_schema=False)
    def get_now(request: Visitor) -> Response[str]:
        """Answer whether anything is exposed now."""
        return show(deps, request, lambda turn: _now(deps, turn))

    @litestar.get("/map", sync_to_thread=True, include_in_schema=False)
    def get_map(request: Visitor) -> Response[str]:
        """Show what runs where."""
        return show(deps, request, lambda turn: _map(deps, request, turn))

    @litestar.get("/exposures", sync_to_thread=True, include_in_schema=False)
    def get_exposures(request: Visitor) -> Response[str]:
        """List exposures by rank."""
        return show(deps, request, lambda turn: _exposures(deps, request, turn))

    @litestar.get("/exposures/{exposure:str}", sync_to_thread=True, include_in_schema=False)
    def get_exposure(request: Visitor, exposure: FromPath[str]) -> Response[str]:
        """Show one exposure with what explains it."""
        return show(deps, request, lambda turn: _exposure(deps, turn, exposure))

    @litestar.get("/figures", sync_to_thread=True, include_in_schema=False)
    def get_figures(request: Visitor) -> Response[str]:
        """Show how fast we are."""
        return show(deps, request, lambda turn: _figures(request, turn))

    @litestar.get("/favicon.ico", include_in_schema=False, sync_to_thread=False)
    def get_icon() -> Response[str]:
        """Lead browsers that ask by themselves to the icon that the pages name."""
        return Response("", status_code=308, headers={"Location": asset("favicon.svg") or "/"}, media_type="text/html")

    return [get_now, get_map, get_exposures, get_exposure, get_figures, get_icon]


def _now(deps: WebDependencies, turn: Turn) -> Page:
    known = deps.memory.get(turn.tx, turn.now)
    compositions = deps.memory.compositions
    view = now_view(turn.tx, turn.now, deps.feed_max_age, known=known, compositions=compositions)
    offers_demo = deps.play_demo is not None and turn.tx.services.find(DEMO_SERVICE) is None
    return Page("now.html", "now", view.answer.word.rstrip("."), {"view": view, "offers_demo": offers_demo})


def _map(deps: WebDependencies, request: Visitor, turn: Turn) -> Page:
    as_of = read_as_of(request.query_params.get("as_of"), turn.now)
    view = _matrix(deps, turn, as_of=as_of)
    return Page("map.html", "map", "Map", {"view": view, "as_of": as_of})


def _matrix(deps: WebDependencies, turn: Turn, **more: Any) -> MapView:
    return map_view(
        turn.tx,
        turn.now,
        feed_max_age=deps.feed_max_age,
        coverage=deps.memory.get(turn.tx, turn.now).coverage,
        compositions=deps.memory.compositions,
        **more,
    )


def _exposures(deps: WebDependencies, request: Visitor, turn: Turn) -> Page:
    question = read_question(request.query_params.multi_items(), turn.now)
    view = exposures_view(
        turn.tx,
        question.where,
        turn.now,
        feed_max_age=deps.feed_max_age,
        as_of=question.as_of,
        after=question.after,
        limit=_PAGE_ROWS,
    )
    text = question.where.text
    named = None
    if text is not None and question.after is None:
        named = _matrix(deps, turn, as_of=question.as_of, text=text, limit=_NAMED_ROWS)
    values: dict[str, Any] = {
        "view": view,
        "question": question,
        "states": STATES,
        "as_of": question.as_of,
        "named": named,
    }
    return Page("exposures.html", "exposures", "Exposures", values)


def _exposure(deps: WebDependencies, turn: Turn, exposure: str) -> Page:
    history = deps.memory.get(turn.tx, turn.now).history
    view = exposure_view(turn.tx, exposure, turn.now, history=history)
    named = view.exposure
    title = f"{named.name} in {named.subject.name}, {named.environment}"
    return Page("exposure.html", "exposures", title, {"view": view})


def _figures(request: Visitor, turn: Turn) -> Page:
    view = metrics_view(turn.tx, turn.now, request.query_params.get("by") or None)
    return Page("figures.html", "figures", "Metrics", {"view": view})
