"""The frozen migrations and the tables that the code speaks of are the same."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import holdfast.edges.stores.schema_adoption
import holdfast.edges.stores.schema_advisories
import holdfast.edges.stores.schema_facts
import holdfast.edges.stores.schema_findings
import holdfast.edges.stores.schema_gate
import holdfast.edges.stores.schema_mitigations
import holdfast.edges.stores.schema_trusts
import holdfast.edges.stores.schema_vex  # noqa: F401
from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.edges.stores import migrate, open_store
from holdfast.edges.stores.engine import connect
from holdfast.edges.stores.schema import METADATA
from holdfast.errors import HoldfastError
from holdfast.findings.rank import rank_score
from holdfast.model.tenancy import PUBLIC
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, component, run_service, sbom
from holdfast.testing.stores_findings import exposure

_SHARED = {
    "org",  # the org itself
    "token",  # looked up before the org is known
    "sbom",  # (org, digest) is unique
    "component",  # shared by all orgs, tied to one by an SBOM
    "occurrence",  # of an SBOM
    "advisory",  # (org, id) is unique
    "affected_interval",  # of an advisory
    "affected_pairwise",
    "affected_vague",
    "fix_version",
    "enrichment",  # public
    "enrichment_source",
    "feed",
}


def _flat(changes: Iterable[Any]) -> Iterator[Any]:
    for change in changes:
        if isinstance(change, list):
            yield from change
        else:
            yield change


def test_migrations_make_the_tables_of_the_code(store_url: str) -> None:
    open_store(store_url).close()
    connections = connect(store_url)
    migrate.migrate(connections.writer)
    with connections.writer.connect() as connection:
        # types are compared by what goes in and comes out, in the suite: the two engines reflect them differently
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found = [*_flat(compare_metadata(context, METADATA))]
    connections.close()
    # SQLite reflects an INTEGER PRIMARY KEY as nullable; it never is
    assert [change for change in found if change[0] != "modify_nullable" or change[3] not in {"id", "number"}] == []


def test_head_is_the_newest_migration() -> None:
    script = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert script.get_heads() == [migrate.HEAD]


def test_org_is_in_the_key_of_every_tenant_table() -> None:
    keys = {table.name: [column.name for column in table.primary_key] for table in METADATA.tables.values()}
    assert {name for name, key in keys.items() if key[0] != "org"} == _SHARED


def test_an_older_store_learns_which_of_its_records_are_vague(store_url: str) -> None:
    if store_url == ":memory:":
        pytest.skip("nothing of it is left to be upgraded")
    record = {"id": "A-1", "affected": [{"package": {"ecosystem": "PyPI", "name": name}} for name in ("a", "b")]}
    with closing(open_store(store_url)) as store, store.write(PUBLIC, START) as tx:
        tx.advisories.save([compile_advisory(parse_osv(record))], START)
    connections = connect(store_url)
    with connections.writer.begin() as connection:
        _undo_gaps(connection)
        connection.exec_driver_sql("DROP TABLE affected_vague")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    connections.close()
    with closing(open_store(store_url)) as store, store.read(PUBLIC) as tx:
        assert [tx.advisories.rules("PyPI", name).vague for name in ("a", "b", "c")] == [("A-1",), ("A-1",), ()]


def test_an_older_store_learns_which_of_its_compositions_have_gaps(store_url: str) -> None:
    if store_url == ":memory:":
        pytest.skip("nothing of it is left to be upgraded")
    partial = sbom(component("a", "1"))
    with closing(open_store(store_url)) as store:
        run_service(store, "part", {"1": partial})
        run_service(store, "whole", {"1": replace(partial, unparsed=())})
    connections = connect(store_url)
    with connections.writer.begin() as connection:
        _undo_gaps(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0005'")
    connections.close()
    with closing(open_store(store_url)) as store, store.read(ORG) as tx:
        assert tx.queries.impact([], [], as_of=None, after=None, limit=1).unknown == 1


def test_an_older_store_ranks_what_it_has_as_a_new_one(store_url: str) -> None:
    if store_url == ":memory:":
        pytest.skip("nothing of it is left to be upgraded")
    exposures = [exposure(number, severity=None if number % 3 else number / 2) for number in range(1, 20)]
    exposures = [
        replace(one, risk=replace(one.risk, fix_version=None)) if n % 2 else one for n, one in enumerate(exposures)
    ]
    with closing(open_store(store_url)) as store, store.write(ORG, START) as tx:
        tx.exposures.save(exposures)
    connections = connect(store_url)
    with connections.writer.begin() as connection:
        _undo_spoken(connection)
        # the attention without the upper bit of the fix
        connection.exec_driver_sql(
            "UPDATE exposure SET rank = (rank / 4398046511104) * 2199023255552"
            " + (rank - (rank / 4398046511104) * 4398046511104) - 1099511627776"
        )
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0008'")
    connections.close()
    open_store(store_url).close()
    connections = connect(store_url)
    with connections.writer.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, rank FROM exposure ORDER BY id").all()
    connections.close()
    assert [tuple(row) for row in found] == [(one.id, rank_score(one)) for one in exposures]


def _undo_spoken(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TABLE vex_due")
    connection.exec_driver_sql("ALTER TABLE exposure DROP COLUMN package_state")


def _undo_engine(connection: Connection) -> None:
    _undo_spoken(connection)
    gate = ("policy", "waiver", "build", "inherited", "trust", "trust_use", "feed_wish")
    for table in (*gate, "vex_document", "vex_statement", "vex_about"):
        connection.exec_driver_sql(f"DROP TABLE {table}")
    for table in ("step", "signal", "timer", "outbox", "flag_version", "flag_client", "drill"):
        connection.exec_driver_sql(f"DROP TABLE {table}")
    columns = {"run": ("owner", "fence", "lease_until", "service_id"), "overlay": ("before", "expires_at", "revision")}
    columns |= {
        "exposure": ("drill",),
        "token": ("person", "person_name", "binding"),
        "release": ("min_compatible",),
        "occurrence": ("licenses",),
    }
    for table, names in columns.items():
        for name in names:
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {name}")


def _undo_gaps(connection: Connection) -> None:
    _undo_engine(connection)
    for index in ("stay_running", "deployment_running"):
        connection.exec_driver_sql(f"DROP INDEX {index}")
    connection.exec_driver_sql("ALTER TABLE stay DROP COLUMN gaps")


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "holdfast.db"
    open_store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(HoldfastError, match="9999"):
        open_store(path)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "holdfast.db"
    path.write_text("this is not a database, it is a text of some length, and it stays one\n" * 40)
    with pytest.raises(HoldfastError, match="not a database"):
        open_store(path)
    with pytest.raises(HoldfastError, match="No such file"):
        open_store(tmp_path / "none" / "holdfast.db")


def test_a_store_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "holdfast.db"
    open_store(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
