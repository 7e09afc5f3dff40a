"""The rows of a snapshot: each is checked to be what a compiled file may hold, then written.

A row that a scan could not read later, a rule of a record that is not there, a record outside of any cluster: each
refuses the whole snapshot.
"""

import sqlite3
from collections.abc import Iterable
from typing import Annotated

import msgspec

from holdfast.edges.providers.compiled import BODY, NAMES, WHOLE
from holdfast.edges.providers.compiled_digest import CLUSTER, RECORD, RULE, SECTION
from holdfast.edges.providers.compiled_write import write_rules
from holdfast.errors import FeedError
from holdfast.model.advisory import PackageState

_Micros = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000_000, le=253_402_300_799_999_999)]
"""Microseconds since 1970 of the years 1 to 9999."""
_Score = Annotated[float, msgspec.Meta(ge=0, le=10)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
_RECORD = msgspec.msgpack.Decoder(tuple[int, _Name, _Micros | None, bytes, _Score | None, str | None, _Micros | None])
_RULE = msgspec.msgpack.Decoder(tuple[int, _Name, _Name, _Name, bytes, bytes])
_CLUSTER = msgspec.msgpack.Decoder(tuple[int, _Name, bytes, bool | None, _Share | None, bool | None, bool | None])
_SECTION = msgspec.msgpack.Decoder(tuple[int, _Name])
_FIRST_ITEM = 1
_ORPHANS = (
    "SELECT id FROM rule WHERE id NOT IN (SELECT id FROM record) "
    "UNION SELECT id FROM record WHERE id NOT IN (SELECT id FROM member JOIN cluster USING (cluster)) LIMIT 1"
)


class RowWriter:
    """Writes the rows of one ecosystem; `records` is how many records came."""

    def __init__(self, connection: sqlite3.Connection, ecosystem: str, where: str) -> None:
        self._connection = connection
        self._ecosystem = ecosystem
        self._where = where
        self._rules: list[tuple[str, str, str, bytes, bytes]] = []
        self.records = 0

    @staticmethod
    def section_of(row: bytes, where: str) -> str | None:
        """Return the ecosystem that a row begins, `None` when it is of another kind. Raises: FeedError."""
        if row[_FIRST_ITEM : _FIRST_ITEM + 1] != bytes([SECTION]):
            return None
        try:
            return _SECTION.decode(row)[1]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _refused(error, where) from None

    @staticmethod
    def finish(connection: sqlite3.Connection, where: str) -> None:
        """Say which releases there are; refuse what hangs in the air. Raises: FeedError."""
        connection.execute("INSERT INTO release SELECT DISTINCT ecosystem FROM rule WHERE instr(ecosystem, ':') > 0")
        orphan = connection.execute(_ORPHANS).fetchone()
        if orphan is not None:
            raise FeedError(f"the snapshot has a part of `{orphan[0][:80]}` alone", where=where)

    def write(self, row: bytes) -> None:
        """Write a row. Raises: FeedError."""
        try:
            self._write(row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _refused(error, self._where) from None

    def _write(self, row: bytes) -> None:
        kind = row[_FIRST_ITEM] if len(row) > _FIRST_ITEM else None
        if kind == RECORD:
            _, record, modified, aliases, *rest = _RECORD.decode(row)
            NAMES.decode(aliases)
            values = (self._ecosystem, record, modified, aliases, *rest)
            self._connection.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            self.records += 1
        elif kind == RULE:
            self._add_rule(row)
        elif kind == CLUSTER:
            self._add_cluster(row)
        else:
            raise msgspec.DecodeError(f"a row of kind {kind}")

    def _add_rule(self, row: bytes) -> None:
        _, ecosystem, name, record, body, whole = _RULE.decode(row)
        if ecosystem.partition(":")[0] != self._ecosystem:
            raise msgspec.DecodeError(f"a rule of `{ecosystem[:80]}` among those of {self._ecosystem}")
        _check_states(BODY.decode(body)[3:])
        WHOLE.decode(whole)
        if self._rules and self._rules[0][2] != record:
            self.flush()
        self._rules.append((ecosystem, name, record, body, whole))

    def flush(self) -> None:
        """Write the rules of the record that came last."""
        write_rules(self._connection, self._rules)
        self._rules = []

    def _add_cluster(self, row: bytes) -> None:
        _, cluster, members, *known = _CLUSTER.decode(row)
        ids, _ = NAMES.decode(members)
        self._connection.execute("INSERT OR IGNORE INTO cluster VALUES (?, ?, ?, ?, ?, ?)", (cluster, members, *known))
        self._connection.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", [(one, cluster) for one in ids])


def _check_states(states: Iterable[str]) -> None:
    """Refuse what a distribution can't say of a package; nothing said is an empty text."""
    for one in states:
        if one and one not in frozenset(PackageState):
            raise msgspec.DecodeError(f"expected a package's state, got `{one[:80]}`")


def _refused(error: Exception, where: str) -> FeedError:
    return FeedError(f"the snapshot has a row that can't be read: {error}", where=where)
