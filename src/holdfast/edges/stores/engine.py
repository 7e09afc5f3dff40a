"""Connections to the two engines.

Of a pool the connection used last is taken first: few keep warm caches.
SQLite: write-ahead log, one write connection whose transactions begin `IMMEDIATE`, a pool of read connections that
refuse writes. `synchronous=FULL`: what was committed survives a lost power line, not just a killed process.
PostgreSQL: writers of one org queue on an advisory lock, so that both engines have one writer an org; reads are
`REPEATABLE READ` snapshots. The dialects and drivers are imported when first used.
"""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from holdfast.edges.stores.turns import Turns, nested_write
from holdfast.errors import HoldfastError

READERS = 32
READER_CACHE_KIB, WRITER_CACHE_KIB = 16_384, 65_536
BUSY_MS = 30_000
ABANDONED_MS = 300_000
IDLE_S = 1.0
"""A connection that lay longer is tried before it is used: the server may have been restarted."""


class Connections(Protocol):
    """Gives connections inside a transaction."""

    def write(self, org: str) -> contextlib.AbstractContextManager[Connection]:
        """Open one that commits at the end; the only writer of its org."""
        ...

    def read(self) -> contextlib.AbstractContextManager[Connection]:
        """Open one that sees one snapshot."""
        ...

    def optimize(self) -> None:
        """Let the engine look at the sizes of its tables."""
        ...

    def close(self) -> None:
        """Close them all."""
        ...


class SqliteConnections:
    """Connections to one SQLite file, or to a private one that goes when it is closed (`:memory:`)."""

    def __init__(self, path: str) -> None:
        self._private: tempfile.TemporaryDirectory[str] | None = None
        if path == ":memory:":
            memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a private folder is made in it
            self._private = tempfile.TemporaryDirectory(prefix="holdfast-", dir=memory)
            path = str(Path(self._private.name) / "holdfast.db")
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # the log beside it gets the same mode
            self._turns = Turns(None if self._private else Path(f"{path}-turn"))
        except OSError as error:
            raise HoldfastError(f"the store cannot be opened: {error.strerror}", where=path) from error
        synchronous = "OFF" if self._private else "FULL"
        self.writer = _sqlite_engine(
            path, "BEGIN IMMEDIATE", 1, f"synchronous={synchronous}", f"cache_size=-{WRITER_CACHE_KIB}"
        )
        self.reader = _sqlite_engine(path, "BEGIN", READERS, "query_only=ON", f"cache_size=-{READER_CACHE_KIB}")

    @contextmanager
    def write(self, org: str) -> Iterator[Connection]:
        """Queue for the one write connection."""
        self._turns.take()
        try:
            with self.writer.begin() as connection:
                yield connection
        finally:
            self._turns.give()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Take a read connection of the pool."""
        with self.reader.connect() as connection, connection.begin():
            yield connection

    def optimize(self) -> None:
        """Count what the indexes hold."""
        with self.write("") as connection:
            connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        """Close all, and drop a private file."""
        self.reader.dispose()
        self.writer.dispose()
        self._turns.close()
        if self._private:
            self._private.cleanup()


def _sqlite_engine(path: str, begin: str, size: int, *pragmas: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=path),
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_use_lifo=True,  # few connections keep warm caches
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000, "isolation_level": None},
    )

    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in ("journal_mode=WAL", "foreign_keys=ON", "temp_store=MEMORY", *pragmas):
            cursor.execute(f"PRAGMA {statement}")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


class PostgresqlConnections:
    """Connections to a PostgreSQL database."""

    def __init__(self, url: str) -> None:
        # Good plans differ widely with the values; compiling one to machine code costs more than it gives.
        options = "-c jit=off -c plan_cache_mode=force_custom_plan -c timezone=UTC"
        # a replica that hangs, or is cut off in the middle, must not hold its org's lock for ever
        options += f" -c lock_timeout={BUSY_MS} -c idle_in_transaction_session_timeout={ABANDONED_MS}"
        self._writing = threading.local()
        self.writer = create_engine(
            url,
            pool_size=8,
            max_overflow=24,
            pool_use_lifo=True,
            connect_args={"options": options, "application_name": "holdfast"},
        )
        _try_when_idle(self.writer)
        self.reader = self.writer.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True, postgresql_deferrable=False
        )

    @contextmanager
    def write(self, org: str) -> Iterator[Connection]:
        """Queue on the org's advisory lock."""
        if getattr(self._writing, "inside", False):
            raise nested_write()
        self._writing.inside = True
        try:
            with self.writer.begin() as connection:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", (org,))
                yield connection
        finally:
            self._writing.inside = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Take a connection for one snapshot."""
        with self.reader.connect() as connection, connection.begin():
            yield connection

    def optimize(self) -> None:
        """Do at once what autovacuum would do later: questions are then answered from indexes alone."""
        with self.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE)")

    def close(self) -> None:
        """Close the pool."""
        self.writer.dispose()


def _try_when_idle(engine: Engine) -> None:
    """Try a connection when it is taken from the pool, but not one that worked just now: that is a round trip each."""

    def on_checkin(_connection: Any, record: Any) -> None:
        record.info["back_at"] = time.monotonic()

    def on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        back_at = record.info.get("back_at")
        if back_at is None or time.monotonic() - back_at < IDLE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the connection is gone") from error  # the pool opens another

    event.listen(engine, "checkin", on_checkin)
    event.listen(engine, "checkout", on_checkout)


def connect(url: str) -> SqliteConnections | PostgresqlConnections:
    """Return connections for a path, `:memory:`, or a `sqlite:///` or `postgresql://` URL."""
    scheme, _, rest = url.partition("://")
    if rest and scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        return PostgresqlConnections(f"postgresql+psycopg://{rest}")
    return SqliteConnections(rest.removeprefix("/") if rest and scheme == "sqlite" else url)
