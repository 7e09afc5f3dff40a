"""The page that a signed link opens: what would be done, how far it reaches, how long it takes; and a form to approve.

Rules:
1. Reading changes nothing, however often and by whomever: scanners of mail follow links too.
2. The form takes a person's session, comes from a page of ours, and carries the link's own signature, which is checked
   again: a run that was planned anew meanwhile is not approved by an old link.
3. A browser that comes from another site leaves its session at home on the first step. It is sent here once more, by
   this page, and then has it.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import litestar
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.render import render
from holdfast.edges.web.visit import HEADERS, Page, Visitor, act, show
from holdfast.loop.approvals import check_link, require_person
from holdfast.loop.respond_people import approve
from holdfast.loop.tokens import SESSION_COOKIE
from holdfast.loop.turn import Turn
from holdfast.loop.view_approval import approval_view

_AGAIN = "again"


def approval_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """Return the handlers of the approval page and its form."""

    @litestar.get("/approve", sync_to_thread=True, include_in_schema=False)
    def get_approve(request: Visitor) -> Response[str]:
        """Show what a link asks approval for."""
        if SESSION_COOKIE not in request.cookies and _AGAIN not in request.query_params:
            return _once_more(deps, request)
        return show(deps, request, lambda turn: _page(request, turn))

    @litestar.post("/approve", sync_to_thread=True, include_in_schema=False)
    def post_approve(request: Visitor, body: RawBody) -> Response[str]:
        """Approve what the page showed."""

        def consent(turn: Turn, form: Mapping[str, str]) -> None:
            run = turn.tx.runs.get(form.get("run", ""))
            check_link(turn.tx, run, form.get("exp", ""), form.get("sig", ""), turn.now)
            approve(turn.tx, run.id, require_person(turn), turn.now)

        return act(deps, request, body, consent)

    return [get_approve, post_approve]


def _asked(request: Visitor) -> dict[str, str]:
    return {name: str(request.query_params.get(name, ""))[:200] for name in ("run", "exp", "sig")}


def _page(request: Visitor, turn: Turn) -> Page:
    asked = _asked(request)
    run = turn.tx.runs.get(asked["run"])
    ends_at = check_link(turn.tx, run, asked["exp"], asked["sig"], turn.now)
    view = approval_view(turn.tx, run, turn.identity, turn.now)
    values = {"view": view, "link": asked, "ends_at": ends_at}
    return Page("approve.html", "runs", f"Approve {run.plan.id}", values)


def _once_more(deps: WebDependencies, request: Visitor) -> Response[str]:
    address = f"/approve?{urlencode({**_asked(request), _AGAIN: '1'})}"
    text = render("approve_opening.html", {"now": deps.clock.now(), "title": "One moment", "address": address})
    headers = {**HEADERS, "Refresh": f"0; url={address}"}
    return Response(text, media_type="text/html", headers=headers)
