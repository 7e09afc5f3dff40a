"""What a compiled advisory file holds of an ecosystem, row by row: its identity, and what a snapshot carries.

Rules:

1. The rows come in one order, whatever was written first: equal data gives equal bytes, and an equal digest.
2. Neither the times of syncs nor the feed's place are among them: those say how old the data is, not what it is.
"""

import hashlib
import sqlite3
from collections.abc import Iterator

import msgspec

from holdfast.edges.providers.compiled import FORMAT, NAMES, Lists, with_lists

RECORD, RULE, CLUSTER, SECTION = range(4)
"""What kind a row is: its first field. A `SECTION` names the ecosystem whose rows follow, where there are several."""
FRAME_BYTES = 4
_NO_LISTS = Lists()
_RECORDS = "SELECT id, modified, aliases, score, vector, published FROM record WHERE ecosystem = ? ORDER BY id"
_RULES = (
    "SELECT ecosystem, name, id, body, whole FROM rule JOIN said ON number = said "
    "WHERE ecosystem = ?1 OR (ecosystem > ?1 || ':' AND ecosystem < ?1 || ';') ORDER BY id, ecosystem, name"
)
_CLUSTERS = (
    "SELECT cluster, members, known_exploited, epss, automatable, total_impact FROM cluster WHERE cluster IN "
    "(SELECT m.cluster FROM member m JOIN record r ON r.id = m.id WHERE r.ecosystem = ?) ORDER BY cluster"
)


def canonical_rows(connection: sqlite3.Connection, ecosystem: str, lists: Lists = _NO_LISTS) -> Iterator[bytes]:
    """Yield the rows of an ecosystem (without release suffix), each framed: four bytes of length, then msgpack.

    What `lists` say counts instead of what the file has.
    """
    for row in connection.execute(_RECORDS, (ecosystem,)):
        yield framed((RECORD, *row))
    for row in connection.execute(_RULES, (ecosystem,)):
        yield framed((RULE, *row))
    for cluster, members, *known in connection.execute(_CLUSTERS, (ecosystem,)):
        ids, mended = NAMES.decode(members)
        yield framed((CLUSTER, cluster, members, *with_lists(lists, [*ids, *mended], known)))


def framed(row: tuple[object, ...]) -> bytes:
    """Return a row as it is written: four bytes of length, then msgpack."""
    data = msgspec.msgpack.encode(row)
    return len(data).to_bytes(FRAME_BYTES, "big") + data


class ContentDigest:
    """The digest of rows that come one after the other."""

    def __init__(self, ecosystem: str) -> None:
        self._sum = hashlib.sha256(f"{FORMAT}\n{ecosystem}\n".encode())

    def add(self, row: bytes) -> None:
        """Take a row, framed."""
        self._sum.update(row)

    def __str__(self) -> str:
        return f"sha256:{self._sum.hexdigest()}"


def content_digest(connection: sqlite3.Connection, ecosystem: str) -> str:
    """Return the identity of what the file holds of an ecosystem."""
    digest = ContentDigest(ecosystem)
    for row in canonical_rows(connection, ecosystem):
        digest.add(row)
    return str(digest)
