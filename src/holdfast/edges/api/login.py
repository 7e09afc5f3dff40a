"""A browser comes in by a one-time link, and goes out again."""

from typing import Annotated, Any

from litestar import Request, Response
from litestar.datastructures import Cookie, State
from litestar.params import QueryParameter

from holdfast.edges.api.auth import is_same_origin
from holdfast.edges.api.deps import ApiDependencies
from holdfast.edges.api.verbs import get, post
from holdfast.errors import ForbiddenError
from holdfast.loop.tokens import SESSION_COOKIE, SESSION_LIFE, end_session, redeem_login_code

Visitor = Request[Any, Any, State]
Code = Annotated[str, QueryParameter(min_length=1, max_length=400)]


def _moved(cookie: str, max_age_s: int, *, is_secure: bool) -> Response[None]:
    kept = Cookie(
        SESSION_COOKIE, value=cookie, max_age=max_age_s, path="/", httponly=True, samesite="strict", secure=is_secure
    )
    # not a redirect by status: a strict cookie that was set on the way from another program would not be sent along
    headers = {"Refresh": "0; url=/", "Cache-Control": "no-store"}
    return Response(None, status_code=200, headers=headers, cookies=[kept], media_type="text/html")


@get("/login", include_in_schema=False)
def get_login(request: Visitor, code: Code) -> Response[None]:
    """Spend a one-time code and become its token for twelve hours."""
    deps: ApiDependencies = request.app.state["api"]
    _, cookie = redeem_login_code(deps.store, code, deps.clock.now())
    return _moved(cookie, int(SESSION_LIFE.total_seconds()), is_secure=request.url.scheme == "https")


@post("/logout", include_in_schema=False)
def post_logout(request: Visitor) -> Response[None]:
    """End the session that the cookie stands for."""
    deps: ApiDependencies = request.app.state["api"]
    if not is_same_origin(request):
        raise ForbiddenError("this did not come from a page of ours")
    end_session(deps.store, request.cookies.get(SESSION_COOKIE, ""), deps.clock.now())
    return _moved("", 0, is_secure=request.url.scheme == "https")


HANDLERS = [get_login, post_logout]
