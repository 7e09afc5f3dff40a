"""Errors as `application/problem+json`. Source: RFC 9457.

What we raise on purpose says what, where, and what to try. What we did not expect says only that it happened: its words
may hold what no caller should read, so they go to the log.
"""

import logging
import re
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from holdfast.errors import (
    ActionError,
    ConflictError,
    ControlError,
    FactError,
    FeedError,
    ForbiddenError,
    HoldfastError,
    JournalError,
    NotFoundError,
    PlanError,
    PolicyError,
    UnauthenticatedError,
    UsageError,
)
from holdfast.facts.manifest import ManifestProblems

PROBLEM_TYPE = "application/problem+json"
_LOG = logging.getLogger("holdfast.api")

STATUS: dict[type[HoldfastError], int] = {
    UsageError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    FactError: 422,
    ControlError: 422,
    PlanError: 422,
    PolicyError: 422,
    JournalError: 422,
    FeedError: 502,
    ActionError: 502,
    HoldfastError: 500,
}
"""The nearest class counts."""


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of several things that are wrong: `where` is a parameter's name, or a JSON path from `$`."""

    detail: str
    where: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, where, and what to try."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    where: str | None = None
    errors: tuple[FieldError, ...] = ()


def problem_response(
    status: int,
    detail: str,
    *,
    hint: str | None = None,
    where: str | None = None,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    """Return the problem; its type is named after the status, so that programs need not read the words."""
    title = HTTPStatus(status).phrase
    slug = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
    problem = Problem(
        type=f"urn:holdfast:problem:{slug}",
        title=title,
        status=status,
        detail=detail,
        hint=hint,
        where=where,
        errors=tuple(errors or ()),
    )
    body = msgspec.json.encode(problem)
    return Response(body, status_code=status, media_type=PROBLEM_TYPE, headers=headers)


def status_of(error: HoldfastError) -> int:
    """Return the HTTP status of an error of ours."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _answer_ours(request: Request[Any, Any, Any], error: HoldfastError) -> Response[Any]:
    status = status_of(error)
    if status >= 500:
        _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    headers = {"WWW-Authenticate": 'Bearer realm="holdfast"'} if status == 401 else None
    found = error.problems if isinstance(error, ManifestProblems) else ()
    errors = [FieldError(detail=one.message, where=one.where) for one in found]
    return problem_response(status, error.message, hint=error.hint, where=error.where, errors=errors, headers=headers)


def _answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code >= 500:
        return _answer_unexpected(request, error)
    errors = _field_errors(error) if isinstance(error, ValidationException) else []
    detail = "; ".join(f"{one.where}: {one.detail}" for one in errors) or error.detail
    headers = {"Allow": error.headers["Allow"]} if error.headers and "Allow" in error.headers else None
    return problem_response(error.status_code, detail, errors=errors, headers=headers)


def _field_errors(error: ValidationException) -> list[FieldError]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [FieldError(detail=str(one.get("message")), where=one.get("key")) for one in extra if isinstance(one, dict)]


def _answer_depth(request: Request[Any, Any, Any], error: RecursionError) -> Response[Any]:
    return problem_response(400, "nested too deeply", hint="no document of ours is nested a hundred levels deep")


def _answer_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem_response(500, "Holdfast failed at this request", hint="its log says why")


def answer_away(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Say that the store is away, and for how long not to ask again."""
    _LOG.error("%s %s: the store is away", request.method, request.url.path, exc_info=error)
    return problem_response(503, "the store does not answer", hint="try again", headers={"Retry-After": "1"})


HANDLERS: ExceptionHandlersMap = {
    HoldfastError: _answer_ours,
    HTTPException: _answer_http,
    RecursionError: _answer_depth,
    Exception: _answer_unexpected,
}
