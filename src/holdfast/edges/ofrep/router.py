"""OFREP: flags for every OpenFeature SDK.

Rules:
1. A token with `flags:read` that is bound to an environment is asked for, everywhere. Nothing of another environment or
   org can be named, because neither is part of any request.
2. No credentials, or invalid ones, are 401; a token that may not is 403; a flag that is not there 404; a request or a
   flag that can't be evaluated 400 with its code. Nothing but OFREP's own bodies is sent.
3. The bulk answer's ETag changes exactly when a value does, for the context that was sent.

Source: OFREP 0.3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream
from openfeature.evaluation_context import EvaluationContext

from holdfast.edges.ofrep.events import HEARTBEAT_S, stream_notices
from holdfast.edges.ofrep.wire import (
    BulkEvaluationSuccess,
    EvaluationFailure,
    EvaluationSuccess,
    EventStream,
    GeneralError,
    status_of,
    to_result,
    to_wire,
)
from holdfast.errors import ForbiddenError, HoldfastError, UnauthenticatedError
from holdfast.loop.flag_feed import FlagFeed
from holdfast.loop.flags import FlagServer
from holdfast.mitigations.evaluation import INVALID_CONTEXT, Evaluation, NotEvaluated, parse_context
from holdfast.model.tenancy import Permission, Token

MAX_REQUEST_BYTES = 256 * 1024
EVENTS_PATH = "/ofrep/v1/events"

Authenticate = Callable[[Mapping[str, str]], Token]
"""Returns who the request's headers (lower-case names) stand for. Raises `UnauthenticatedError` when nobody."""

AnyRequest = Request[Any, Any, State]
_CONTEXT = RequestBody(
    {
        "application/json": OpenAPIMediaType(
            Schema(type=OpenAPIType.OBJECT, properties={"context": Schema(type=OpenAPIType.OBJECT)})
        )
    },
    description="What is known of the user: `targetingKey`, and whatever the flags' rules ask for.",
)


@dataclass
class _WithContext(Operation):
    """An operation that documents its body, which is read leniently: a missing one is an empty context."""

    def __post_init__(self) -> None:
        self.request_body = _CONTEXT


_ERRORS = {
    400: ResponseSpec(EvaluationFailure, generate_examples=False, description="It can't be evaluated; says why."),
    401: ResponseSpec(GeneralError, generate_examples=False, description="No valid credentials."),
    403: ResponseSpec(GeneralError, generate_examples=False, description="This token may not read flags."),
    413: ResponseSpec(GeneralError, generate_examples=False, description="The request is too large."),
}
_ONE = _ERRORS | {
    200: ResponseSpec(EvaluationSuccess, generate_examples=False, description="The flag's value."),
    404: ResponseSpec(EvaluationFailure, generate_examples=False, description="There is no such flag."),
}
_ALL = _ERRORS | {
    200: ResponseSpec(BulkEvaluationSuccess, generate_examples=False, description="Every flag's value."),
    304: ResponseSpec(None, generate_examples=False, description="Nothing changed since that ETag."),
}


def ofrep_router(
    server: FlagServer, feed: FlagFeed, authenticate: Authenticate, *, heartbeat_s: float = HEARTBEAT_S
) -> Router:
    """Return the routes under `/ofrep/v1`."""

    def identify(request: AnyRequest) -> tuple[str, str]:
        return place_of(authenticate(headers_of(request)))

    @post(
        "/evaluate/flags/{key:str}",
        status_code=200,
        summary="Evaluate one flag",
        operation_id="ofrepEvaluateFlag",
        operation_class=_WithContext,
        responses=_ONE,
    )
    async def evaluate_flag(request: AnyRequest, key: FromPath[str]) -> Response[bytes]:
        context = await read_context(request)

        def evaluate() -> Evaluation:
            org, environment = identify(request)
            if isinstance(context, NotEvaluated):
                return replace(context, key=key)
            return server.evaluate_one(org, environment, key, context)

        value = await sync_to_thread(evaluate)  # both read the store: one thread, one hop
        return _json(to_wire(value), status_of(value))

    @post(
        "/evaluate/flags",
        status_code=200,
        summary="Evaluate all flags",
        operation_id="ofrepEvaluateFlags",
        operation_class=_WithContext,
        responses=_ALL,
    )
    async def evaluate_flags(
        request: AnyRequest, if_none_match: Annotated[str | None, HeaderParameter(name="if-none-match")] = None
    ) -> Response[bytes]:
        context = await read_context(request)

        def evaluate() -> tuple[tuple[Evaluation, ...], str] | NotEvaluated:
            org, environment = identify(request)
            if isinstance(context, NotEvaluated):
                return context
            return server.evaluate_all(org, environment, context)

        out = await sync_to_thread(evaluate)
        if isinstance(out, NotEvaluated):
            return _json(EvaluationFailure(out.code, errorDetails=out.details), 400)
        values, etag = out
        if matches_etag(if_none_match, etag):
            return Response(b"", status_code=304, headers={"etag": etag})
        streams = [EventStream("sse", f"{str(request.base_url).rstrip('/')}{EVENTS_PATH}")]
        body = BulkEvaluationSuccess([to_result(value) for value in values], streams)
        return _json(body, 200, {"etag": etag, "cache-control": "private, no-cache"})

    @get(
        "/events",
        summary="Be told when flags change",
        operation_id="ofrepEvents",
        media_type="text/event-stream",
        responses={code: _ERRORS[code] for code in (401, 403)},
    )
    async def events(request: AnyRequest) -> Stream:
        place = await sync_to_thread(identify, request)
        last_id = request.headers.get("last-event-id")
        notices = stream_notices(feed, place, last_id, lambda: identify(request), heartbeat_s)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return Stream(notices, media_type="text/event-stream", headers=headers)

    return Router(
        "/ofrep/v1",
        route_handlers=[evaluate_flag, evaluate_flags, events],
        tags=["OFREP"],
        request_max_body_size=MAX_REQUEST_BYTES,
        exception_handlers={HoldfastError: _refuse, HTTPException: _refuse_http},
    )


def headers_of(request: AnyRequest) -> dict[str, str]:
    """Return the headers with lower-case names; OFREP's `X-API-Key` stands for a bearer token."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if "authorization" not in headers and "x-api-key" in headers:
        headers["authorization"] = f"Bearer {headers['x-api-key']}"
    return headers


def place_of(token: Token) -> tuple[str, str]:
    """Return the (org, environment) whose flags a token may read.

    Raises:
        ForbiddenError: it lacks the permission, or is bound to no environment.
    """
    if not token.allows(Permission.FLAGS_READ):
        raise ForbiddenError("this token lacks `flags:read`", hint="ask for a token with that permission")
    if token.environment is None:
        raise ForbiddenError("this token is bound to no environment", hint="ask for one that is bound to yours")
    return token.org, token.environment


async def read_context(request: AnyRequest) -> EvaluationContext | NotEvaluated:
    """Return the request's evaluation context; without a body it is empty."""
    body = await request.body()
    if not body.strip():
        return EvaluationContext()
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return NotEvaluated("", INVALID_CONTEXT, f"the body is not JSON: {str(error)[:200]}")
    if not isinstance(document, dict):
        return NotEvaluated("", INVALID_CONTEXT, "the body must be a JSON object with `context`")
    return parse_context(document.get("context"))


def matches_etag(header: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` names the ETag. Source: RFC 9110, 13.1.2, weak comparison."""
    if header is None:
        return False
    names = [name.strip() for name in header.split(",")]
    return "*" in names or etag in {name.removeprefix("W/") for name in names}


def _json(body: msgspec.Struct, status: int, headers: dict[str, str] | None = None) -> Response[bytes]:
    content = msgspec.json.encode(body)
    return Response(content, status_code=status, media_type="application/json", headers=headers or {})


def _refuse(_: AnyRequest, error: HoldfastError) -> Response[bytes]:
    match error:
        case UnauthenticatedError():
            return _json(GeneralError(error.message), 401, {"www-authenticate": "Bearer"})
        case ForbiddenError():
            return _json(GeneralError(error.message), 403)
    return _json(GeneralError("flags can't be served right now"), 500)


def _refuse_http(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    if error.status_code == 400:  # what Litestar itself could not read of the request
        return _json(EvaluationFailure(INVALID_CONTEXT, errorDetails=error.detail), 400)
    return _json(GeneralError(error.detail), error.status_code, dict(error.headers or {}))
