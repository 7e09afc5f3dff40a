"""The description of the API: OpenAPI 3.1, the same bytes for the same code.

Paths and parameters are Litestar's; the schemas of bodies and answers come from msgspec, which also decodes them, so
that what is described is what is checked. Write it down with `python -m holdfast.edges.api.openapi > FILE`.
"""

import json
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.routes import HTTPRoute

from holdfast import __version__
from holdfast.edges.api.body import BODY_KEY
from holdfast.edges.api.problems import PROBLEM_TYPE, Problem

Json = dict[str, Any]
_REFERENCE = "#/components/schemas/{name}"
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gets the same answer again, marked `Idempotent-Replayed`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_PROBLEMS = {
    "400": "It could not be understood; `where` says which part.",
    "401": "No token, or one that does not count.",
    "403": "The token lacks a permission.",
    "404": "There is no such thing in this org.",
}
_PROBLEMS_OF_CHANGES = {
    "409": "It exists with other content, or its state forbids this.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "It was understood, and is not valid.",
}
_DESCRIPTION = """Lists answer `{"items": […], "next": …}`: pass `next` as `cursor` to get the page after it; `null` is
the last page. Errors are `application/problem+json`. Instants are RFC 3339 with an offset, answered in UTC. `null` is
"not known" or "has not happened". Send `Authorization: Bearer hf_…`, on loopback too."""


def router(api_router: Callable[[], Router]) -> Router:
    """Return the route that serves the description, without a token: it has nothing of any org."""

    @get("/openapi.json", include_in_schema=False, sync_to_thread=True)
    def get_openapi() -> Response[bytes]:
        """Answer the description of the API."""
        return Response(describe(api_router), media_type="application/json")

    return Router("/api/v1", route_handlers=[get_openapi])


@cache
def describe(api_router: Callable[[], Router]) -> bytes:
    """Return the description as JSON: sorted keys, two spaces, a newline at the end."""
    app = Litestar(
        [api_router()],
        openapi_config=OpenAPIConfig("Holdfast", __version__, description=_DESCRIPTION, use_handler_docstrings=True),
        logging_config=None,
    )
    document: Json = json.loads(json.dumps(app.openapi_schema.to_schema()))
    kinds: list[Any] = [Problem]
    for path, method, handler in _operations(app):
        operation = document["paths"][path][method.lower()]
        kinds += [*_answers_of(handler), *(handler.opt[name]() for name in ("problem",) if name in handler.opt)]
        _describe_operation(operation, method, handler, kinds)
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    document["components"] = {
        "responses": _problem_responses(),
        "schemas": schemas,
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "`hf_…`"}},
    }
    document["security"] = [{"token": []}]
    document["servers"] = [{"url": "/"}]
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/v1/"):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema():
                    yield route.path_format, method, handler


def _answers_of(handler: HTTPRouteHandler) -> list[Any]:
    """Return the wire types that a handler may answer with."""
    found: list[Any] = []
    for argument in get_args(handler.parsed_fn_signature.return_type.annotation):
        parts = get_args(argument) if get_origin(argument) is not dict else ()
        found += [
            part for part in (parts or (argument,)) if isinstance(part, type) and issubclass(part, msgspec.Struct)
        ]
    return found


def _describe_operation(operation: Json, method: str, handler: HTTPRouteHandler, kinds: list[Any]) -> None:
    problems = dict(_PROBLEMS)
    if method != "GET":
        problems |= _PROBLEMS_OF_CHANGES
    if method == "POST":
        operation.setdefault("parameters", []).append(deepcopy(_IDEMPOTENCY))
    if BODY_KEY in handler.opt:
        body = handler.opt[BODY_KEY]()
        (schema,), _ = msgspec.json.schema_components([body], ref_template=_REFERENCE)
        kinds.append(body)
        media_type = "application/x-www-form-urlencoded" if "form" in handler.opt else "application/json"
        operation["requestBody"] = {"required": True, "content": {media_type: {"schema": schema}}}
    for status in problems:
        operation["responses"][status] = {"$ref": f"#/components/responses/{status}"}
    if "problem" in handler.opt:
        _describe_open(operation, handler)
    for parameter in operation.get("parameters", ()):
        _simplify(parameter)


def _describe_open(operation: Json, handler: HTTPRouteHandler) -> None:
    """Describe a route that asks for no token, and tells its problems in a form of its own."""
    operation["security"] = []
    operation["parameters"] = [one for one in operation["parameters"] if one["name"] != _IDEMPOTENCY["name"]]
    schema = {"$ref": _REFERENCE.format(name=handler.opt["problem"]().__name__)}
    for status in ("401", "403", "404", "409", "415", "422"):
        operation["responses"].pop(status)
    for status, words in {"400": _PROBLEMS["400"], **handler.opt["answers"]()}.items():
        operation["responses"][status] = {"description": words, "content": {PROBLEM_TYPE: {"schema": schema}}}


def _simplify(parameter: Json) -> None:
    """A parameter that may be left out is never sent as `null`, so its schema does not speak of it."""
    for noise in ("allowEmptyValue", "allowReserved", "deprecated"):
        parameter.pop(noise, None)
    schema = parameter["schema"]
    schema.pop("description", None)
    choices = [choice for choice in schema.pop("oneOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        schema |= choices[0]


def _problem_responses() -> Json:
    schema = {"$ref": _REFERENCE.format(name=Problem.__name__)}
    everything = _PROBLEMS | _PROBLEMS_OF_CHANGES
    return {
        status: {"description": words, "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status, words in everything.items()
    }


if __name__ == "__main__":
    from holdfast.edges.api.rooms import api_router as whole

    sys.stdout.write(describe(whole).decode())
