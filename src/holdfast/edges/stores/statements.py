"""Statements straight to the driver: text, and those that never change.

SQLAlchemy's way from a statement to its rows costs several times what most of our answers do. What is asked with every
commit is therefore compiled once for each engine and handed to the driver. Errors are SQLAlchemy's own, and a
connection that is gone is told to its pool, so that nobody above sees a difference.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError

from holdfast.model.frozen import frozen

Values = Mapping[str, Any]


@frozen
class Answer:
    """What a statement that writes gave back."""

    rowcount: int
    rows: Sequence[Any]

    def first(self) -> Any:
        """Return the first row, `None` without one."""
        return self.rows[0] if self.rows else None


@frozen
class Compiled:
    """A statement of one engine: its text, how its values are bound and its rows read.

    `names` orders the values for a driver that takes them by position. `constants` are bound already.
    """

    text: str
    names: tuple[str, ...] | None
    constants: Mapping[str, Any]
    binds: Mapping[str, Callable[[Any], Any]]
    reads: tuple[Callable[[Any], Any] | None, ...]
    row: Callable[[Sequence[Any]], Any]

    def bind(self, values: Values) -> Any:
        """Return values as the driver takes them."""
        bound = dict(self.constants)
        for name, value in values.items():
            process = self.binds.get(name)
            bound[name] = value if process is None else process(value)
        return bound if self.names is None else [bound[name] for name in self.names]

    def read(self, row: Sequence[Any]) -> Any:
        """Return a row as the driver gave it with the values that were stored."""
        if not self.reads:
            return self.row(row)
        return self.row([value if read is None else read(value) for read, value in zip(self.reads, row, strict=True)])


class Fixed:
    """A statement that never changes, compiled when it is first run; its values have the names of its parameters.

    `columns` are those that an insert gives.
    """

    def __init__(self, statement: Executable, columns: Sequence[str] = ()) -> None:
        self._statement = statement
        self._columns = list(columns)
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> Compiled:
        """Return it as an engine takes it."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> Compiled:
        compiled: Any = self._statement.compile(  # type: ignore[attr-defined]  # every statement of ours can be
            dialect=dialect, column_keys=self._columns or None
        )
        processors: Mapping[str, Any] = compiled._bind_processors
        open_ = {name for name, parameter in compiled.binds.items() if parameter.required}
        given = {name: value for name, value in compiled.params.items() if name not in open_}
        constants = {name: processors[name](value) if name in processors else value for name, value in given.items()}
        columns = compiled._result_columns
        reads = tuple(entry.type.dialect_impl(dialect).result_processor(dialect, None) for entry in columns)
        names = tuple(entry.keyname for entry in columns)
        positions = tuple(compiled.positiontup) if compiled.positional and compiled.positiontup is not None else None
        reads = reads if any(reads) else ()
        return Compiled(str(compiled), positions, constants, processors, reads, row_of(names))


@lru_cache(maxsize=1024)
def row_of(names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    """Return what makes rows with these names; `_mapping` of one gives name → value."""
    base: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # the names are known only now
    named = property(lambda row: dict(zip(names, row, strict=True)))
    made: Callable[[Sequence[Any]], Any] = type("Row", (base,), {"__slots__": (), "_mapping": named})._make  # type: ignore[attr-defined]
    return made


def text_of(text: str) -> Compiled:
    """Return a text in the driver's own manner; its rows are read by the names that the driver gives."""
    return Compiled(text, None, {}, {}, (), tuple)


def ask(connection: Connection, compiled: Compiled, values: Values, *, one: bool = False) -> list[Any]:
    """Run a statement; returns its rows, at most the first with `one`."""
    with _open(connection, compiled.text) as cursor:
        cursor.execute(compiled.text, compiled.bind(values))
        found = cursor.fetchmany(1) if one else cursor.fetchall()
        return _read(cursor, compiled, found)


def change(connection: Connection, compiled: Compiled, values: Values | Sequence[Values]) -> Answer:
    """Run a statement that writes, once or for each of many values."""
    with _open(connection, compiled.text) as cursor:
        if isinstance(values, Mapping):
            cursor.execute(compiled.text, compiled.bind(values))
        elif len(values) == 1:
            cursor.execute(compiled.text, compiled.bind(values[0]))
        else:
            cursor.executemany(compiled.text, [compiled.bind(one) for one in values])
        rows = _read(cursor, compiled, cursor.fetchall()) if cursor.description else []
        return Answer(cursor.rowcount, rows)


def add(connection: Connection, table: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    """Insert rows by the engine's fastest way in; without a row the engine is asked nothing."""
    first = next(rows, None)
    if first is None:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    copies = connection.dialect.name == "postgresql"
    insert = f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608 - schema's names
    text = f'COPY "{table}" ({names}) FROM STDIN' if copies else insert
    with _open(connection, text) as cursor:
        if not copies:
            cursor.executemany(text, chain((first,), rows))
            return
        with cursor.copy(text) as copy:
            for row in chain((first,), rows):
                copy.write_row(row)


def _read(cursor: Any, compiled: Compiled, rows: Sequence[Any]) -> list[Any]:
    if compiled.row is not tuple:
        return [compiled.read(row) for row in rows]
    make = row_of(tuple(column[0] for column in cursor.description))
    return [make(row) for row in rows]


@contextmanager
def _open(connection: Connection, text: str) -> Iterator[Any]:
    """Give a cursor of the driver; what it raises is raised as SQLAlchemy would."""
    pooled, dialect = connection.connection, connection.dialect
    driver = dialect.loaded_dbapi
    cursor = pooled.cursor()
    try:
        yield cursor
    except driver.Error as error:
        gone = dialect.is_disconnect(error, pooled, None)
        if gone:
            connection.invalidate(error)
            connection.engine.dispose()  # the others of the pool are gone with it
        raise DBAPIError.instance(
            text, None, error, driver.Error, dialect=dialect, connection_invalidated=gone
        ) from error
    finally:
        cursor.close()
