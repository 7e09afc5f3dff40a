"""The journal: read, signed, verified."""

from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter, RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read
from holdfast.edges.api.deps import Ask, deps_of
from holdfast.edges.api.verbs import get, post
from holdfast.edges.api.wire import Cursor, Limit, entries_out, to_wire
from holdfast.edges.api.wire_admin import (
    AuditOut,
    AuditProblemOut,
    CheckpointOut,
    HeadOut,
    JournalPage,
    VerifyIn,
)
from holdfast.errors import UsageError
from holdfast.findings.audit import AuditReport
from holdfast.findings.checkpoint import ed25519_public_key, parse_verifier_key
from holdfast.loop.audit import verifier_key, verify_journal, write_checkpoint
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Permission

After = Annotated[int, QueryParameter(gt=-1, le=2**53, description="Entries with a higher number.")]


@get("/journal", summary="Read the journal")
def list_entries(request: Ask, after: After = 0, cursor: Cursor = None, limit: Limit = 100) -> Response[JournalPage]:
    """Read entries in their order, from a number on; `next` is the number to go on after."""

    start = max(after, _number(cursor))

    def find(turn: Turn) -> JournalPage:
        entries = list(turn.tx.journal.read(start, limit + 1))
        following = str(entries[limit - 1].seq) if len(entries) > limit else None
        return JournalPage(entries_out(entries[:limit]), following)

    return read(request, find)


def _number(cursor: str | None) -> int:
    """Return the number that a cursor is; unlike those of other lists it is a number that anybody can name."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 16:
        raise UsageError("not a cursor of this list", where="cursor", hint="pass `next` of the page before, unchanged")
    return int(cursor)


@get("/journal/head", summary="Read the journal's head")
def get_head(request: Ask) -> Response[HeadOut]:
    """Read the number and hash of the newest entry."""
    return read(request, lambda turn: HeadOut(*turn.tx.journal.head()))


@post("/journal/checkpoint", status_code=200, summary="Sign the journal's head")
def post_checkpoint(request: Ask, body: RawBody) -> Response[CheckpointOut]:
    """Sign the journal's head; kept elsewhere, it shows later whether the journal was cut or rewritten."""
    key = deps_of(request).signing_key

    def find(turn: Turn) -> CheckpointOut:
        return CheckpointOut(write_checkpoint(turn.tx, key), verifier_key(key))

    return read(request, find, permission=Permission.AUDIT)


@post("/journal/verify", opt=takes(VerifyIn), status_code=200, summary="Verify the journal")
def post_verify(request: Ask, body: RawBody) -> Response[AuditOut]:
    """Verify the whole journal, against a checkpoint where one is given; says what it cannot prove."""
    asked = decode_body(request, body, VerifyIn)
    if asked.verifier_key is not None:
        _, public_key = parse_verifier_key(asked.verifier_key, where="$.verifier_key")
    else:
        public_key = ed25519_public_key(deps_of(request).signing_key)

    def find(turn: Turn) -> AuditOut:
        return _audit_out(verify_journal(turn.tx, asked.checkpoint, public_key))

    return read(request, find, permission=Permission.AUDIT)


def _audit_out(report: AuditReport) -> AuditOut:
    return AuditOut(
        report.is_intact,
        report.entries,
        report.last_seq,
        report.last_hash,
        report.first_bad_seq,
        report.counts,
        [to_wire(AuditProblemOut, problem) for problem in report.problems],
        list(report.unproven),
    )


HANDLERS = [list_entries, get_head, post_checkpoint, post_verify]
