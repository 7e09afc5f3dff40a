"""Writes the compiled advisory file: from a feed, or from what a store already has.

Rules:

1. The new file is made beside the old one and takes its place whole; a failure leaves the old one.
2. An ecosystem that did not change is carried over; one whose feed failed keeps its last good state, with the error.
3. A record counts for its feed's ecosystem alone; what it says of others comes with theirs.
4. The file is packed and every ecosystem's digest written last: equal data gives equal digests, however it came.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from holdfast.controls.aliases import cluster
from holdfast.controls.distributions import mended_cves
from holdfast.edges.providers.compiled import (
    FORMAT,
    IMPORTED,
    NAMES,
    SCHEMA,
    PackedPairwise,
    instant_of,
    merge_enrichments,
)
from holdfast.edges.providers.compiled_digest import content_digest
from holdfast.errors import FeedError
from holdfast.model.advisory import Advisory, Compiled, Enrichment, Pairwise, Range, Severity, Snapshot
from holdfast.model.frozen import frozen
from holdfast.model.instant import to_microseconds

_pack = msgspec.msgpack.encode


@frozen
class Part:
    """One ecosystem to write: `records` are added or replaced, `gone` taken out; `whole` begins it anew.

    `snapshot` is asked for after all records were read, with their number and the newest date.
    """

    ecosystem: str
    records: Iterable[Compiled]
    snapshot: Callable[[int, datetime | None], Snapshot]
    gone: Callable[[], Collection[str]] = tuple
    whole: bool = True


def compile_feed(
    path: Path,
    parts: Iterable[Part],
    known_exploited: Collection[str] | None,
    enrichments: Mapping[str, Enrichment] | None = None,
    imported: str | None = None,
) -> None:
    """Write `parts` over what the file at `path` has already; `known_exploited` are CVEs, `None` without a list.

    `enrichments` are by CVE: EPSS and CISA's decisions. `imported` is the digest of the snapshot that the records came
    in, `None` where a feed was asked.

    Raises:
        FeedError: the file could not be written. An error of a part's records is raised after nothing was replaced.
    """
    with replacing(path) as connection:
        connection.execute("DELETE FROM meta WHERE key = ?", (IMPORTED,))
        if imported is not None:
            connection.execute("INSERT INTO meta VALUES (?, ?)", (IMPORTED, imported))
        for part in parts:
            _write_part(connection, part)
        exploited = frozenset(known_exploited) if known_exploited is not None else None
        _write_clusters(connection, exploited, enrichments or {})
        _write_digests(connection)


@contextmanager
def replacing(path: Path, *, anew: bool = False) -> Iterator[sqlite3.Connection]:
    """Give a connection to a copy (or an empty file) that takes the place of `path` at the end, packed.

    Raises:
        FeedError: it could not be written. What is raised inside leaves `path` as it was.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        if not anew and _is_current(path):
            shutil.copyfile(path, new)
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                connection.executescript(SCHEMA)
                connection.execute("INSERT INTO meta VALUES ('format', ?)", (FORMAT,))
            connection.execute("BEGIN")
            yield connection
            connection.execute("DELETE FROM said WHERE number NOT IN (SELECT said FROM rule)")
            connection.execute("COMMIT")
            connection.execute("VACUUM")
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise FeedError(f"the compiled advisories could not be written: {error}", where=str(path)) from None
    finally:
        new.unlink(missing_ok=True)


def _is_current(path: Path) -> bool:
    """Whether there is a whole file of this format to build upon."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
            return row is not None and row[0] == FORMAT
    except sqlite3.Error:  # damaged, or another format: made anew
        return False


def _write_part(connection: sqlite3.Connection, part: Part) -> None:
    base = part.ecosystem
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS stale (id TEXT PRIMARY KEY)")
    if part.whole:
        connection.execute("DELETE FROM record WHERE ecosystem = ?", (base,))
        _delete_rules(connection, base, "")
    for compiled in part.records:
        _write_record(connection, base, compiled, fresh=part.whole)
    gone = part.gone()
    if gone:
        connection.executemany("INSERT OR IGNORE INTO stale VALUES (?)", [(name,) for name in gone])
        connection.execute("DELETE FROM record WHERE ecosystem = ? AND id IN (SELECT id FROM stale)", (base,))
        _delete_rules(connection, base, " AND id IN (SELECT id FROM stale)")
        connection.execute("DELETE FROM stale")
    count, newest = connection.execute(
        "SELECT count(*), max(modified) FROM record WHERE ecosystem = ?", (base,)
    ).fetchone()
    write_snapshot(connection, part.snapshot(count, instant_of(newest)))


def _delete_rules(connection: sqlite3.Connection, base: str, condition: str) -> None:
    for test, value in (("ecosystem = ?", base), ("ecosystem LIKE ? ESCAPE '\\'", _like(base))):
        connection.execute(f"DELETE FROM rule WHERE {test}{condition}", (value,))  # noqa: S608 - our own texts


def _like(base: str) -> str:
    escaped = base.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}:%"


def _write_record(connection: sqlite3.Connection, base: str, compiled: Compiled, *, fresh: bool) -> None:
    advisory = compiled.advisory
    if not fresh:
        connection.execute("DELETE FROM record WHERE ecosystem = ? AND id = ?", (base, advisory.id))
        connection.execute("DELETE FROM stale")
        connection.execute("INSERT INTO stale VALUES (?)", (advisory.id,))
        _delete_rules(connection, base, " AND id IN (SELECT id FROM stale)")
        connection.execute("DELETE FROM stale")
    severity = _severity(advisory, base)
    modified = None if advisory.modified is None else to_microseconds(advisory.modified)
    connection.execute(
        "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            base,
            advisory.id,
            modified,
            _pack((advisory.aliases, mended_cves(advisory))),
            severity.score if severity else None,
            severity.vector if severity else None,
            None if advisory.published is None else to_microseconds(advisory.published),
        ),
    )
    if advisory.withdrawn is None:
        write_rules(connection, _rules(base, compiled))


def write_rules(connection: sqlite3.Connection, rows: Iterable[tuple[str, str, str, bytes, bytes]]) -> None:
    """Write the rules of one record: (ecosystem, name, id, body, whole); what it says twice is kept once."""
    numbers: dict[tuple[bytes, bytes], int | None] = {}
    for ecosystem, name, record, body, whole in rows:
        number = numbers.get((body, whole))
        if number is None:
            number = connection.execute("INSERT INTO said (body, whole) VALUES (?, ?)", (body, whole)).lastrowid
            numbers[body, whole] = number
        connection.execute("INSERT OR REPLACE INTO rule VALUES (?, ?, ?, ?)", (ecosystem, name, record, number))


def _severity(advisory: Advisory, base: str) -> Severity | None:
    own = [one.severity for one in advisory.affected if one.ecosystem.partition(":")[0] == base and one.severity]
    scored = [one for one in (*own, advisory.severity) if one is not None]
    return max(scored, key=lambda one: (one.score is not None, one.score or 0.0), default=None)


def _rules(base: str, compiled: Compiled) -> Iterator[tuple[str, str, str, bytes, bytes]]:
    """One row per package of the record: what matches it, and what was published."""
    keys: dict[tuple[str, str], list[tuple[bytes, bytes | None]]] = {}
    without: dict[tuple[str, str], list[PackedPairwise]] = {}
    fixes: dict[tuple[str, str], list[str]] = {}
    whole: dict[tuple[str, str], list[PackedPairwise]] = {}
    said = {(ecosystem, name): state.value for ecosystem, name, state in compiled.said}
    for interval in compiled.intervals:
        keys.setdefault((interval.ecosystem, interval.name), []).append((interval.lo, interval.hi))
    for entry in compiled.pairwise:
        without.setdefault((entry.ecosystem, entry.name), []).append(_packed(entry))
    for ecosystem, name, version in compiled.fixes:
        fixes.setdefault((ecosystem, name), []).append(version)
    for affected in compiled.advisory.affected:
        entries = whole.setdefault((affected.ecosystem, affected.name), [])
        entries += [(_packed_range(one), []) for one in affected.ranges if one.type != "GIT"]
        if affected.versions:
            entries.append((None, list(affected.versions)))
    for place, published in whole.items():
        if place[0].partition(":")[0] == base:
            body = (keys.get(place, []), without.get(place, []), fixes.get(place, []), said.get(place, ""))
            yield *place, compiled.advisory.id, _pack(body), _pack(published)


def _packed(entry: Pairwise) -> PackedPairwise:
    return (None if entry.range is None else _packed_range(entry.range)), list(entry.versions)


def _packed_range(one: Range) -> tuple[str, list[tuple[str, str]]]:
    return one.type, [(event.kind, event.version) for event in one.events]


def write_snapshot(connection: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Write the state of one ecosystem's feed."""
    connection.execute(
        "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            snapshot.ecosystem,
            snapshot.source,
            None if snapshot.synced_at is None else to_microseconds(snapshot.synced_at),
            None if snapshot.newest is None else to_microseconds(snapshot.newest),
            snapshot.records,
            snapshot.validator,
            snapshot.error,
            snapshot.digest,
        ),
    )


def _write_digests(connection: sqlite3.Connection) -> None:
    for (ecosystem,) in connection.execute("SELECT ecosystem FROM snapshot").fetchall():
        digest = content_digest(connection, ecosystem)
        connection.execute("UPDATE snapshot SET digest = ? WHERE ecosystem = ?", (digest, ecosystem))


def _write_clusters(
    connection: sqlite3.Connection, known_exploited: frozenset[str] | None, enrichments: Mapping[str, Enrichment]
) -> None:
    """Make the clusters of all records anew, and the list of releases."""
    connection.execute("DELETE FROM member")
    connection.execute("DELETE FROM cluster")
    connection.execute("DELETE FROM release")
    connection.execute("INSERT INTO release SELECT DISTINCT ecosystem FROM rule WHERE instr(ecosystem, ':') > 0")
    rows = [(one, *NAMES.decode(names)) for one, names in connection.execute("SELECT id, aliases FROM record")]
    homes = cluster((identifier, aliases) for identifier, aliases, _ in rows)
    mended: dict[str, set[str]] = {}
    for identifier, _, cves in rows:
        if cves:
            mended.setdefault(homes[identifier], set()).update(cves)
    members: dict[str, list[str]] = {}
    for member, home in homes.items():
        members.setdefault(home, []).append(member)
    connection.executemany("INSERT INTO member VALUES (?, ?)", homes.items())
    connection.executemany(
        "INSERT INTO cluster VALUES (?, ?, ?, ?, ?, ?)",
        (_cluster(home, ids, mended.get(home, set()), known_exploited, enrichments) for home, ids in members.items()),
    )


def _cluster(
    home: str,
    ids: Sequence[str],
    mended: Collection[str],
    known_exploited: frozenset[str] | None,
    enrichments: Mapping[str, Enrichment],
) -> tuple[object, ...]:
    """Return the row of a cluster; what is known of the CVEs that its notices mend is known of it."""
    names = _pack((sorted(ids), sorted(mended)))
    return home, names, *_known_of([*ids, *mended], known_exploited, enrichments)


def _known_of(
    ids: Sequence[str], known_exploited: frozenset[str] | None, enrichments: Mapping[str, Enrichment]
) -> tuple[int | None, float | None, bool | None, bool | None]:
    exploited = None if known_exploited is None else int(not known_exploited.isdisjoint(ids))
    one = merge_enrichments(enrichments[name] for name in ids if name in enrichments)
    automatable = None if one.ssvc_automatable is None else one.ssvc_automatable == "yes"
    total = None if one.ssvc_technical_impact is None else one.ssvc_technical_impact == "total"
    return exploited, one.epss, automatable, total
