"""Facts too old to act on by themselves, day by day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.facts.manifest import parse_manifest
from holdfast.loop.advise import push_advisory
from holdfast.loop.alias_clusters import keep_records
from holdfast.loop.declare import declare_environment
from holdfast.loop.flags import define_flag
from holdfast.loop.freshness import Freshness
from holdfast.loop.refresh import judge_clusters
from holdfast.loop.requests import EnvironmentRequest
from holdfast.loop.turn import Turn
from holdfast.model.advisory import Snapshot
from holdfast.model.exposure import Exposure, Subject
from holdfast.model.inventory import Reach
from holdfast.model.plan import Autonomy
from holdfast.model.run import RunState
from holdfast.model.tenancy import PUBLIC
from holdfast.testing.drills import rehearse
from tests.loop.shop import make_exposure
from tests.loop.world import World, open_world, record

DAY = timedelta(days=1)


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def sync(world: World) -> None:
    """Say that the feed was synced now."""
    now = world.clock.now()
    with world.store.write(PUBLIC, now) as tx:
        tx.feeds.save(Snapshot("PyPI", "fixture", now, now, 1))


def find(world: World, exposure: Exposure, max_age: timedelta | None = DAY) -> str | None:
    with world.turn() as turn:
        return Freshness(turn.tx, turn.now, max_age).find_doubt(exposure)


def of_feed(**fields: Any) -> Exposure:
    return replace(make_exposure(), org="acme", **fields)


def test_feed_is_fresh_for_its_age_and_stale_after(world: World) -> None:
    """Day 0 synced; day 1 still fresh; a second later stale; synced again, fresh."""
    sync(world)
    world.clock.tick(86400)
    assert find(world, of_feed()) is None
    world.clock.tick(1)
    stale = find(world, of_feed())
    assert stale is not None
    assert stale.startswith("the facts about PyPI may be stale: its feed was last synced at")
    sync(world)
    assert find(world, of_feed()) is None


def test_feed_that_was_never_synced_is_stale(world: World) -> None:
    assert "no feed was synced" in (find(world, of_feed()) or "")


def test_age_is_not_judged_where_nobody_says_one(world: World) -> None:
    assert find(world, of_feed(), max_age=None) is None


def test_pushed_advisory_of_the_org_is_fresh_however_old_the_feed(world: World) -> None:
    world.ship("shop", "1", "pkg:pypi/acme-pdf@1.0")
    world.push(record("ACME-1", ("0", "2.0")))
    (exposure,) = world.exposures()
    world.clock.tick(400 * 86400)
    assert find(world, exposure) is None


def test_doubtful_match_is_not_acted_on(world: World) -> None:
    sync(world)
    assert find(world, of_feed(confidence="low")) == "the match is of low confidence"


def test_machine_that_fell_silent_is_stale(world: World) -> None:
    host = world.report("builder", "pkg:deb/debian/openssl@3.0?distro=debian-12", lease_s=900)
    exposure = of_feed(subject=Subject("host", host.id, host.name), ecosystem="Debian:12")
    assert find(world, exposure) is None
    world.clock.tick(901)
    assert "was not heard since" in (find(world, exposure) or "")
    assert "may run anything" in (find(world, replace(exposure, subject=Subject("host", "host_x", "x"))) or "")


MANIFEST = """version: 1
services:
  - name: shop
    features: [{name: pdf, flag: pdf, safe: "off", covers: ["pkg:pypi/acme-pdf"]}]
    plans:
      - id: pdf-off
        when: "true"
        do: [{action: flag.off, feature: pdf}]
        coverage: full
        verify: [{http: {url: "http://shop.example/", expect: {status: 200}}}]
        autonomy: {default: auto}
"""
ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'


@pytest.mark.parametrize(("age", "state"), [(timedelta(days=9), RunState.APPROVED), (DAY, RunState.AWAITING)])
def test_public_advisory_on_a_stale_feed_asks_a_person(world: World, age: timedelta, state: RunState) -> None:
    """Two days after the last sync a public record is judged: automatic only where the feed may be that old."""
    (declared,) = parse_manifest(MANIFEST.encode(), file="holdfast.yaml").services
    with world.turn() as turn:
        declare_environment(turn, EnvironmentRequest("production", 1, Reach.INTERNET))
        define_flag(turn.tx, "production", "pdf", ON_OFF, turn.now)
    world.release("shop", "1", "pkg:pypi/acme-pdf@1.0", manifest=declared)
    world.deploy("shop", "1")
    sync(world)
    world.clock.tick(2 * 86400)
    now = world.clock.now()
    with world.turn() as turn:
        service = turn.tx.services.find("shop")
        assert service is not None
        for plan in declared.plans:
            rehearse(turn.tx, plan, service.id, "production", now)
    compiled = compile_advisory(parse_osv(record("PYSEC-1", ("0", "2.0"))))
    with world.store.write(PUBLIC, now) as tx:
        clusters = keep_records(tx, [compiled], now).clusters
    judge_clusters(world.store, world.clock, world.ids, sorted(clusters), feed_max_age=age)
    with world.store.read("acme") as tx:
        (run,) = tx.runs.list()
    assert run.state is state
    assert (run.level is Autonomy.AUTO) is (state is RunState.APPROVED)
    assert ("may be stale" in (run.held or "")) is (state is RunState.AWAITING)


def test_turn_of_a_push_needs_no_feed(world: World) -> None:
    world.ship("shop", "1", "pkg:pypi/acme-pdf@1.0")
    now = world.clock.now()
    with world.store.write("acme", now) as tx:
        outcome = push_advisory(Turn(tx, now, world.ids, feed_max_age=DAY), record("ACME-1", ("0", "2.0")))
    assert len(outcome.exposures) == 1
