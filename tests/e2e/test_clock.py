"""A clock that runs backwards: nothing negative is hidden, nothing is resolved by it, and it is said."""

from collections.abc import Iterator

import pytest

from holdfast.findings.audit import verify_chain
from holdfast.findings.clocks import problems
from holdfast.findings.lifecycle import find_backward_clocks
from holdfast.loop.advise import push_advisory
from holdfast.metrics.summary import summarize
from holdfast.ports.store import Store
from tests.loop.world import World, open_world, record

BAD, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.4.2"


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def test_what_is_judged_before_it_was_seen_is_not_resolved(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.clock.tick(3600)
    world.push(record("A-1", ("1.0", "1.4.2")))
    world.clock.tick(-1800)
    world.push(record("A-1", ("1.0", "1.4.2"), withdrawn="2026-01-01T11:00:00Z"))
    (exposure,) = world.exposures()
    assert exposure.is_live  # the instant at which it was seen has not come yet
    (said,) = find_backward_clocks([exposure], world.clock.now())
    assert "a clock ran backwards" in said
    world.clock.tick(3600)
    assert len(world.recompute()) == 1
    assert not world.exposures()[0].is_live


def test_a_fix_that_ships_while_the_clock_is_back_is_not_called_quicker_than_it_was(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.clock.tick(3600)
    world.push(record("A-1", ("1.0", "1.4.2")))
    world.clock.tick(-600)
    world.ship("shop", "2", FIXED)
    groups = summarize(world.exposures(current=False), world.clock.now())
    for figure in (figure for group in groups for figure in group.figures):
        assert all(value is None or value >= 0 for value in (figure.p50_s, figure.p90_s, figure.mean_of_done_s))
    world.clock.tick(7200)
    world.recompute()
    (exposure,) = world.exposures()
    assert exposure.clocks.resolved_at is not None
    assert exposure.clocks.resolved_at >= exposure.clocks.detected_at


def test_what_has_not_begun_by_our_clock_is_found_when_it_has(world: World) -> None:
    world.ship("shop", "1", BAD)
    world.clock.tick(-3600)
    assert world.push(record("A-1", ("1.0", "1.4.2"))).matched == 0
    world.clock.tick(7200)
    (opened,) = world.recompute()
    assert opened.startswith("exposure.opened")
    (exposure,) = world.exposures()
    assert problems(exposure.clocks) == ()


def test_the_journal_verifies_although_its_times_run_backwards(store: Store) -> None:
    world = World(store)
    for number in range(5):
        world.ship("shop", str(number), BAD)
        world.clock.tick(-60)
    world.report("m1", BAD)
    world.clock.tick(-600)
    world.report("m1", FIXED)
    with store.read(world.org) as tx:
        assert verify_chain(tx.journal.read(), tx.journal.head()).is_intact
        assert [host.sbom for host in tx.hosts.list()] == [tx.hosts.list()[0].sbom]
    world.clock.tick(3600)
    assert world.recompute() == world.recompute() == []


def test_deployments_are_in_order_of_valid_time_whatever_our_clock_does(world: World) -> None:
    world.ship("shop", "1", BAD, started_at=world.at(-3))
    world.clock.tick(-3600)
    second = world.ship("shop", "2", FIXED, started_at=world.at(-2))
    assert second.deployment.ended_at is None
    with world.turn() as turn:
        assert push_advisory(turn, record("A-1", ("1.0", "1.4.2"))).matched == 0
