"""The pages of policies and waivers: what counts and since when, what changed, and who accepts what until when."""

from collections.abc import Mapping

import litestar
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.pages_builds import may_decide, read_reason
from holdfast.edges.web.visit import Page, Visitor, act, show
from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.turn import Turn
from holdfast.loop.view_policies import policies_view, policy_view
from holdfast.loop.view_waivers import waivers_view
from holdfast.loop.waiving import approve_waiver, withdraw_waiver
from holdfast.model.tenancy import Permission

_PAGE_ROWS = 50
_MOST_DIGITS = 6


def policy_page_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """Return the handlers of these pages and of their forms."""

    @litestar.get("/policies", sync_to_thread=True, include_in_schema=False)
    def get_policies(request: Visitor) -> Response[str]:
        """List the levels that have a policy."""
        return show(deps, request, _policies)

    @litestar.get("/policies/org", sync_to_thread=True, include_in_schema=False)
    def get_org_policy(request: Visitor) -> Response[str]:
        """Show the org's policy, its versions, and what one changed."""
        return show(deps, request, lambda turn: _policy(request, turn, "org", ""))

    @litestar.get("/policies/{level:str}/{subject:str}", sync_to_thread=True, include_in_schema=False)
    def get_policy(request: Visitor, level: FromPath[str], subject: FromPath[str]) -> Response[str]:
        """Show a group's or a service's policy, its versions, and what one changed."""
        return show(deps, request, lambda turn: _policy(request, turn, level, subject))

    @litestar.get("/waivers", sync_to_thread=True, include_in_schema=False)
    def get_waivers(request: Visitor) -> Response[str]:
        """List waivers, newest first, each with where it stands."""
        return show(deps, request, lambda turn: _waivers(request, turn))

    @litestar.post("/waivers/{waiver:str}/{deed:str}", sync_to_thread=True, include_in_schema=False)
    def post_waiver(request: Visitor, waiver: FromPath[str], deed: FromPath[str], body: RawBody) -> Response[str]:
        """Approve a waiver, or end it before its time."""

        def decide(turn: Turn, form: Mapping[str, str]) -> None:
            if deed == "approve":
                approve_waiver(turn, waiver)
            elif deed == "withdraw":
                withdraw_waiver(turn, waiver, read_reason(form))
            else:
                raise NotFoundError(f"a waiver can't be told to `{deed[:40]}`", hint="approve, withdraw")

        return act(deps, request, body, decide, Permission.POLICY_WRITE)

    return [get_policies, get_org_policy, get_policy, get_waivers, post_waiver]


def _policies(turn: Turn) -> Page:
    return Page("policies.html", "gate", "Policies", {"rows": policies_view(turn.tx)})


def _policy(request: Visitor, turn: Turn, level: str, subject: str) -> Page:
    version, against = _version(request, "version"), _version(request, "against")
    view = policy_view(turn.tx, level, subject, version, against)
    return Page("policy.html", "gate", f"Policy of {view.name}", {"view": view})


def _version(request: Visitor, name: str) -> int | None:
    text = request.query_params.get(name) or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise UsageError(f"expected a version, got `{text[:40]}`", where=name)
    return int(text)


def _waivers(request: Visitor, turn: Turn) -> Page:
    after = request.query_params.get("after") or None
    view = waivers_view(turn.tx, turn.now, after, _PAGE_ROWS, person=turn.identity)
    return Page("waivers.html", "gate", "Waivers", {"view": view, "after": after, "may_decide": may_decide(turn)})
