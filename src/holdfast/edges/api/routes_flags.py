"""Flags: defined here, served to applications over OFREP; and the overlays that force their safe variants."""

from typing import Any

from litestar import Response
from litestar.params import RawBody
from msgspec import Raw

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import cut_page
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import delete, get, post, put
from holdfast.edges.api.wire import Cursor, Limit, NameInPath, to_wire
from holdfast.edges.api.wire_flags import (
    ClientProofOut,
    FlagVersionPage,
    OverlayProofOut,
    ProofsOut,
    RestoreIn,
)
from holdfast.edges.api.wire_mitigations import FlagOut, FlagPage, OverlayOut, OverlayPage
from holdfast.errors import NotFoundError
from holdfast.loop.flag_proofs import OverlayProof, prove_overlays
from holdfast.loop.flags import define_flag, remove_flag, restore_flag
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


@get("/flags/{environment:str}/{key:str}/versions", summary="List a flag's versions")
def list_versions(
    request: Ask, environment: NameInPath, key: NameInPath, cursor: Cursor = None, limit: Limit = 100
) -> Response[FlagVersionPage]:
    """List every version of a flag, newest first; a flag that was taken away keeps its versions."""

    def find(turn: Turn) -> FlagVersionPage:
        known = sorted(turn.tx.flags.history(environment, key), key=lambda flag: -flag.version)
        if not known:
            raise NotFoundError(f"there is no flag `{key}` in `{environment}`")
        last = known[0].version
        items, following = cut_page("versions", known, lambda flag: f"{last - flag.version:012}", cursor, limit)
        return FlagVersionPage([_flag_out(flag) for flag in items], following)

    return read(request, find)


@post("/flags/{environment:str}/{key:str}/restore", opt=takes(RestoreIn), status_code=200, summary="Restore a flag")
def post_restore(request: Ask, environment: NameInPath, key: NameInPath, body: RawBody) -> Response[FlagOut]:
    """Define a flag as it was in an earlier version: that is a new version with the old text."""
    asked = decode_body(request, body, RestoreIn)

    def act(turn: Turn) -> FlagOut:
        _require_environment(turn.tx, environment)
        return _flag_out(restore_flag(turn.tx, environment, key, asked.version, turn.now, actor=turn.actor))

    return write(request, body, act, permission=Permission.FLAGS_WRITE)


@delete("/flags/{environment:str}/{key:str}", status_code=200, summary="Remove a flag")
def delete_flag(request: Ask, environment: NameInPath, key: NameInPath) -> Response[None]:
    """Take a flag away, unless an overlay holds it; its versions stay."""

    def act(turn: Turn) -> None:
        remove_flag(turn.tx, environment, key, actor=turn.actor)

    return write(request, b"", act, permission=Permission.FLAGS_WRITE)


@get("/flags/{environment:str}/{key:str}/proofs", summary="Get what is proven of a flag's overlays")
def get_proofs(request: Ask, environment: NameInPath, key: NameInPath) -> Response[ProofsOut]:
    """For each overlay: at which clients it is delivered, fetched, effective, and which ones are not proven."""

    def find(turn: Turn) -> ProofsOut:
        if turn.tx.flags.find(environment, key) is None:
            raise NotFoundError(f"there is no flag `{key}` in `{environment}`")
        proofs = prove_overlays(turn.tx, environment, key, turn.now)
        return ProofsOut(environment, key, [_proof_out(one) for one in proofs])

    return read(request, find)


def _proof_out(proof: OverlayProof) -> OverlayProofOut:
    clients = [
        ClientProofOut(
            one.client.id,
            one.client.kind,
            one.client.service,
            one.client.target,
            one.client.connected,
            one.client.seen_at,
            one.delivered,
            one.fetched,
            one.effective,
            one.counts,
        )
        for one in proof.clients
    ]
    return OverlayProofOut(to_wire(OverlayOut, proof.overlay), proof.revision, clients, list(proof.unproven))


HANDLERS = [
    list_flags,
    get_flag,
    put_flag,
    list_overlays,
    list_versions,
    post_restore,
    delete_flag,
    get_proofs,
]
