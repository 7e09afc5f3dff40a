"""One visit of a browser: who it is, what it may do, and what it is answered.

Rules:
1. A page is answered to a session only; without one the answer is the page that says how to get in.
2. Nothing changes by GET. A form counts when the browser says that it came from a page of ours, and its token may act.
3. What goes wrong on purpose becomes a page that says what, where and what to try.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from litestar import Request, Response
from litestar.datastructures import State

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.render import render
from holdfast.errors import (
    ConflictError,
    ForbiddenError,
    HoldfastError,
    NotFoundError,
    PlanError,
    UnauthenticatedError,
    UsageError,
)
from holdfast.loop.tokens import SESSION_COOKIE, find_session
from holdfast.loop.turn import Turn
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import Permission, Token

Visitor = Request[Any, Any, State]
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    # not `no-referrer`: with it a browser hides the origin of our own forms
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STATUS: tuple[tuple[type[HoldfastError], int], ...] = (
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (PlanError, 422),
    (UsageError, 400),
)
_MOST_FORM_BYTES = 16_384


@frozen
class Page:
    """What a page shows: a template and its values; `section` is its item in the navigation."""

    template: str
    section: str
    title: str
    values: Mapping[str, Any]


def show(deps: WebDependencies, request: Visitor, build: Callable[[Turn], Page]) -> Response[str]:
    """Answer a page from one consistent view of the visitor's org."""
    try:
        token = _who(deps, request)
        with deps.store.read(token.org) as tx:
            turn = Turn(tx, deps.clock.now(), deps.ids, token, deps.feed_max_age, deps.targets)
            turn.require(Permission.READ)
            return _answer(deps, request, build(turn), turn)
    except HoldfastError as error:
        return sorry(deps, request, error)


def act(
    deps: WebDependencies,
    request: Visitor,
    body: bytes,
    deed: Callable[[Turn, Mapping[str, str]], None],
    permission: Permission = Permission.MITIGATE,
) -> Response[str]:
    """Do what a form asks for in one transaction, then lead back to the page that it came from."""
    try:
        token = _who(deps, request)
        require_same_origin(request)
        form = read_form(body)
        with deps.store.write_now(token.org, deps.clock) as (tx, now):
            turn = Turn(tx, now, deps.ids, token, deps.feed_max_age, deps.targets)
            turn.require(permission)
            deed(turn, form)
    except HoldfastError as error:
        return sorry(deps, request, error)
    deps.on_change(token.org)
    return Response("", status_code=303, headers={**HEADERS, "Location": way_back(form)}, media_type="text/html")


def _who(deps: WebDependencies, request: Visitor) -> Token:
    return find_session(deps.store, request.cookies.get(SESSION_COOKIE, ""), deps.clock.now())


def require_same_origin(request: Visitor) -> None:
    """Refuse a form that a page of another site sent.

    Raises:
        ForbiddenError: neither `Sec-Fetch-Site` nor `Origin` says that it is ours, or one says that it is not.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "").lower()
    foreign = origin is not None and urlsplit(origin).netloc.lower() != host
    ours = site == "same-origin" if site is not None else origin is not None
    if foreign or not ours or not host:
        raise ForbiddenError("this form did not come from a page of ours", hint="open the page again, and try there")


def read_form(body: bytes) -> dict[str, str]:
    """Return the fields of an urlencoded form, the last value of each.

    Raises:
        UsageError: too large, or not UTF-8.
    """
    if len(body) > _MOST_FORM_BYTES:
        raise UsageError(f"a form of over {_MOST_FORM_BYTES} bytes")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise UsageError("not a form of ours") from None
    return {name: values[-1] for name, values in fields.items()}


def way_back(form: Mapping[str, str]) -> str:
    """Return the path that a form names under `back`, never one of another site."""
    path = form.get("back", "/")
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isascii() and path.isprintable()
    return path if is_ours else "/"


def _answer(deps: WebDependencies, request: Visitor, page: Page, turn: Turn) -> Response[str]:
    may_act = turn.token is not None and turn.token.allows(Permission.MITIGATE)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    values = {
        "now": turn.now,
        "served_at": format_instant(turn.now),
        "here": here,
        "may_act": may_act,
        "may_define": turn.token is not None and turn.token.allows(Permission.FLAGS_WRITE),
        "events": deps.events,
        "section": page.section,
        "title": page.title,
        "as_of": None,
        "text": request.query_params.get("text", ""),
        **page.values,
    }
    return Response(render(page.template, values), media_type="text/html", headers=HEADERS)


def sorry(deps: WebDependencies, request: Visitor, error: HoldfastError) -> Response[str]:
    """Answer what went wrong as a page; to a stranger, how to get in."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    values = {"now": deps.clock.now(), "error": error, "status": status, "title": "Sign in" if status == 401 else "No"}
    template = "sign_in.html" if status == 401 else "problem.html"
    return Response(render(template, values), status_code=status, media_type="text/html", headers=HEADERS)
