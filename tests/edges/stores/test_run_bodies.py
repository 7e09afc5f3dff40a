"""Runs that another version saved: the older go on, the newer are left to who knows them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from holdfast.edges.stores.run_bodies import read_run
from holdfast.edges.stores.store import SqlStore, open_sql_store
from holdfast.edges.stores.values import to_body
from holdfast.errors import ConflictError, HoldfastError
from holdfast.loop.respond import release_runs
from holdfast.loop.respond_begun import resolve
from holdfast.model.exposure import Ending, State
from holdfast.model.run import Approval, RunState, StepState
from tests.loop.shop import ORG, Shop, declare, make_exposure, make_plan, open_shop

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


def test_nothing_of_a_newer_run_is_overwritten_but_that_it_is_let_go(store_url: str) -> None:
    """Its time is over and its exposure ends: this version takes note for the one that knows the run."""
    with open_shop(make_plan(expires_s=60.0), url=store_url) as shop:
        (run,) = shop.expose(make_exposure())
        engine = shop.engine()
        engine.step(ORG)
        row = json.loads(to_body(shop.run(run.id))) | {"state": "hibernating", "invented": [1]}
        raw = row | {"steps": [{**row["steps"][0], "state": "dreaming"}]}
        with as_sql(shop)._connections.writer.begin() as connection:
            values = {"body": json.dumps(raw), "id": run.id}
            connection.execute(text("UPDATE run SET state = 'hibernating', body = :body WHERE id = :id"), values)
        shop.clock.tick(100)
        assert engine.step(ORG) == 0
        ended = replace(make_exposure(), state=State.RESOLVED, ending=Ending.FIXED)
        with shop.write() as tx:
            release_runs(tx, [ended], shop.clock.now())
            with pytest.raises(ConflictError, match="can't be resolved"):
                resolve(tx, run.id, 1, True, "per_1", shop.clock.now())
        engine.step(ORG)
        with as_sql(shop)._connections.read() as reading:
            (state, released, kept) = reading.execute(text("SELECT state, released, body FROM run")).one()
    assert (state, bool(released)) == ("hibernating", True)
    assert json.loads(kept) == raw | {"released": True, "undo_because": "its exposure has ended"}


def test_a_run_that_cannot_be_read_stops_no_other(store_url: str) -> None:
    """Its row was changed by hand while a timer of it is due: the other run of the org acts all the same."""
    with open_shop(make_plan(expires_s=60.0), url=store_url) as shop:
        (broken,) = shop.expose(make_exposure())
        engine = shop.engine()
        engine.step(ORG)
        with as_sql(shop)._connections.writer.begin() as connection:
            connection.execute(text("UPDATE run SET body = '{' WHERE id = :id"), {"id": broken.id})
        shop.clock.tick(100)
        with shop.write() as tx:
            declare(tx, 2, "tax", make_plan())
        (other,) = shop.expose(make_exposure(2, service="svc_2", releases=("rel_2",)))
        engine.step(ORG)
        assert shop.run(other.id).state is RunState.EFFECTIVE
