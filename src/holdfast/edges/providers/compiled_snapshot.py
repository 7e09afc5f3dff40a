"""What a snapshot file is: the advisories of a site, to be carried to another one, signed.

```
holdfast.snapshot/1
{"payload": …, "payloadType": "application/vnd.in-toto+json", "signatures": […]}
<the rows of every ecosystem, see `compiled_digest`, zlib>
```

Rules:

1. The second line is a DSSE envelope of an in-toto statement; its subject is what follows, by digest. The predicate
   says the sizes, and of each ecosystem its feed, when that was synced, its newest record and the digest of its rows.
2. The same data gives the same bytes: nothing in it says when or where it was written.
3. It has no names of files and no database in it: whoever reads it builds both anew.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from holdfast.edges.providers.compiled import FORMAT
from holdfast.edges.providers.signed_rows import HINT, check_sizes
from holdfast.errors import FeedError, JournalError
from holdfast.findings.dsse import STATEMENT_TYPE, canonical_json, parse_statement
from holdfast.model.advisory import Snapshot
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant

MAGIC = b"holdfast.snapshot/1\n"
PREDICATE_TYPE = "urn:holdfast:advisories:v1"
SUBJECT = "advisories"
MOST_ECOSYSTEMS = 1000


class FeedEntry(msgspec.Struct, forbid_unknown_fields=True):
    """One ecosystem's feed, as a statement says it."""

    ecosystem: str
    source: str
    records: int
    digest: str
    syncedAt: datetime | None  # noqa: N815 - as in-toto spells fields
    newest: datetime | None
    validator: str | None


class _Digest(msgspec.Struct):
    sha256: str


class _Subject(msgspec.Struct):
    name: str
    digest: _Digest


class _Predicate(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    payloadBytes: int  # noqa: N815
    plainBytes: int  # noqa: N815
    ecosystems: list[FeedEntry]


@frozen
class Contents:
    """What a snapshot says that it holds; `digest` is the sha256 of what follows the statement, in hex."""

    digest: str
    payload_bytes: int
    plain_bytes: int
    snapshots: tuple[Snapshot, ...]


def contents_to_statement(contents: Contents) -> bytes:
    """Return the in-toto statement of a snapshot, as it is signed."""
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": SUBJECT, "digest": {"sha256": contents.digest}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "format": FORMAT,
                "payloadBytes": contents.payload_bytes,
                "plainBytes": contents.plain_bytes,
                "ecosystems": [feed_to_json(one) for one in contents.snapshots],
            },
        }
    )


def feed_to_json(one: Snapshot) -> dict[str, Any]:
    """Return what a statement says of an ecosystem's feed."""
    return {
        "ecosystem": one.ecosystem,
        "source": one.source,
        "records": one.records,
        "digest": one.digest,
        "syncedAt": format_instant(one.synced_at) if one.synced_at else None,
        "newest": format_instant(one.newest) if one.newest else None,
        "validator": one.validator,
    }


def parse_contents(payload: bytes, where: str) -> Contents:
    """Return what a statement says.

    Raises:
        FeedError: no statement about advisories, of another format, or one that says what cannot be.
    """
    try:
        statement = parse_statement(payload, PREDICATE_TYPE, "a snapshot of advisories", where=where)
        predicate = msgspec.convert(statement["predicate"], _Predicate)
        digest = digest_of(statement, SUBJECT)
        snapshots = tuple(parse_feed(one) for one in predicate.ecosystems)
    except (JournalError, msgspec.ValidationError, ValueError, OverflowError) as error:
        said = error.message if isinstance(error, JournalError) else str(error)
        raise FeedError(f"no snapshot of advisories: {said}", where=where, hint=HINT) from None
    if predicate.format != FORMAT:
        hint = "export it again with the version of Holdfast that is to import it"
        raise FeedError(f"expected `{FORMAT}`, got `{predicate.format[:80]}`", where=where, hint=hint)
    contents = Contents(digest, predicate.payloadBytes, predicate.plainBytes, snapshots)
    check_ecosystems(snapshots, where)
    check_sizes(contents, where)
    return contents


def digest_of(statement: Mapping[str, Any], name: str) -> str:
    """Return the sha256 of a statement's one subject, in hex. Raises: ValueError, msgspec.ValidationError."""
    subjects = msgspec.convert(statement.get("subject"), list[_Subject])
    if len(subjects) != 1 or subjects[0].name != name:
        raise ValueError(f"expected one subject, `{name}`")
    return subjects[0].digest.sha256


def parse_feed(one: FeedEntry) -> Snapshot:
    """Return an ecosystem's feed. Raises: ValueError for an instant that is none."""
    synced_at, newest = utc(one.syncedAt), utc(one.newest)
    return Snapshot(one.ecosystem, one.source, synced_at, newest, one.records, one.validator, None, one.digest)


def utc(at: datetime | None) -> datetime | None:
    """Return an instant in UTC. Raises: ValueError for one without an offset."""
    if at is not None and at.tzinfo is None:
        raise ValueError("an instant without an offset")
    return None if at is None else at.astimezone(UTC)


def check_ecosystems(snapshots: Sequence[Snapshot], where: str) -> None:
    """Raise FeedError unless each ecosystem comes once, in order, and without a release."""
    names = [one.ecosystem for one in snapshots]
    if (
        names != sorted(set(names))
        or not 0 < len(names) <= MOST_ECOSYSTEMS
        or any(not _is_base(name) for name in names)
    ):
        raise FeedError("expected each ecosystem once, in order, without a release", where=where)


def _is_base(name: str) -> bool:
    return bool(name) and name.isprintable() and ":" not in name
