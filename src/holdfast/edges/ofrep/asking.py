"""Reading a request: who asks, from where, with what context."""

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import UnauthenticatedError, UsageError
from holdfast.loop.flag_access import Credential
from holdfast.loop.flag_clients import ClientName, name_client
from holdfast.mitigations.evaluation import INVALID_CONTEXT, PARSE_ERROR, NotEvaluated, parse_context
from holdfast.model.tenancy import Token

MAX_REQUEST_BYTES = 256 * 1024

Scope = MutableMapping[str, Any]


class TooLargeError(UsageError):
    """A request body over the limit."""


class Asked:
    """A request without its body: headers with lower-case names, and the address that it came from."""

    __slots__ = ("headers", "method", "path", "peer", "query", "scheme")

    def __init__(self, scope: Scope) -> None:
        self.headers: dict[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope.get("query_string", b"")
        self.peer: str = (scope.get("client") or ("",))[0]
        self.scheme: str = scope.get("scheme", "http")

    @property
    def base_url(self) -> str:
        """Where the client believes it speaks to us: the scheme of the proxy, if one says so, and the host it named."""
        scheme = self.headers.get("x-forwarded-proto", self.scheme)
        return f"{scheme if scheme in ('http', 'https') else self.scheme}://{self.headers.get('host', 'localhost')}"

    def credential(self, *, takes_ticket: bool = False) -> Credential:
        """Return what it shows: a bearer token, `X-API-Key` in its place, or a ticket in the address of a stream.

        A bare `Authorization: hf_…` is taken too: some providers' documentation shows it so.
        """
        header = self.headers.get("authorization", "")
        if header:
            scheme, _, secret = header.partition(" ")
            if scheme.lower() == "bearer":
                return Credential("token", secret.strip())
            return Credential("token", header.strip())
        if "x-api-key" in self.headers:
            return Credential("token", self.headers["x-api-key"].strip())
        if takes_ticket and self.query:
            ticket = parse_qs(self.query.decode("latin-1"), max_num_fields=20).get("ticket")
            if ticket:
                return Credential("ticket", ticket[0])
        return Credential("none")

    def client(self, token: Token) -> ClientName:
        """Return which client of the flags this is."""
        is_browser = "origin" in self.headers or "sec-fetch-mode" in self.headers
        return name_client(self.headers.get, token, self.peer, is_browser=is_browser)


def read_context(body: bytes) -> EvaluationContext | NotEvaluated:
    """Return the evaluation context of a request's body; without a body it is empty."""
    if not body.strip():
        return EvaluationContext()
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return NotEvaluated("", PARSE_ERROR, f"the body is not JSON: {str(error)[:200]}")
    if not isinstance(document, Mapping):
        return NotEvaluated("", INVALID_CONTEXT, "the body must be a JSON object with `context`")
    return parse_context(document.get("context"))


async def read_body(asked: Asked, receive: Any, limit_bytes: int = MAX_REQUEST_BYTES) -> bytes:
    """Return the request's body.

    Raises:
        TooLargeError: more than the limit.
        UnauthenticatedError: the client went away in the middle of it; nobody is left to answer.
    """
    declared = asked.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise TooLargeError(f"a request of {declared[:20]} bytes; the limit is {limit_bytes}")
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise UnauthenticatedError("the client went away")
        part = message.get("body", b"")
        size += len(part)
        if size > limit_bytes:
            raise TooLargeError(f"a request of more than {limit_bytes} bytes")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
