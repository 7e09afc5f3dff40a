"""VEX documents: what others say of vulnerabilities, for builds that this server judges and for what runs."""

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import look, read, write
from holdfast.edges.api.cursors import cut_page
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import delete, get, put
from holdfast.edges.api.wire import Cursor, Limit, NameInPath
from holdfast.edges.api.wire_vex import VexIn, VexOut, VexPage
from holdfast.loop.turn import Turn
from holdfast.loop.vex_documents import get_keys, get_vex, read_named, remove_vex, set_vex
from holdfast.model.tenancy import Permission
from holdfast.model.vex import KeptVex

_LIMIT_BYTES = 2 << 20


def vex_out(kept: KeptVex) -> VexOut:
    """Return a document as it is told of."""
    return VexOut(
        kept.id,
        kept.name,
        kept.format,
        kept.document,
        list(kept.authors),
        kept.statements,
        list(kept.notes),
        kept.digest,
        kept.changed_at,
        kept.changed_by,
        kept.signed_by or None,
    )


@get("/vex", summary="List VEX documents")
def list_vex(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[VexPage]:
    """List the documents that builds and what runs are judged by, by name."""

    def find(turn: Turn) -> VexPage:
        items, following = cut_page("vex", turn.tx.vex.list(), lambda one: one.name, cursor, limit)
        return VexPage([vex_out(one) for one in items], following)

    return read(request, find, permission=Permission.READ)


@get("/vex/{vex:str}", summary="Get a VEX document")
def read_vex_document(request: Ask, vex: NameInPath) -> Response[VexOut]:
    """Get what is known of a document, by name."""
    return read(request, lambda turn: vex_out(get_vex(turn.tx, vex)), permission=Permission.READ)


@put("/vex/{vex:str}", opt=takes(VexIn), request_max_body_size=_LIMIT_BYTES, summary="Keep a VEX document")
def put_vex(request: Ask, vex: NameInPath, body: RawBody) -> Response[VexOut]:
    """Let a document count from now on, under a name of yours: for every build, and within moments for what runs."""
    asked = decode_body(request, body, VexIn)
    keys = look(request, get_keys, permission=Permission.POLICY_WRITE)
    given = read_named(vex, asked.document, keys)
    return write(request, body, lambda turn: vex_out(set_vex(turn, given)), permission=Permission.POLICY_WRITE)


@delete("/vex/{vex:str}", status_code=200, summary="Remove a VEX document")
def delete_vex(request: Ask, vex: NameInPath) -> Response[VexOut]:
    """Let a document count no more; what runs and it cleared is open again within moments."""
    return write(request, b"", lambda turn: vex_out(remove_vex(turn, vex)), permission=Permission.POLICY_WRITE)


HANDLERS = [list_vex, read_vex_document, put_vex, delete_vex]
