"""What waits is judged in short transactions; each day what the day may have changed waits."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.findings.lifecycle import Transition
from holdfast.loop import judging
from holdfast.loop.judging import judge_due, mark_the_day
from holdfast.loop.reconcile import reconcile
from holdfast.loop.turn import Turn
from holdfast.loop.vex_documents import read_named, set_vex
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import State
from tests.loop.test_advisory_facts import debian, install, of
from tests.loop.test_heard import BAD, document, judge, statement
from tests.loop.world import World, open_world, record


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def test_a_release_that_ends_takes_the_hope_away_the_next_day(world: World) -> None:
    """Debian 11 gets its last updates on 2026-08-31."""
    world.clock.set(datetime(2026, 8, 31, 12, tzinfo=UTC))
    install(world, "Debian:11")
    world.push(debian("DEBIAN-CVE-2024-2", release="Debian:11"))
    assert of(world, "CVE-2024-2").package_state is PackageState.AFFECTED
    world.clock.tick(24 * 3600)
    mark_the_day(world.store, world.clock, world.org)
    assert judge(world) == 1
    assert of(world, "CVE-2024-2").package_state is PackageState.END_OF_LIFE


def test_a_state_that_was_never_asked_for_is_asked_once(world: World) -> None:
    install(world)
    world.push(debian("DEBIAN-CVE-2024-2"))
    with world.store.write(world.org, world.clock.now()) as tx:
        tx.exposures.save([replace(of(world, "CVE-2024-2"), package_state=None)])
    mark_the_day(world.store, world.clock, world.org)
    assert judge(world) == 1
    assert of(world, "CVE-2024-2").package_state is PackageState.AFFECTED
    mark_the_day(world.store, world.clock, world.org)
    with world.store.read(world.org) as tx:
        assert list(tx.vex.due(9)) == []


def test_many_are_judged_in_batches_and_none_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "LOOK_CLUSTERS", 3)
    monkeypatch.setattr(judging, "JUDGE_CLUSTERS", 2)
    world.ship("shop", "1", BAD)
    named = [f"CVE-2026-{number}" for number in range(8)]
    for name in named[:6]:
        world.push(record(name, ("0", "1.5.0")))
    world.push(record(named[7], ("0", "1.0.0")))
    with world.turn() as turn:
        set_vex(turn, read_named("vendor", document(*(statement(vulnerability=name) for name in named))))
    assert judge_due(world.store, world.clock, world.ids, world.org) == 6
    assert {one.state for one in world.exposures()} == {State.CLEARED}
    assert judge_due(world.store, world.clock, world.ids, world.org) == 0


def test_what_stopped_in_between_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "JUDGE_CLUSTERS", 1)
    world.ship("shop", "1", BAD)
    for number in (1, 2):
        world.push(record(f"CVE-2026-{number}", ("0", "1.5.0")))
    with world.turn() as turn:
        set_vex(turn, read_named("vendor", document(*(statement(vulnerability=f"CVE-2026-{n}") for n in (1, 2)))))
    calls: list[int] = []

    def break_off(turn: Turn, *, clusters: Sequence[str]) -> list[Transition]:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return reconcile(turn, clusters=clusters)

    monkeypatch.setattr(judging, "reconcile", break_off)
    with pytest.raises(KeyboardInterrupt):
        judge(world)
    assert sorted(one.state.value for one in world.exposures()) == ["cleared", "open"]
    assert judge(world) == 1
    assert {one.state for one in world.exposures()} == {State.CLEARED}
