"""Who asks: a bearer token, or a browser's session.

Rules:
1. A token is needed on loopback too: other programs and pages of other sites reach loopback as well.
2. A session cookie counts for reading. For changing, the browser must also say that the page is ours: `Origin` equals
   the host that was asked, or `Sec-Fetch-Site` is `same-origin`. The cookie is `SameSite=Strict` besides.
3. A header decides: with `Authorization` no cookie is looked at.
"""

from typing import Any
from urllib.parse import urlsplit

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult

from holdfast.edges.api.deps import ApiDependencies, Caller
from holdfast.errors import ForbiddenError, UnauthenticatedError, UsageError
from holdfast.loop.tokens import SESSION_COOKIE, authenticate, find_session

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = ASGIConnection[Any, Any, Any, State]


class Authentication(AbstractAuthenticationMiddleware):
    """Puts the token into `request.user` and the caller into `request.auth`, or refuses."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Return who asks.

        Raises:
            UnauthenticatedError: nobody, or nobody who counts.
            ForbiddenError: a page of another site sent the cookie.
            UsageError: the address holds a NUL character.
        """
        if "\0" in connection.scope["path"] or b"%00" in connection.scope["query_string"]:
            raise UsageError("a NUL character in the address")
        caller = await sync_to_thread(find_caller, connection)
        return AuthenticationResult(user=caller.token, auth=caller)


def find_caller(connection: Connection) -> Caller:
    """Return who asks.

    Raises:
        UnauthenticatedError: nobody, or nobody who counts.
        ForbiddenError: a page of another site sent the cookie.
    """
    deps: ApiDependencies = connection.app.state["api"]
    now = deps.clock.now()
    header = connection.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise UnauthenticatedError(
                f"expected `Bearer`, got `{scheme[:20]}`", hint="send `Authorization: Bearer hf_…`"
            )
        secret = secret.strip()
        return Caller(authenticate(deps.store, secret, now), secret, by_cookie=False)
    cookie = connection.cookies.get(SESSION_COOKIE)
    if cookie is None:
        raise UnauthenticatedError("no token", hint="send `Authorization: Bearer hf_…`")
    token = find_session(deps.store, cookie, now)
    if connection.scope.get("method") not in _SAFE_METHODS and not is_same_origin(connection):
        raise ForbiddenError("this did not come from a page of ours", hint="programs send a token, not the cookie")
    return Caller(token, cookie, by_cookie=True)


def is_same_origin(connection: Connection) -> bool:
    """Whether the browser says that a page of this very host asks."""
    origin = connection.headers.get("origin")
    if origin is None:
        return connection.headers.get("sec-fetch-site") == "same-origin"
    return urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower() != ""
