"""The pages of the gate: builds with their trend, and one build with all that it rests on; and letting one go.

The list reads one page of builds, and of the others the few columns that the figures take.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import litestar
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.drawing import Steps
from holdfast.edges.web.drawing_weeks import draw_weeks
from holdfast.edges.web.visit import Page, Visitor, act, show
from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.build_figures import GROUPINGS, Trend, read_points, trend_of
from holdfast.loop.builds import override_build
from holdfast.loop.turn import Turn
from holdfast.loop.view_builds import VERDICTS, BuildsView, build_view, builds_view, filter_of
from holdfast.model.build import BuildFilter
from holdfast.model.tenancy import Permission

_PAGE_ROWS = 50
_SHORT, _LONG = timedelta(days=30), timedelta(weeks=12)
_MOST_REASON = 500


def build_page_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """Return the handlers of these pages and of their form."""

    @litestar.get("/builds", sync_to_thread=True, include_in_schema=False)
    def get_builds(request: Visitor) -> Response[str]:
        """List builds, newest first, with how often they are held."""
        return show(deps, request, lambda turn: _builds(request, turn))

    @litestar.get("/builds/{build:str}", sync_to_thread=True, include_in_schema=False)
    def get_build(request: Visitor, build: FromPath[str]) -> Response[str]:
        """Show one build."""
        return show(deps, request, lambda turn: _build(turn, build))

    @litestar.post("/builds/{build:str}/override", sync_to_thread=True, include_in_schema=False)
    def post_override(request: Visitor, build: FromPath[str], body: RawBody) -> Response[str]:
        """Let a held build go."""

        def decide(turn: Turn, form: Mapping[str, str]) -> None:
            override_build(turn, build, read_reason(form))

        return act(deps, request, body, decide, Permission.POLICY_WRITE)

    return [get_builds, get_build, post_override]


def read_reason(form: Mapping[str, str]) -> str:
    """Return the reason that a form gives.

    Raises:
        UsageError: none, or one that is no line of up to 500 characters.
    """
    reason = " ".join(form.get("reason", "").split())
    if not reason or len(reason) > _MOST_REASON or not reason.isprintable():
        raise UsageError(f"expected a reason of up to {_MOST_REASON} characters", where="reason", hint="say why")
    return reason


def may_decide(turn: Turn) -> bool:
    """Whether the visitor may let builds go and approve waivers: a person who may change policies."""
    token = turn.token
    return token is not None and token.person is not None and token.allows(Permission.POLICY_WRITE)


def _builds(request: Visitor, turn: Turn) -> Page:
    asked = {name: (request.query_params.get(name) or "").strip() for name in ("service", "team", "verdict", "by")}
    by = asked["by"] or None
    if by is not None and by not in GROUPINGS:
        raise UsageError(f"expected one of {', '.join(GROUPINGS)}, got `{by[:40]}`", where="by")
    after = request.query_params.get("after") or None
    missing = None
    try:
        where = filter_of(turn.tx, asked["service"] or None, asked["team"] or None, asked["verdict"] or None)
        view = builds_view(turn.tx, where, after, _PAGE_ROWS)
        of_all = BuildFilter(where.service_id, where.team)  # a share of the held alone says nothing
        read = read_points(turn.tx, turn.now - _LONG, of_all)
        short = trend_of(turn.tx, turn.now - _SHORT, turn.now, of_all, by, read=read)
        trend = trend_of(turn.tx, turn.now - _LONG, turn.now, of_all, read=read)
    except NotFoundError as error:
        missing, view, short, trend = error.message, BuildsView((), None), None, None
    values: dict[str, Any] = {
        "view": view,
        "asked": asked,
        "after": after,
        "missing": missing,
        "short": short,
        "curves": _curves(trend) if trend and trend.whole.builds else (),
        "verdicts": VERDICTS,
        "groupings": GROUPINGS,
        "teams": [one.name for one in turn.tx.teams.teams()],
        "address": _address(asked),
    }
    return Page("builds.html", "gate", "Builds", values)


def _address(asked: Mapping[str, str]) -> Any:
    """Return what gives the address of this list with other answers."""

    def address(**changed: str | None) -> str:
        pairs = {**asked, **changed}
        kept = [(name, value) for name, value in pairs.items() if value]
        return f"/builds?{urlencode(kept)}" if kept else "/builds"

    return address


def _curves(trend: Trend) -> tuple[tuple[str, Steps], ...]:
    def share(value: float) -> str:
        return f"{value:.0%}"

    weeks = trend.weeks
    held = [(one.since, one.block_rate) for one in weeks]
    let_go = [(one.since, one.override_rate) for one in weeks]
    took = [(one.since, one.took_p90_s) for one in weeks]
    scores = [(one.since, one.score_p50) for one in weeks]
    return (
        ("Held, of all builds", draw_weeks(held, 0.1, share, "Held")),
        ("Let go, of the held", draw_weeks(let_go, 0.1, share, "Let go")),
        ("Score, the middle one", draw_weeks(scores, 100.0, lambda value: f"{value:.0f}", "Score")),
        ("Seconds to decide, nine in ten", draw_weeks(took, 0.1, _seconds, "Seconds to decide")),
    )


def _seconds(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def _build(turn: Turn, build: str) -> Page:
    view = build_view(turn.tx, build)
    values = {"view": view, "may_decide": may_decide(turn)}
    return Page("build.html", "gate", f"Build of {view.build.service}", values)
