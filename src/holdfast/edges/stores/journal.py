"""The journal: appended entries wait in memory and are numbered and hashed when the transaction commits.

The head row is locked last, so that a long transaction holds nobody up before its end.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from holdfast.edges.stores.schema import JOURNAL, JOURNAL_SUBJECT
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.types import clean_text, to_stored
from holdfast.errors import JournalError
from holdfast.model.journal import GENESIS, JournalEntry, entry_hash

_PAGE = 1000
_AT_ONCE = 60
"""So many rows go to PostgreSQL in one statement: with a few, each statement costs more than what it writes."""
# asked with every commit; what is built anew each time costs more than its answer
_HEAD = "SELECT seq, hash FROM journal_head WHERE org = :org"
_FIRST = "INSERT INTO journal_head (org, seq, hash) VALUES (:org, 0, :hash) ON CONFLICT DO NOTHING"
_MOVE = "UPDATE journal_head SET seq = :seq, hash = :hash WHERE org = :org"
_COLUMNS = [JOURNAL.c[name] for name in ("org", "seq", "at", "kind", "body", "hash")]


class SqlJournal:
    """Appends to and reads one org's chain."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pending: list[tuple[str, str, tuple[str, ...]]] = []

    def append(self, kind: str, body: Mapping[str, object]) -> None:
        """Add an entry; it can be read once the transaction is committed.

        Raises:
            JournalError: the body is not JSON.
        """
        self._session.require_write()
        try:
            # ASCII only: no engine, driver or editor can change a byte of it on the way
            text = json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise JournalError(f"an entry `{kind}` whose body is not JSON: {error}") from error
        self._pending.append((clean_text(kind), text, tuple(sorted(_subjects(body)))))

    def read(self, after: int = 0, limit: int | None = None) -> Iterator[JournalEntry]:
        """Yield committed entries with `seq > after`, ascending."""
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            where = (JOURNAL.c.org == self._session.org, JOURNAL.c.seq > after)
            rows = self._session.rows(select(*_COLUMNS).where(*where).order_by(JOURNAL.c.seq).limit(size))
            yield from (JournalEntry(*row) for row in rows)
            if len(rows) < size:
                return
            after, left = rows[-1].seq, None if left is None else left - size

    def about(self, subject: str, limit: int = 200) -> list[JournalEntry]:
        """Return the newest `limit` entries about a subject, ascending."""
        org = self._session.org
        newest = (
            select(JOURNAL_SUBJECT.c.seq)
            .where(JOURNAL_SUBJECT.c.org == org, JOURNAL_SUBJECT.c.subject == subject)
            .order_by(JOURNAL_SUBJECT.c.seq.desc())
            .limit(limit)
        )
        query = select(*_COLUMNS).where(JOURNAL.c.org == org, JOURNAL.c.seq.in_(newest)).order_by(JOURNAL.c.seq)
        return [JournalEntry(*row) for row in self._session.rows(query)]

    def head(self) -> tuple[int, str]:
        """Return (seq, hash) of the newest committed entry."""
        row = self._session.row(_HEAD, {"org": self._session.org})
        return (row.seq, row.hash) if row else (0, GENESIS)

    def write_pending(self) -> None:
        """Number, hash and insert what was appended; the last thing a transaction does."""
        if not self._pending:
            return
        session, at = self._session, to_stored(self._session.now) or 0
        seq, previous = self._lock_head()
        entries: list[tuple[Any, ...]] = []
        subjects: list[tuple[Any, ...]] = []
        for kind, body, about in self._pending:
            seq += 1
            previous = entry_hash(previous, session.org, seq, at, kind, body)
            entries.append((session.org, seq, at, kind, body, previous))
            subjects += [(session.org, subject, seq) for subject in about]
        self._pending.clear()
        if session.engine == "postgresql" and subjects and len(entries) + len(subjects) <= _AT_ONCE:
            _write_at_once(session, entries, subjects, {"org": session.org, "seq": seq, "hash": previous})
            return
        session.add(JOURNAL, [column.name for column in _COLUMNS], entries)
        session.add(JOURNAL_SUBJECT, ("org", "subject", "seq"), subjects)
        session.change(_MOVE, {"org": session.org, "seq": seq, "hash": previous})

    def _lock_head(self) -> tuple[int, str]:
        session, values = self._session, {"org": self._session.org}
        query = f"{_HEAD} FOR UPDATE" if session.engine == "postgresql" else _HEAD
        row = session.row(query, values)
        if row is None:
            session.change(_FIRST, values | {"hash": GENESIS})
            row = session.row(query, values)
        return row.seq, row.hash


def _write_at_once(
    session: Session,
    entries: Sequence[Sequence[Any]],
    subjects: Sequence[Sequence[Any]],
    head: Mapping[str, Any],
) -> None:
    names = ", ".join(column.name for column in _COLUMNS)
    values: dict[str, Any] = dict(head)
    insert_entries = f"INSERT INTO journal ({names}) VALUES {_marks('e', entries, values)}"  # noqa: S608 - names, marks
    insert_subjects = f"INSERT INTO journal_subject (org, subject, seq) VALUES {_marks('s', subjects, values)}"  # noqa: S608
    session.change(f"WITH entries AS ({insert_entries}), subjects AS ({insert_subjects}) {_MOVE}", values)


def _marks(prefix: str, rows: Sequence[Sequence[Any]], values: dict[str, Any]) -> str:
    """Return the names under which the rows' values are bound, and bind them."""
    out = []
    for number, row in enumerate(rows):
        names = [f"{prefix}{number}_{column}" for column in range(len(row))]
        values.update(zip(names, row, strict=True))
        out.append(f"(:{', :'.join(names)})")
    return ", ".join(out)


def _subjects(body: Mapping[str, object]) -> set[str]:
    found: set[str] = set()
    for key in ("id", "about"):
        value = body.get(key)
        items = [value] if isinstance(value, str) else value
        if isinstance(items, Sequence):
            found.update(clean_text(item) for item in items if isinstance(item, str))
    return found
