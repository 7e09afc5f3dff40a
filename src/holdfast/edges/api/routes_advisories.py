"""Advisories come in by push; what they touch is asked for."""

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Response
from litestar.params import RawBody
from msgspec import Meta, Raw, json

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.edges.api.body import ADVISORY_LIMIT_BYTES, decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import read_cursor, write_cursor
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import get, post
from holdfast.edges.api.wire import AsOf, Cursor, Filter, Limit, NameInPath, parse_as_of, to_wire
from holdfast.edges.api.wire_findings import (
    AdvisoryOut,
    ImpactOut,
    ImpactPageOut,
    PushFailure,
    PushOut,
    PushPage,
)
from holdfast.errors import ControlError
from holdfast.loop.advise import push_advisory, take_advisories
from holdfast.loop.impact import ImpactQuestion, find_impact
from holdfast.loop.turn import Turn
from holdfast.model.advisory import Compiled
from holdfast.model.tenancy import Permission
from holdfast.ports.advisories import AdvisoryRow
from holdfast.ports.store import Transaction

Record = dict[str, Any]
Records = Annotated[list[Record], Meta(min_length=1, max_length=1000)]
_RawRecords = Annotated[list[Raw], Meta(min_length=1, max_length=1000)]


@post("/advisories", opt=takes(Record | Records), request_max_body_size=ADVISORY_LIMIT_BYTES, summary="Push advisories")
def post_advisory(request: Ask, body: RawBody) -> Response[PushOut | PushPage]:
    """Push one OSV record, or a list of up to 1,000, into the org's own layer; what they touch is judged at once.

    Of a list, a record that is none is named in `failures`, and the others are taken.
    """
    if body.lstrip()[:1] != b"[":
        record = bytes(decode_body(request, body, Raw))
        return write(request, body, lambda turn: to_wire(PushOut, push_advisory(turn, record, where="$")), status=201)
    compiled, failures = _compile(decode_body(request, body, _RawRecords))

    if not compiled:
        raise ControlError(failures[0].detail, where=failures[0].where, hint="none of the list is a record")

    def act(turn: Turn) -> PushPage:
        outcomes = take_advisories(turn, compiled)
        return PushPage([to_wire(PushOut, outcome) for outcome in outcomes], failures)

    return write(request, body, act, permission=Permission.ADVISORIES_WRITE, status=201)


def _compile(records: list[Raw]) -> tuple[list[Compiled], list[PushFailure]]:
    compiled, failures = [], []
    for number, record in enumerate(records):
        try:
            compiled.append(compile_advisory(parse_osv(bytes(record), where=f"$[{number}]")))
        except ControlError as error:
            failures.append(PushFailure(number, error.message, error.where))
    return compiled, failures


@get("/advisories/{advisory:str}", summary="Get an advisory")
def get_advisory(request: Ask, advisory: NameInPath) -> Response[AdvisoryOut]:
    """Get the current revision of a record: the org's own if it has one, else the public one."""

    def find(turn: Turn) -> AdvisoryOut:
        row = turn.tx.advisories.get(advisory)
        return advisories_out(turn.tx, [row])[0]

    return read(request, find)


def advisories_out(tx: Transaction, rows: list[AdvisoryRow]) -> list[AdvisoryOut]:
    """Return records with every id of their clusters."""
    members = tx.clusters.members(sorted({row.cluster for row in rows}))
    return [
        AdvisoryOut(
            row.id,
            row.cluster,
            [member for member in members.get(row.cluster, ()) if member != row.id],
            row.modified,
            row.published,
            row.withdrawn,
            row.recorded_at,
            row.summary,
            row.score,
            row.vector,
            row.revision,
            json.decode(row.body),
        )
        for row in rows
    ]


@get("/impact", summary="What is affected?")
def get_impact(
    request: Ask,
    *,
    advisory: Filter = None,
    purl: Filter = None,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response[ImpactPageOut]:
    """Ask what runs and is affected by an advisory (any id of its cluster), or which runs a package at a version.

    Exactly one of `advisory` and `purl`. `total` is the exact count of all instances, `unknown` that of
    the running places that could not be judged in full.
    """
    return read(request, _impact(cursor, limit, as_of, advisory=advisory, purl=purl))


@post(
    "/impact", opt=takes(Record), request_max_body_size=ADVISORY_LIMIT_BYTES, status_code=200, summary="What would be?"
)
def post_impact(
    request: Ask, body: RawBody, as_of: AsOf = None, cursor: Cursor = None, limit: Limit = 100
) -> Response[ImpactPageOut]:
    """Ask what runs and would be affected by the OSV record in the body, which is not stored."""
    return read(request, _impact(cursor, limit, as_of, record=bytes(decode_body(request, body, Raw))))


def _impact(
    cursor: str | None,
    limit: int,
    as_of: str | None,
    *,
    advisory: str | None = None,
    purl: str | None = None,
    record: bytes | None = None,
) -> Callable[[Turn], ImpactPageOut]:
    def find(turn: Turn) -> ImpactPageOut:
        then, after = parse_as_of(as_of, turn.now), read_cursor("impact", cursor)
        page = find_impact(turn, ImpactQuestion(advisory, record, purl, then, after, limit))
        items = [to_wire(ImpactOut, row) for row in page.rows]
        return ImpactPageOut(items, write_cursor("impact", page.next), page.total, page.unknown)

    return find


HANDLERS = [post_advisory, get_advisory, get_impact, post_impact]
