"""What a snapshot with records is: the OSV records of a site as they were published, to be carried to a server, signed.

```
holdfast.records/1
{"payload": …, "payloadType": "application/vnd.in-toto+json", "signatures": […]}
<rows, see `signed_rows`>
```

Rules:

1. The predicate says the sizes; of each ecosystem its feed, when that was synced, its newest record and the digest of
   its rows; of each list (KEV, EPSS, SSVC) its source, its publisher's date and the digest of its rows.
2. The rows are `[0, ecosystem]`, then `[1, id, record]` by id; after all ecosystems `[2, kind]`, then
   `[3, CVE, fields]` by CVE. A record is canonical JSON (sorted keys, no spaces), and so are the fields.
3. The same data gives the same bytes: nothing in it says when or where it was written.
4. Nothing in it depends on how this version of Holdfast compiles records: it is read by other versions too.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from holdfast.edges.providers.compiled_snapshot import (
    FeedEntry,
    check_ecosystems,
    digest_of,
    feed_to_json,
    parse_feed,
    utc,
)
from holdfast.edges.providers.signed_rows import HINT, check_sizes
from holdfast.errors import FeedError, JournalError
from holdfast.findings.dsse import STATEMENT_TYPE, canonical_json, parse_statement
from holdfast.model.advisory import Snapshot
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant

MAGIC = b"holdfast.records/1\n"
PREDICATE_TYPE = "urn:holdfast:records:v1"
SUBJECT = "records"
KINDS = ("epss", "kev", "ssvc")
SECTION, RECORD, LIST, FIELDS = range(4)
"""What kind a row is: its first field."""


class _List(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    source: str
    asOf: datetime  # noqa: N815 - as in-toto spells fields
    rows: int
    digest: str


class _Predicate(msgspec.Struct, forbid_unknown_fields=True):
    payloadBytes: int  # noqa: N815
    plainBytes: int  # noqa: N815
    ecosystems: list[FeedEntry]
    lists: list[_List]


@frozen
class ListState:
    """A list of KEV, EPSS or SSVC: where from, as of when, how many CVEs; `digest` is of its rows, `sha256:…`."""

    kind: str
    source: str
    as_of: datetime
    rows: int
    digest: str


@frozen
class RecordsContents:
    """What a snapshot says that it holds; `digest` is the sha256 of what follows the statement, in hex."""

    digest: str
    payload_bytes: int
    plain_bytes: int
    snapshots: tuple[Snapshot, ...]
    lists: tuple[ListState, ...]


class PartDigest:
    """The digest of an ecosystem's or a list's rows, framed, one after the other."""

    def __init__(self, name: str) -> None:
        self._sum = hashlib.sha256(MAGIC + name.encode() + b"\n")

    def add(self, row: bytes) -> None:
        """Take a row, framed."""
        self._sum.update(row)

    def __str__(self) -> str:
        return f"sha256:{self._sum.hexdigest()}"


def records_to_statement(contents: RecordsContents) -> bytes:
    """Return the in-toto statement of a snapshot, as it is signed."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": SUBJECT, "digest": {"sha256": contents.digest}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "payloadBytes": contents.payload_bytes,
                "plainBytes": contents.plain_bytes,
                "ecosystems": [feed_to_json(one) for one in contents.snapshots],
                "lists": [
                    {
                        "kind": one.kind,
                        "source": one.source,
                        "asOf": format_instant(one.as_of),
                        "rows": one.rows,
                        "digest": one.digest,
                    }
                    for one in contents.lists
                ],
            },
        }
    )


def parse_records_contents(payload: bytes, where: str) -> RecordsContents:
    """Return what a statement says.

    Raises:
        FeedError: no statement about records, or one that says what cannot be.
    """
    try:
        statement = parse_statement(payload, PREDICATE_TYPE, "a snapshot of records", where=where)
        predicate = msgspec.convert(statement["predicate"], _Predicate)
        contents = RecordsContents(
            digest_of(statement, SUBJECT),
            predicate.payloadBytes,
            predicate.plainBytes,
            tuple(parse_feed(one) for one in predicate.ecosystems),
            tuple(_list(one) for one in predicate.lists),
        )
    except (JournalError, msgspec.ValidationError, ValueError, OverflowError) as error:
        said = error.message if isinstance(error, JournalError) else str(error)
        raise FeedError(f"no snapshot of records: {said}", where=where, hint=HINT) from None
    check_ecosystems(contents.snapshots, where)
    _check_lists(contents.lists, where)
    check_sizes(contents, where)
    return contents


def _list(one: _List) -> ListState:
    as_of = utc(one.asOf)
    if as_of is None:
        raise ValueError("a list without a date")
    return ListState(one.kind, one.source, as_of, one.rows, one.digest)


def _check_lists(lists: Sequence[ListState], where: str) -> None:
    kinds = [one.kind for one in lists]
    if kinds != sorted(set(kinds)) or not set(kinds) <= set(KINDS):
        raise FeedError(f"expected each list once, in order, of {', '.join(KINDS)}", where=where)
