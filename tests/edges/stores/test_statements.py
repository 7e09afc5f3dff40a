"""Statements straight to the driver give what SQLAlchemy's own way gives, errors and lost connections too."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import bindparam, literal, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from holdfast.edges.stores import open_store
from holdfast.edges.stores.engine import connect
from holdfast.edges.stores.schema_mitigations import TIMER
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.statements import Fixed, ask, change, row_of, text_of
from holdfast.edges.stores.store import SqlStore
from holdfast.errors import ConflictError, HoldfastError
from holdfast.ports.store import Transaction
from holdfast.testing.clocks import START

OF_RUN = Fixed(
    select(TIMER)
    .where(TIMER.c.org == "acme", TIMER.c.run == bindparam("p_run"), TIMER.c.kind.in_([literal("look"), literal("x")]))
    .order_by(TIMER.c.step)
)
MOVE = Fixed(update(TIMER).where(TIMER.c.run == bindparam("p_run")).values(kind="x").returning(TIMER.c.step))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """Return a session in a write transaction, with two timers of `run_1`."""
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ":memory:"
    if request.param == "postgresql":
        open_store(url).close()
        connections = connect(url)
    else:
        store = open_store(url)
        connections = store._connections
    with connections.write("acme") as connection:
        session = Session(connection, "acme", START)
        session.upsert(
            TIMER,
            [{"org": "acme", "run": "run_1", "step": step, "kind": "look", "due_at": START} for step in (1, 2)],
        )
        yield session
    connections.close()


def test_rows_of_a_fixed_statement_are_those_of_sqlalchemy(session: Session) -> None:
    slow = session.connection.execute(select(TIMER).order_by(TIMER.c.step)).fetchall()
    quick = session.rows(OF_RUN, {"p_run": "run_1"})
    assert [tuple(row) for row in quick] == [tuple(row) for row in slow]
    assert [dict(row._mapping) for row in quick] == [dict(row._mapping) for row in slow]
    assert quick[0].due_at == START


def test_one_row_is_the_first_or_none(session: Session) -> None:
    assert session.row(OF_RUN, {"p_run": "run_1"}).step == 1
    assert session.row(OF_RUN, {"p_run": "run_2"}) is None


def test_change_tells_how_many_rows_and_gives_them_back(session: Session) -> None:
    answer = session.change(MOVE, {"p_run": "run_1"})
    assert sorted(row.step for row in answer.rows) == [1, 2]
    assert session.change(MOVE, {"p_run": "run_2"}).first() is None
    assert session.change("DELETE FROM timer WHERE org = :org", {"org": "acme"}).rowcount == 2


def test_constant_of_nothing_is_bound_as_nothing(session: Session) -> None:
    session.upsert(TIMER, [{"org": "acme", "run": "run_2", "step": 1, "kind": "look", "due_at": START}])
    nothing = Fixed(update(TIMER).where(TIMER.c.run == bindparam("p_run")).values(due_at=START, kind="y"))
    assert session.change(nothing, {"p_run": "run_2"}).rowcount == 1
    row = session.row("SELECT kind, due_at FROM timer WHERE run = :run", {"run": "run_2"})
    assert row.kind == "y"
    assert datetime.fromtimestamp(row.due_at / 1_000_000, UTC) == START


def test_names_that_no_attribute_can_have_are_read_by_place() -> None:
    row = row_of(("count(*)", "class", "run"))([3, "a", "b"])
    assert (row[0], row[1], row.run) == (3, "a", "b")
    assert row._mapping == {"count(*)": 3, "class": "a", "run": "b"}


def test_broken_uniqueness_is_sqlalchemys_own_error(session: Session) -> None:
    insert = "INSERT INTO timer (org, run, step, kind, due_at) VALUES ('acme', 'run_1', 1, 'look', 0)"
    with pytest.raises(IntegrityError):
        change(session.connection, text_of(insert), {})


TIMER_COLUMNS = ("org", "run", "step", "kind", "due_at")


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_rows_are_added_however_many_they_are(session: Session, count: int) -> None:
    rows = [("acme", "run_2", step, "look\n\t'", 7) for step in range(count)]
    session.add(TIMER, TIMER_COLUMNS, iter(rows))
    found = session.rows("SELECT org, run, step, kind, due_at FROM timer WHERE run = 'run_2' ORDER BY step")
    assert [tuple(row) for row in found] == rows


def test_added_row_that_is_there_already_breaks_the_transaction(session: Session) -> None:
    with pytest.raises(ConflictError, match="it exists with other content"):
        session.add(TIMER, TIMER_COLUMNS, [("acme", "run_1", 1, "look", 7)])
    assert session.broken is not None


def end_backend(tx: Transaction, url: str) -> Session:
    """Let the server end a transaction's connection; returns the session."""
    session: Session = tx.session  # type: ignore[attr-defined]  # only the engines' own transactions have one
    backend = session.row("SELECT pg_backend_pid() AS pid").pid
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
    return session


def ask_when_gone(store: SqlStore, url: str) -> None:
    """Ask in a transaction whose connection the server ended."""
    with store.read("acme") as view:
        end_backend(view, url)
        view.timers.next_at()


def add_when_gone(store: SqlStore, url: str) -> None:
    """Add a row in a transaction whose connection the server ended."""
    with store.write("acme", START) as tx:
        end_backend(tx, url).add(TIMER, TIMER_COLUMNS, [("acme", "run_2", 1, "look", 7)])


@pytest.mark.postgresql
@pytest.mark.parametrize("use", [ask_when_gone, add_when_gone])
def test_connection_that_is_gone_is_told_and_replaced(
    postgresql_url: str, use: Callable[[SqlStore, str], None]
) -> None:
    store = open_store(postgresql_url)
    try:
        with pytest.raises(HoldfastError, match="did not answer"):
            use(store, postgresql_url)
        with store.read("acme") as view:
            assert view.timers.next_at() is None
    finally:
        store.close()


@pytest.mark.postgresql
def test_errors_of_the_driver_are_those_of_sqlalchemy(postgresql_url: str) -> None:
    connections = connect(postgresql_url)
    try:
        with connections.read() as connection, pytest.raises(OperationalError):
            ask(connection, text_of("SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)"), {})
    finally:
        connections.close()
