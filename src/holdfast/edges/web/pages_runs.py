"""The pages of mitigations, by GET: runs, what is still clamped, plans, drills, flags. None changes anything."""

import litestar
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.visit import Page, Visitor, show
from holdfast.errors import UsageError
from holdfast.loop.respond_people import get_pause
from holdfast.loop.turn import Turn
from holdfast.loop.untold import untold_view
from holdfast.loop.view_debt import debt_view
from holdfast.loop.view_flags import flag_view, flags_view
from holdfast.loop.view_plans import plans_view
from holdfast.loop.view_run import run_view
from holdfast.loop.view_runs import GROUPS, runs_view

_PAGE_ROWS = 50


def run_page_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """Return the handlers of these pages."""

    @litestar.get("/runs", sync_to_thread=True, include_in_schema=False)
    def get_runs(request: Visitor) -> Response[str]:
        """List runs, newest first."""
        return show(deps, request, lambda turn: _runs(request, turn))

    @litestar.get("/runs/{run:str}", sync_to_thread=True, include_in_schema=False)
    def get_run(request: Visitor, run: FromPath[str]) -> Response[str]:
        """Show one run, step by step."""
        return show(deps, request, lambda turn: _run(turn, run))

    @litestar.get("/debt", sync_to_thread=True, include_in_schema=False)
    def get_debt(request: Visitor) -> Response[str]:
        """Show what is still clamped."""
        return show(deps, request, lambda turn: Page("debt.html", "runs", "Still clamped", _debt(turn)))

    @litestar.get("/flags", sync_to_thread=True, include_in_schema=False)
    def get_flags(request: Visitor) -> Response[str]:
        """List an environment's flags."""
        return show(deps, request, lambda turn: _flags(request, turn))

    @litestar.get("/flags/{environment:str}/{key:str}", sync_to_thread=True, include_in_schema=False)
    def get_flag(request: Visitor, environment: FromPath[str], key: FromPath[str]) -> Response[str]:
        """Show one flag."""
        return show(deps, request, lambda turn: _flag(turn, environment, key))

    @litestar.get("/plans", sync_to_thread=True, include_in_schema=False)
    def get_plans(request: Visitor) -> Response[str]:
        """Show plans and what their drills say."""
        return show(deps, request, lambda turn: Page("plans.html", "plans", "Plans", {"view": _plans(turn)}))

    @litestar.get("/drills/{drill:str}", sync_to_thread=True, include_in_schema=False)
    def get_drill(request: Visitor, drill: FromPath[str]) -> Response[str]:
        """Show one drill."""
        return show(deps, request, lambda turn: _drill(turn, drill))

    return [get_runs, get_run, get_debt, get_flags, get_flag, get_plans, get_drill]


def _runs(request: Visitor, turn: Turn) -> Page:
    group, drills = request.query_params.get("group") or None, request.query_params.get("drills") == "yes"
    if group is not None and group not in GROUPS:
        raise UsageError(f"expected one of {', '.join(GROUPS)}, got `{group[:40]}`", where="group")
    after = request.query_params.get("after") or None
    view = runs_view(turn.tx, group=group, after=after, limit=_PAGE_ROWS, drills=drills)
    values = {"view": view, "after": after, "drills": drills, "pause": get_pause(turn.tx)}
    values["untold"] = turn.tx.outbox.count_given_up()
    return Page("runs.html", "runs", "Runs", values)


def _run(turn: Turn, run: str) -> Page:
    view = run_view(turn.tx, run, turn.now)
    return Page("run.html", "runs", f"{view.row.label} in {view.run.environment}", {"view": view})


def _debt(turn: Turn) -> dict[str, object]:
    return {"view": debt_view(turn.tx, turn.now), "untold": untold_view(turn.tx, limit=_PAGE_ROWS)}


def _plans(turn: Turn) -> object:
    return plans_view(turn.tx, turn.now)


def _drill(turn: Turn, drill: str) -> Page:
    found = turn.tx.drills.get(drill)
    return Page("drill.html", "plans", f"Drill of {found.plan}", {"drill": found})


def _flags(request: Visitor, turn: Turn) -> Page:
    view = flags_view(turn.tx, request.query_params.get("environment") or None, turn.now)
    return Page("flags.html", "flags", "Flags", {"view": view})


def _flag(turn: Turn, environment: str, key: str) -> Page:
    view = flag_view(turn.tx, environment, key, turn.now)
    return Page("flag.html", "flags", f"{key} in {environment}", {"view": view})
