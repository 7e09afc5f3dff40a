"""One transaction's connection, as the roles use it.

Rules: a read transaction refuses writes; a broken uniqueness is a `ConflictError`; lists of any length are bound in
chunks that both engines take; what is many goes by the engine's fastest way in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.exc import IntegrityError

from holdfast.edges.stores.statements import Answer, Fixed, add, ask, change, text_of
from holdfast.edges.stores.types import clean_text
from holdfast.errors import ConflictError, UsageError

CHUNK = 900
T = TypeVar("T")


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield the items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Session:
    """A connection inside a transaction of one org; `now` is `None` when it only reads.

    `broken` is set once the database refused a statement: nothing of the transaction can be kept then, on any engine.
    `held_runs` are the rows of runs that taking or keeping a lease gave back: who holds one reads it next.
    `kept` outlives the transaction: what was committed, each with the number that tells whether it still holds.
    """

    def __init__(
        self, connection: Connection, org: str, now: datetime | None, kept: dict[Any, tuple[int, Any]] | None = None
    ) -> None:
        self.connection = connection
        self.org = org
        self.now = now
        self.engine = connection.dialect.name
        self.broken: ConflictError | None = None
        self.held_runs: dict[str, Any] = {}
        self.kept = {} if kept is None else kept

    def rows(self, statement: Executable | Fixed | str, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """Return all rows; a list among the parameters of a text is bound as `IN :name`."""
        match statement:
            case Fixed():
                return ask(self.connection, statement.on(self.connection.dialect), parameters or {})
            case str():
                text, values = self._for_driver(statement, parameters or {})
                return ask(self.connection, text_of(text), values)
        return self.connection.execute(statement, parameters).fetchall()

    def row(self, statement: Executable | Fixed | str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the first row, `None` without one."""
        match statement:
            case Fixed():
                found = ask(self.connection, statement.on(self.connection.dialect), parameters or {}, one=True)
            case str():
                text, values = self._for_driver(statement, parameters or {})
                found = ask(self.connection, text_of(text), values, one=True)
            case _:
                return self.connection.execute(statement, parameters).first()
        return found[0] if found else None

    def change(
        self,
        statement: Executable | Fixed | str,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> Answer:
        """Run a statement that writes.

        Raises:
            UsageError: this is a read transaction.
            ConflictError: it exists with other content.
        """
        self.require_write()
        try:
            return self._change(statement, parameters or {})
        except IntegrityError as error:
            self.broken = conflict(error)
            raise self.broken from error

    def _change(
        self, statement: Executable | Fixed | str, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> Answer:
        match statement:
            case Fixed():
                return change(self.connection, statement.on(self.connection.dialect), parameters)
            case str() if isinstance(parameters, Mapping):
                text, values = self._for_driver(statement, parameters)
                return change(self.connection, text_of(text), values)
            case str():
                raise UsageError("a text is run with one set of values")
        result = self.connection.execute(statement, parameters)
        return Answer(result.rowcount, result.fetchall() if result.returns_rows else [])

    def require_write(self) -> None:
        """Refuse in a read transaction."""
        if self.now is None:
            raise UsageError("a read transaction refuses writes", hint="open it with `write`")

    def own(self, org: str) -> str:
        """Return this transaction's org, if it is the value's too.

        Raises:
            UsageError: the value belongs to another org.
        """
        if org != self.org:
            raise UsageError("a value of another org in this org's transaction")
        return org

    def insert(self, table: Table) -> Any:
        """Return an insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return _insert(self.engine, table)

    def upsert(self, table: Table, rows: Sequence[Mapping[str, Any]], keep: Sequence[str] = ()) -> None:
        """Create rows or change them by primary key; columns in `keep` stay as they were."""
        if not rows:
            return
        self.change(_upsert(self.engine, table, tuple(rows[0]), tuple(keep)), rows)

    def add(self, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many new rows of stored values (instants in microseconds) by the engine's fastest way."""
        self.require_write()
        cleaned = (tuple(clean_text(v) if type(v) is str else v for v in row) for row in rows)
        try:
            add(self.connection, table.name, columns, cleaned)
        except IntegrityError as error:
            self.broken = conflict(error)
            raise self.broken from error

    def _for_driver(self, statement: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return a text and its values as the driver takes them."""
        values: dict[str, Any] = {}
        sizes: list[tuple[str, int]] = []
        for name, value in parameters.items():
            if isinstance(value, list):
                sizes.append((name, len(value)))
                values.update((f"{name}_{number}", _clean(item)) for number, item in enumerate(value))
            else:
                values[name] = _clean(value)
        return _for_driver(statement, tuple(sizes), self.engine), values


def _clean(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _insert(engine: str, table: Table) -> Any:  # the dialects' inserts share `on_conflict_…`, and no type
    if engine == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)


@lru_cache(maxsize=512)
def _upsert(engine: str, table: Table, columns: tuple[str, ...], keep: tuple[str, ...]) -> Fixed:
    """Return the statement; building one costs more than running it for a single row."""
    statement = _insert(engine, table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {name: statement.excluded[name] for name in columns if name not in keys and name not in keep}
    if not changed:
        return Fixed(statement.on_conflict_do_nothing(), columns)
    return Fixed(statement.on_conflict_do_update(index_elements=keys, set_=changed), columns)


_NAME = re.compile(r"(?<!:):([a-z]\w*)")


@lru_cache(maxsize=2048)
def _for_driver(statement: str, sizes: tuple[tuple[str, int], ...], engine: str) -> str:
    """Return the statement with `:name` as the driver wants it, and a list's name as its items in brackets."""
    lists = dict(sizes)
    mark = "%({})s" if engine == "postgresql" else ":{}"

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name not in lists:
            return mark.format(name)
        return f"({', '.join(mark.format(f'{name}_{number}') for number in range(lists[name])) or 'NULL'})"

    return _NAME.sub(replace, statement)


def conflict(error: Exception) -> ConflictError:
    """Return what a broken uniqueness means."""
    lines = str(getattr(error, "orig", error)).splitlines() or ["a constraint"]
    return ConflictError(f"it exists with other content: {lines[0]}")
