"""Fixtures that many tests share: a fresh store on every engine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from holdfast.edges.stores import open_store
from holdfast.edges.stores.store import SqlStore
from tests.fresh_store import fresh_store

SCRIPT = Path(__file__).parents[1] / "scripts" / "postgresql.sh"
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
_NUMBERS = count(1)


def pytest_configure() -> None:
    """Keep temporary folders in memory where there is room: a store waits for the disk with each commit."""
    if _is_roomy(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _is_roomy(folder: Path) -> bool:
    """Tell whether programs can be written to a folder and run there, with room for all of them."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC and shutil.disk_usage(folder).free >= ROOM_BYTES


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a private PostgreSQL; gives its URL. Skips without one, and fails in CI."""
    started = subprocess.run([str(SCRIPT), "start"], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        because = f"no PostgreSQL: {started.stderr.strip()[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(because)
        pytest.skip(because)
    url, folder = started.stdout.split()
    try:
        yield url
    finally:
        subprocess.run([str(SCRIPT), "stop", folder], check=False)


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """Return the name of a migrated database to copy."""
    _execute(postgresql_server, "CREATE DATABASE template_holdfast")
    open_store(_database(postgresql_server, "template_holdfast")).close()
    return "template_holdfast"


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    """Return the URL of a fresh, migrated database."""
    name = f"test_{next(_NUMBERS)}"
    _execute(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {postgresql_template} STRATEGY file_copy")
    yield _database(postgresql_server, name)
    _execute(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


def _database(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?")


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["sqlite", "memory", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a fresh store is, on each engine in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return ":memory:" if request.param == "memory" else str(tmp_path / "holdfast.db")


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    """Return a fresh store, on each engine in turn."""
    opened = fresh_store(store_url)
    try:
        yield opened
    finally:
        opened.close()
