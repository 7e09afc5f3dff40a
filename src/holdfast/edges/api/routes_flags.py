"""Flags: defined here, served to applications over OFREP; and the overlays that force their safe variants."""

from typing import Any

from litestar import Response
from litestar.params import RawBody
from msgspec import Raw

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import cut_page
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import get, put
from holdfast.edges.api.wire import Cursor, Limit, NameInPath, to_wire
from holdfast.edges.api.wire_mitigations import FlagOut, FlagPage, OverlayOut, OverlayPage
from holdfast.errors import NotFoundError
from holdfast.loop.flags import define_flag
from holdfast.loop.turn import Turn
from holdfast.model.flag import FlagDefinition
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Transaction


def _flag_out(flag: FlagDefinition) -> FlagOut:
    return FlagOut(flag.environment, flag.key, Raw(flag.definition.encode()), flag.version, flag.updated_at)


def _require_environment(tx: Transaction, name: str) -> None:
    if tx.environments.find(name) is None:
        raise NotFoundError(f"there is no environment `{name}`", hint="declare it first")


@get("/flags/{environment:str}", summary="List flags")
def list_flags(request: Ask, environment: NameInPath, cursor: Cursor = None, limit: Limit = 100) -> Response[FlagPage]:
    """List the flags of an environment by key."""

    def find(turn: Turn) -> FlagPage:
        _require_environment(turn.tx, environment)
        known = turn.tx.flags.list(environment)
        items, following = cut_page("flags", known, lambda flag: flag.key, cursor, limit)
        return FlagPage([_flag_out(flag) for flag in items], following)

    return read(request, find)


@get("/flags/{environment:str}/{key:str}", summary="Get a flag")
def get_flag(request: Ask, environment: NameInPath, key: NameInPath) -> Response[FlagOut]:
    """Get a flag's definition as it was given; overlays are beside it, not in it."""

    def find(turn: Turn) -> FlagOut:
        flag = turn.tx.flags.find(environment, key)
        if flag is None:
            raise NotFoundError(f"there is no flag `{key}` in `{environment}`")
        return _flag_out(flag)

    return read(request, find)


@put("/flags/{environment:str}/{key:str}", opt=takes(dict[str, Any]), summary="Define a flag")
def put_flag(request: Ask, environment: NameInPath, key: NameInPath, body: RawBody) -> Response[FlagOut]:
    """Create a flag or replace its definition: the body is one flag in flagd's JSON model, kept to the bit."""
    definition = bytes(decode_body(request, body, Raw)).decode()

    def act(turn: Turn) -> FlagOut:
        _require_environment(turn.tx, environment)
        return _flag_out(define_flag(turn.tx, environment, key, definition, turn.now, actor=turn.actor))

    return write(request, body, act, permission=Permission.FLAGS_WRITE)


@get("/flags/{environment:str}/{key:str}/overlays", summary="List a flag's overlays")
def list_overlays(
    request: Ask, environment: NameInPath, key: NameInPath, cursor: Cursor = None, limit: Limit = 100
) -> Response[OverlayPage]:
    """List the overlays that force a flag now; it returns when all are lifted."""

    def find(turn: Turn) -> OverlayPage:
        if turn.tx.flags.find(environment, key) is None:
            raise NotFoundError(f"there is no flag `{key}` in `{environment}`")
        known = turn.tx.overlays.active(environment, key)
        items, following = cut_page("overlays", known, lambda overlay: overlay.id, cursor, limit)
        return OverlayPage([to_wire(OverlayOut, overlay) for overlay in items], following)

    return read(request, find)


HANDLERS = [list_flags, get_flag, put_flag, list_overlays]
