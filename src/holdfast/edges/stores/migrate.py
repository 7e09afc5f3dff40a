"""Bringing a store's schema to the newest revision.

A store at the head costs one plain query: Alembic is imported only when there is something to do. A store of a newer
version than this program is refused.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from holdfast.errors import HoldfastError

HEAD = "0009"
_LOCK = 0x686F6C64  # any number that nobody else takes on this database


def _revision(connection: Connection) -> str | None:
    try:
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except DBAPIError:
        connection.rollback()
        return None


def migrate(engine: Engine) -> None:
    """Bring the schema to `HEAD`; several processes may try at once.

    Raises:
        HoldfastError: the store was written by a newer version.
    """
    with engine.connect() as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise HoldfastError(
            f"the store is of schema {found}, this program knows up to {HEAD}", hint="run the newer version"
        )
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
