"""Fresh stores without a migration each: the newest schema is made once a process, and copied.

That migrations make this very schema, on an empty store of each engine, is what `tests/edges/stores` proves.
"""

import tempfile
from functools import cache
from pathlib import Path

from holdfast.edges.stores import open_store
from holdfast.edges.stores.engine import SqliteConnections
from holdfast.edges.stores.store import SqlStore


@cache
def migrated() -> bytes:
    """Return an empty SQLite store of the newest schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "holdfast.db"
        open_store(path).close()
        return path.read_bytes()


def fresh_store(url: str = ":memory:") -> SqlStore:
    """Return an empty store: a private one, at a path that is free, or in a PostgreSQL database that is migrated."""
    if url == ":memory:":
        connections = SqliteConnections(url)
        Path(str(connections.writer.url.database)).write_bytes(migrated())
        return SqlStore(connections)
    if "://" not in url:
        Path(url).write_bytes(migrated())
    return open_store(url)
