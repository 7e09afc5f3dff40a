"""Runs that another version saved: the older go on, the newer are left to who knows them."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from holdfast.edges.stores.run_bodies import read_run
from holdfast.edges.stores.store import SqlStore, open_sql_store
from holdfast.edges.stores.values import to_body
from holdfast.errors import HoldfastError
from holdfast.model.run import Approval, RunState, StepState
from tests.loop.shop import ORG, Shop, make_exposure, open_shop

FOLDER = Path(__file__).parent / "runs"


def body(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text()


def put(store: SqlStore, run_body: str) -> None:
    """Write a run's row as another version would, with no steps beside it."""
    raw = json.loads(run_body)
    row = {"org": ORG, "id": raw["id"], "exposure": raw["exposure"], "state": raw["state"], "body": run_body}
    statement = (
        "INSERT INTO run (org, id, exposure, state, released, created_at, body, fence)"
        " VALUES (:org, :id, :exposure, :state, false, 0, :body, 0)"
    )
    with store._connections.writer.begin() as connection:
        connection.execute(text(statement), row)


def test_an_older_run_is_read_with_its_approval() -> None:
    run = read_run(body("before_leases"))
    assert run.updated_at is not None
    assert run.approvals == (Approval("tok_1", run.updated_at),)
    assert (run.state, run.approved_by, run.steps[0].state) == (RunState.ACTING, "tok_1", StepState.INTENT)
    assert read_run(to_body(run)) == run


def test_a_run_without_an_approval_has_none() -> None:
    raw = json.loads(body("before_leases")) | {"approved_by": None}
    assert read_run(json.dumps(raw)).approvals == ()


def test_fields_of_a_newer_version_are_passed_over() -> None:
    assert read_run(body("unknown_fields")).state is RunState.ACTING


def test_a_run_in_a_state_of_a_newer_version_needs_somebody_who_knows_it() -> None:
    run = read_run(body("from_the_future"))
    assert (run.state, run.steps[0].state) == (RunState.NEEDS_PERSON, StepState.UNKNOWN)
    assert run.held is not None
    assert run.held.startswith("another version of Holdfast wrote this run and must go on with it")


@pytest.mark.parametrize("broken", ["{}", "[]", "{", '{"state": "acting", "steps": 3}', '"text"'])
def test_what_is_no_run_is_told(broken: str) -> None:
    with pytest.raises(HoldfastError, match="can't be read"):
        read_run(broken)


def as_sql(shop: Shop) -> SqlStore:
    assert isinstance(shop.store, SqlStore)
    return shop.store


def test_an_older_run_is_finished_by_the_new_program(store_url: str) -> None:
    """It was cut between intent and effect by the old program; the new one looks, carries it out, and proves it."""
    with open_shop(url=store_url) as shop:
        with shop.write() as tx:
            tx.exposures.save([make_exposure()])
        put(as_sql(shop), body("before_leases"))
        shop.engine().step(ORG)
        run = shop.run("run_old")
        assert (run.state, shop.served()) == (RunState.EFFECTIVE, "off"), run.held


def test_newer_and_broken_runs_stop_nobody(store_url: str) -> None:
    with open_shop(url=store_url) as shop:
        put(as_sql(shop), body("from_the_future"))
        broken = json.loads(body("before_leases")) | {"id": "run_broken", "steps": 3}
        put(as_sql(shop), json.dumps(broken))
        (run,) = shop.expose(make_exposure(2))
        shop.engine().step(ORG)
        assert shop.run(run.id).state is RunState.EFFECTIVE
        with shop.store.read(ORG) as tx:
            assert tx.leases.of("run_new") is None
        assert as_sql(shop)
        stored = open_sql_store(store_url) if store_url != ":memory:" else None
        if stored is not None:
            with stored._connections.reader.connect() as connection:
                kept = connection.execute(text("SELECT body FROM run WHERE id = 'run_new'")).scalar_one()
            stored.close()
            assert json.loads(kept)["state"] == "quarantined"
