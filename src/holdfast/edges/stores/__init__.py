"""Stores: one implementation on SQLAlchemy Core, two engines."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.edges.stores.store import SqlStore

__all__ = ["open_store"]


def open_store(url_or_path: str | PathLike[str]) -> SqlStore:
    """Return the store at a path, a `sqlite:///…` or `postgresql://…` URL; `:memory:` is a private one.

    Migrates its schema when it is of an older version.

    Raises:
        HoldfastError: the database does not answer, or was written by a newer version.
    """
    from holdfast.edges.stores.store import open_sql_store

    return open_sql_store(fspath(url_or_path))
