"""The schedule's drills, in a house of its own without a socket."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.app.drill_keeping import DrillKeeper
from holdfast.app.house import STORE_FAILURES, House, open_house
from holdfast.app.settings import ORG, read_settings
from holdfast.facts.manifest import parse_manifest
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.flags import define_flag
from holdfast.loop.intake import register_release
from holdfast.loop.requests import DeploymentRequest, ReleaseRequest
from holdfast.loop.respond import pause
from holdfast.loop.turn import Turn
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.model.inventory import Environment, Reach
from tests.edges.cli.conftest import MANIFEST

ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'
STOP = threading.Event()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in which the shop runs in production, and declares an L0 drill."""
    opened = open_house(read_settings(tmp_path / "data", feed="none", environ={}))
    with opened.store.write_now(ORG, opened.clock) as (tx, now):
        tx.environments.save(Environment(ORG, "env_1", "production", 1, Reach.INTERNET))
        define_flag(tx, "production", "shop.receipts", ON_OFF, now)
    try:
        yield opened
    finally:
        opened.close()


def ship(house: House, version: str, *, drills: str = "") -> None:
    """Register a release of the shop and deploy it."""
    (manifest,) = parse_manifest((MANIFEST + drills).encode(), file="holdfast.yaml").services
    with house.store.write_now(ORG, house.clock) as (tx, now):
        turn = Turn(tx, now, house.ids)
        register_release(turn, ReleaseRequest("shop", version, manifest=manifest))
        record_deployment(turn, DeploymentRequest("production", service="shop", version=version))


def held(house: House) -> list[DrillEvidence]:
    """Return the drills that were held, the oldest first."""
    with house.store.read(ORG) as tx:
        return list(tx.drills.list())[::-1]


def test_each_registered_release_is_looked_at_once(house: House) -> None:
    keeper = DrillKeeper(house, STORE_FAILURES)
    keeper.look_at_releases(STOP)
    ship(house, "1.0")
    keeper.look_at_releases(STOP)
    keeper.look_at_releases(STOP)
    (one,) = held(house)
    assert (one.level, one.outcome, one.requested_by) == (DrillLevel.L0, DrillOutcome.PASSED, "holdfast")
    DrillKeeper(house, STORE_FAILURES).look_at_releases(STOP)  # a server that was started anew
    ship(house, "1.1")
    DrillKeeper(house, STORE_FAILURES).look_at_releases(STOP)
    assert len(held(house)) == 2
    assert len({dict(one.inputs)["release"] for one in held(house)}) == 2


def test_declared_drill_is_held_once_until_it_is_due_again(house: House) -> None:
    ship(house, "1.0", drills="    drills: [{plan: receipts-off, every: 7d, level: L0}]\n")
    keeper = DrillKeeper(house, STORE_FAILURES)
    for _ in range(3):
        keeper.hold_due(STOP)
    (one,) = held(house)
    assert (one.plan, one.outcome, bool(one.envelope)) == ("receipts-off", DrillOutcome.PASSED, True)


def test_nothing_is_held_while_automation_is_paused(house: House) -> None:
    ship(house, "1.0", drills="    drills: [{plan: receipts-off, every: 7d, level: L0}]\n")
    with house.store.write_now(ORG, house.clock) as (tx, now):
        pause(tx, on=True, actor="tok_1", reason="an outage", now=now)
    DrillKeeper(house, STORE_FAILURES).hold_due(STOP)
    assert held(house) == []


def test_keeper_that_is_told_to_stop_stops(house: House) -> None:
    stop = threading.Event()
    stop.set()
    DrillKeeper(house, STORE_FAILURES).run_forever(stop)
    assert held(house) == []
