"""What the wire types share.

Rules: instants are RFC 3339 with an offset, answered in UTC; `null` is "not known" or "has not happened"; requests with
fields that are not known are refused, so that a typing error is not silently nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from holdfast.errors import UsageError
from holdfast.model.instant import format_instant, parse_instant
from holdfast.model.journal import JournalEntry

PLAIN = r"^[^\x00-\x1f\x7f/]+$"
"""A name: no control characters, no slash, so that it can stand in a path."""
LINE = r"^[^\x00-\x1f\x7f]*$"

Instant = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN)]
Text = Annotated[str, Meta(min_length=1, max_length=512, pattern=LINE)]
Identifier = Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN)]
Tier = Annotated[int, Meta(ge=1, le=9)]

NameInPath = Annotated[str, PathParameter(min_length=1, max_length=128, pattern=PLAIN)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many items a page has at most.")]
Cursor = Annotated[str | None, QueryParameter(max_length=8192, description="`next` of the page before.")]
AsOf = Annotated[
    str | None,
    QueryParameter(
        max_length=64, description="An RFC 3339 instant with an offset, not in the future: the answer of then."
    ),
]
Filter = Annotated[str | None, QueryParameter(max_length=512)]
Score = Annotated[float | None, QueryParameter(gt=-0.001, le=10)]
Filters = Annotated[list[str] | None, QueryParameter(max_items=100)]

Out = TypeVar("Out", bound=msgspec.Struct)


class Answer(msgspec.Struct, frozen=True):
    """What we send; every field is there, `null` where it is not known."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What we take; a field that is not known is refused."""


def to_wire(kind: type[Out], value: Any) -> Out:
    """Return a value of the model as its wire type, field by field."""
    return msgspec.convert(value, kind, from_attributes=True)


def in_utc(at: datetime | None, *, where: str) -> datetime | None:
    """Return the instant in UTC.

    Raises:
        UsageError: it lies outside of what a calendar of ours holds.
    """
    if at is None:
        return None
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise UsageError("an instant outside of the years 1 to 9999", where=where) from None


def parse_as_of(text: str | None, now: datetime) -> datetime | None:
    """Return the instant that is asked about; `None` is now.

    Raises:
        UsageError: no instant, or one in the future.
    """
    if text is None:
        return None
    as_of = parse_instant(text, where="as_of")
    if as_of > now:
        raise UsageError(
            f"nobody knows what will be then: it is {format_instant(now)}", where="as_of", hint="ask of now, or earlier"
        )
    return as_of


class EntryOut(Answer, frozen=True):
    """An entry of the journal; `body` names opaque ids only."""

    seq: int
    at: Instant
    kind: str
    body: dict[str, Any]
    hash: str


def entry_out(entry: JournalEntry) -> EntryOut:
    """Return an entry with its body as an object."""
    from holdfast.model.instant import from_microseconds

    body = msgspec.json.decode(entry.body)
    return EntryOut(seq=entry.seq, at=from_microseconds(entry.at), kind=entry.kind, body=body, hash=entry.hash)


def entries_out(entries: Sequence[JournalEntry]) -> list[EntryOut]:
    """Return entries with their bodies as objects."""
    return [entry_out(entry) for entry in entries]
