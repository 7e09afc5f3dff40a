"""Query parameters that nobody asks for, or asks for once, are refused: `as_off=…` must not be answered as of now."""

from functools import cache

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from holdfast.edges.api.deps import Caller
from holdfast.errors import UsageError
from holdfast.model.tenancy import Token


def refuse_unknown(
    connection: ASGIConnection[BaseRouteHandler, Token, Caller, State], handler: BaseRouteHandler
) -> None:
    """Refuse a query parameter that the handler does not take.

    Raises:
        UsageError: names it, and those that there are.
    """
    if not connection.scope["query_string"]:
        return
    known = _parameters_of(handler)
    for name, values in connection.query_params.dict().items():
        if name not in known:
            hint = f"one of {', '.join(sorted(known))}" if known else "there are none"
            raise UsageError("there is no such parameter", where=name[:80], hint=hint)
        if len(values) > 1 and not known[name]:
            raise UsageError("it was given more than once", where=name, hint="once")


@cache
def _parameters_of(handler: BaseRouteHandler) -> dict[str, bool]:
    """Return the names of the handler's parameters, and whether each may be given several times."""
    out = {}
    for field in handler.parsed_fn_signature.parameters.values():
        if isinstance(field.kwarg_definition, QueryParameter):
            is_list = any(one.is_non_string_sequence for one in (field, *field.inner_types))
            out[field.kwarg_definition.name or field.name] = is_list
    return out
