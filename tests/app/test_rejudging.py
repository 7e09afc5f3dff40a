"""What waits is judged while a server runs."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from holdfast.app.house import STORE_FAILURES, House, open_house
from holdfast.app.rejudging import Rejudging, judge_here
from holdfast.app.settings import ORG, read_settings
from holdfast.errors import HoldfastError
from holdfast.loop.vex_documents import read_named, set_vex
from holdfast.model.exposure import State, Subject
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store
from tests.loop.test_heard import document, expose, only, statement
from tests.loop.world import World


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(read_settings(tmp_path, feed="none", environ={}))
    yield opened
    opened.close()


@pytest.fixture
def world(house: House) -> World:
    """Something that runs and is affected, with a document that clears it and that nobody has judged by."""
    made = World(house.store, org=ORG)
    expose(made)
    with made.turn() as turn:
        set_vex(turn, read_named("vendor", document(statement())))
    return made


def test_a_look_judges_what_waits(house: House, world: World) -> None:
    Rejudging(house, STORE_FAILURES).look()
    assert only(world).state is State.CLEARED
    assert judge_here(house, ORG) == 0


def test_what_runs_and_is_named_is_marked_once_a_day(house: House, world: World) -> None:
    job = Rejudging(house, STORE_FAILURES)
    job.look()
    with house.store.write(ORG, house.clock.now()) as tx:
        tx.exposures.save([replace(only(world), state=State.OPEN)])
    job.look()
    assert only(world).state is State.OPEN
    Rejudging(house, STORE_FAILURES).look()
    assert only(world).state is State.CLEARED


def test_it_ends_when_it_is_told_to(house: House) -> None:
    stop = threading.Event()
    stop.set()
    Rejudging(house, STORE_FAILURES).run_forever(stop)
    assert stop.is_set()


def test_what_fails_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, looks = threading.Event(), []
    job = Rejudging(house, STORE_FAILURES)

    def fail() -> None:
        looks.append(1)
        if len(looks) == 2:
            stop.set()
        raise HoldfastError("the store is away")

    monkeypatch.setattr("holdfast.app.rejudging.LOOK_S", 0.0)
    monkeypatch.setattr(Rejudging, "look", lambda _: fail())
    job.run_forever(stop)
    assert len(looks) == 2


def test_a_waiver_that_ends_is_seen_at_the_next_look(
    house: House, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[datetime | None] = []

    def mark(_store: Store, _clock: Clock, _org: str, since: datetime | None) -> datetime:
        looked.append(since)
        return house.clock.now()

    monkeypatch.setattr("holdfast.app.rejudging.mark_ended", mark)
    job = Rejudging(house, STORE_FAILURES)
    job.look()
    job.look()
    assert looked[0] is None, "whatever ended while nobody looked"
    assert looked[1] is not None


def test_what_fails_in_one_org_holds_up_no_other(house: House, world: World) -> None:
    broken = World(house.store, org="acme")
    expose(broken)
    with house.store.write("acme", house.clock.now()) as tx:
        nobody = Subject("service", "svc_nobody", "nobody")
        tx.exposures.save([replace(only(broken), subject=nobody)])
        tx.vex.mark([only(broken).cluster])
    assert [one.id for one in house.store.tenants.orgs()] == ["acme", ORG]
    Rejudging(house, STORE_FAILURES).look()
    assert only(world).state is State.CLEARED
    with house.store.read("acme") as tx:
        assert len(tx.vex.due(9)) == 1
