"""The compiled advisory file, as a scan reads it: one SQLite file, opened read-only, never written.

It is replaced as a whole, so a reader sees one state of it. It needs nothing but the standard library and msgspec.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from holdfast.errors import FeedError
from holdfast.model.advisory import Enrichment, Event, PackageState, Pairwise, Range, Severity, Snapshot
from holdfast.model.frozen import frozen
from holdfast.model.instant import from_microseconds
from holdfast.model.naming import cves_of
from holdfast.ports.advisories import NO_RULES, PackageRules
from holdfast.ports.lookup import RecordFacts

FORMAT = "holdfast.advisories/5"
FILE_NAME = "advisories.hf"
IMPORTED = "imported"
"""The key in `meta` of a file that came as a snapshot: what it was, in words. No feed is asked about it."""
_FACTS = (
    "SELECT r.id, r.score, r.vector, r.published, m.cluster, c.members, c.known_exploited, c.epss, c.automatable, "
    "c.total_impact FROM record r "
    "CROSS JOIN member m ON m.id = r.id CROSS JOIN cluster c ON c.cluster = m.cluster "
    "WHERE r.id IN (SELECT value FROM json_each(?)) ORDER BY r.score"
)
"""Records come first: of the names that are asked for, most are of none. Of a record's rows, the gravest is last."""
_RULES = (
    "SELECT name, id, body FROM rule JOIN said ON number = said "
    "WHERE ecosystem = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY name, id"
)
_ALIASES = "SELECT id, aliases FROM record WHERE id IN (SELECT value FROM json_each(?))"
_SNAPSHOTS = (
    "SELECT ecosystem, source, synced_at, newest, records, validator, error, digest FROM snapshot ORDER BY ecosystem"
)

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshot (ecosystem TEXT PRIMARY KEY, source TEXT NOT NULL, synced_at INTEGER, newest INTEGER,
  records INTEGER NOT NULL, validator TEXT, error TEXT, digest TEXT) WITHOUT ROWID;
CREATE TABLE record (ecosystem TEXT, id TEXT, modified INTEGER, aliases BLOB NOT NULL, score REAL, vector TEXT,
  published INTEGER, PRIMARY KEY (ecosystem, id)) WITHOUT ROWID;
CREATE INDEX record_id ON record (id);
CREATE TABLE rule (ecosystem TEXT, name TEXT, id TEXT, said INTEGER NOT NULL,
  PRIMARY KEY (ecosystem, name, id)) WITHOUT ROWID;
CREATE TABLE said (number INTEGER PRIMARY KEY, body BLOB NOT NULL, whole BLOB NOT NULL);
CREATE TABLE member (id TEXT PRIMARY KEY, cluster TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cluster (cluster TEXT PRIMARY KEY, members BLOB NOT NULL, known_exploited INTEGER, epss REAL,
  automatable INTEGER, total_impact INTEGER) WITHOUT ROWID;
CREATE TABLE release (ecosystem TEXT PRIMARY KEY) WITHOUT ROWID;
"""
"""`said.body` is (intervals as [lo, hi], what has no keys, fixes, state or empty); `said.whole` what was published.

A distribution's record says the same of a dozen packages built from one source: that is kept once.
`snapshot.digest` is of all that the file holds of the ecosystem, see `compiled_digest`.
"""

PackedRange = tuple[str, list[tuple[str, str]]]
PackedPairwise = tuple[PackedRange | None, list[str]]
Body = tuple[list[tuple[bytes, bytes | None]], list[PackedPairwise], list[str], str]
Known = tuple[bool | None, float | None, bool | None, bool | None]
"""Of a cluster: known exploited, EPSS, automatable, total impact."""
BODY = msgspec.msgpack.Decoder(Body)
WHOLE = msgspec.msgpack.Decoder(list[PackedPairwise])
NAMES = msgspec.msgpack.Decoder(tuple[list[str], list[str]])
"""What `record.aliases` and `cluster.members` hold: names, and the CVEs that a notice mends without being any."""


@frozen
class Lists:
    """What is known of CVEs beside the advisories. What is given here counts instead of what a file was made with.

    `known_exploited` is `None` without a list; `enrichments` are by CVE. `digest` is of the files that were read,
    `None` without any.
    """

    known_exploited: Set[str] | None = None
    enrichments: Mapping[str, Enrichment] = field(default_factory=dict)
    digest: str | None = None


def open_compiled(path: Path, lists: Lists | None = None) -> "CompiledAdvisories":
    """Open a compiled file.

    Raises:
        FeedError: it is not there, or is no such file.
    """
    if not path.is_file():
        raise FeedError("no compiled advisories", where=str(path), hint="sync a feed, or name one with `--feed`")
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    except sqlite3.Error as error:
        raise FeedError(f"the compiled advisories could not be read: {error}", where=str(path)) from None
    if row is None or row[0] != FORMAT:
        connection.close()
        raise FeedError(f"expected `{FORMAT}`, got `{row and row[0]}`", where=str(path), hint="sync the feed again")
    return CompiledAdvisories(connection, str(path), lists or Lists())


class CompiledAdvisories:
    """Answers from one compiled file."""

    def __init__(self, connection: sqlite3.Connection, where: str, lists: Lists) -> None:
        self._connection = connection
        self._lists = lists
        self._where = where

    @property
    def connection(self) -> sqlite3.Connection:
        """The open file, to be read."""
        return self._connection

    @property
    def lists(self) -> Lists:
        """What counts instead of what the file has of CVEs."""
        return self._lists

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rules(self, ecosystem: str, name: str) -> PackageRules:
        """Return what is known of a package."""
        return self.rules_of([(ecosystem, name)]).get((ecosystem, name), NO_RULES)

    def rules_of(self, packages: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], PackageRules]:
        """Return what is known of packages, by (ecosystem, name); those of which nothing is are left out."""
        names: dict[str, set[str]] = {}
        for ecosystem, name in packages:
            names.setdefault(ecosystem, set()).add(name)
        out: dict[tuple[str, str], PackageRules] = {}
        for ecosystem, wanted in names.items():
            rows: dict[str, list[tuple[str, bytes]]] = {}
            for name, identifier, body in self._rows(_RULES, (ecosystem, _listed(wanted))):
                rows.setdefault(name, []).append((identifier, body))
            for name, found in rows.items():
                out[ecosystem, name] = _rules(ecosystem, name, found)
        return out

    def published(self, ecosystem: str, name: str) -> Sequence[tuple[str, Pairwise]]:
        """Return all ranges and versions of a package as published, for a version that has no key."""
        sql = "SELECT id, whole FROM rule JOIN said ON number = said WHERE ecosystem = ? AND name = ? ORDER BY id"
        return [
            (identifier, _pairwise(ecosystem, name, entry))
            for identifier, whole in self._rows(sql, (ecosystem, name))
            for entry in WHOLE.decode(whole)
        ]

    def facts(self, advisory_ids: Sequence[str]) -> Mapping[str, RecordFacts]:
        """Return the facts of records by id; of one that several ecosystems have, by the gravest."""
        rows = self._rows(_FACTS, (_listed(set(advisory_ids)),))
        out: dict[str, RecordFacts] = {row[0]: self._facts(row) for row in rows}
        clusters = {one.cluster: one.members for one in out.values()}
        several = {home: members for home, members in clusters.items() if len(cves_of(members)) > 1}
        if not several:
            return out
        from holdfast.controls.aliases import find_whole  # few inputs need it

        whole = {home: find_whole(members, self._aliases(members)) for home, members in several.items()}
        return {
            name: replace(one, whole=whole[one.cluster]) if one.cluster in whole else one for name, one in out.items()
        }

    def _aliases(self, records: Sequence[str]) -> list[tuple[str, list[str]]]:
        """Return (record, its own aliases) of the records among some ids."""
        return [(row[0], NAMES.decode(row[1])[0]) for row in self._rows(_ALIASES, (_listed(records),))]

    def _facts(self, row: Sequence[Any]) -> RecordFacts:
        record, score, vector, published, cluster, members, *known = row
        ids, mended = NAMES.decode(members)
        exploited, epss, automatable, total = with_lists(self._lists, [*ids, *mended], known)
        return RecordFacts(
            record,
            cluster,
            tuple(ids),
            None if score is None and vector is None else Severity(score, vector),
            exploited,
            epss,
            automatable,
            total,
            instant_of(published),
            tuple(mended),
        )

    def snapshots(self) -> Mapping[str, Snapshot]:
        """Return the snapshots by ecosystem."""
        out: dict[str, Snapshot] = {}
        for name, source, synced_at, newest, *rest in self._rows(_SNAPSHOTS):
            records, validator, error, digest = rest
            dates = instant_of(synced_at), instant_of(newest)
            out[name] = Snapshot(name, source, *dates, records, validator, error, digest, self._lists.digest)
        return out

    def releases(self) -> frozenset[str]:
        """Return the ecosystems with release suffix that any record speaks of."""
        return frozenset(row[0] for row in self._rows("SELECT ecosystem FROM release"))

    def known(self, ecosystem: str) -> dict[str, datetime | None]:
        """Return id → modified of the ecosystem's records."""
        sql = "SELECT id, modified FROM record WHERE ecosystem = ?"
        return {row[0]: instant_of(row[1]) for row in self._rows(sql, (ecosystem,))}

    def meta(self, key: str) -> str | None:
        """Return a value of the file's own table."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise FeedError(
                f"the compiled advisories could not be read: {error}", where=self._where, hint="sync the feed again"
            ) from None


def _listed(names: Collection[str]) -> str:
    """Return names as one parameter: a statement is the same for every length, and made once."""
    return msgspec.json.encode(sorted(names)).decode()


def _rules(ecosystem: str, name: str, rows: Iterable[tuple[str, bytes]]) -> PackageRules:
    """Return what rows of (record, body) say of a package."""
    intervals: list[tuple[str, bytes, bytes | None]] = []
    pairwise: list[tuple[str, Pairwise]] = []
    fixes: dict[str, None] = {}
    vague: list[str] = []
    said: list[tuple[str, PackageState]] = []
    for identifier, body in rows:
        keys, without_keys, fixed, state = BODY.decode(body)
        intervals += [(identifier, lo, hi) for lo, hi in keys]
        pairwise += [(identifier, _pairwise(ecosystem, name, entry)) for entry in without_keys]
        fixes.update(dict.fromkeys(fixed))
        vague += [] if keys or without_keys else [identifier]
        said += [(identifier, PackageState(state))] if state else []
    return PackageRules(tuple(intervals), tuple(pairwise), tuple(fixes), tuple(vague), tuple(said))


def with_lists(lists: Lists, ids: Sequence[str], known: Sequence[Any]) -> Known:
    """Return what is known of a cluster of `ids`: what the lists say, else what the file has of it in `known`."""
    exploited, epss, automatable, total = known
    if lists.known_exploited is not None:
        exploited = not lists.known_exploited.isdisjoint(ids)
    if not lists.enrichments:
        return _bool(exploited), epss, _bool(automatable), _bool(total)
    listed = merge_enrichments(lists.enrichments[one] for one in ids if one in lists.enrichments)
    return (
        _bool(exploited),
        epss if listed.epss is None else listed.epss,
        _bool(automatable if listed.ssvc_automatable is None else listed.ssvc_automatable == "yes"),
        _bool(total if listed.ssvc_technical_impact is None else listed.ssvc_technical_impact == "total"),
    )


def _bool(value: int | bool | None) -> bool | None:
    return None if value is None else bool(value)


def merge_enrichments(known: Iterable[Enrichment]) -> Enrichment:
    """Return what several CVEs of one cluster say together: of each the graver."""
    every = list(known)
    automatable = [one.ssvc_automatable for one in every if one.ssvc_automatable]
    impact = [one.ssvc_technical_impact for one in every if one.ssvc_technical_impact]
    return Enrichment(
        epss=max((one.epss for one in every if one.epss is not None), default=None),
        ssvc_automatable="yes" if "yes" in automatable else next(iter(automatable), None),
        ssvc_technical_impact="total" if "total" in impact else next(iter(impact), None),
    )


def instant_of(value: int | None) -> datetime | None:
    """Return the instant of a stored number of microseconds."""
    return None if value is None else from_microseconds(value)


def _pairwise(ecosystem: str, name: str, entry: PackedPairwise) -> Pairwise:
    packed, versions = entry
    events = () if packed is None else tuple(Event(kind, version) for kind, version in packed[1])
    return Pairwise(ecosystem, name, None if packed is None else Range(packed[0], events), tuple(versions))
