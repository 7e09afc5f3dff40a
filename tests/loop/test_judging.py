"""What waits is judged in short transactions; each day what the day may have changed waits."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.errors import NotFoundError
from holdfast.findings.lifecycle import Transition
from holdfast.loop import judging
from holdfast.loop.judging import judge_due, mark_the_day
from holdfast.loop.reconcile import reconcile
from holdfast.loop.turn import Turn
from holdfast.loop.vex_documents import read_named, remove_vex, set_vex
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import State, Subject
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store, Transaction
from tests.loop.test_advisory_facts import debian, install, of
from tests.loop.test_heard import BAD, document, judge, notice, statement
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


class Meddled:
    """A store in which something happens once, right after one of its reads was closed."""

    def __init__(self, store: Store, reads: int, deed: Callable[[], object]) -> None:
        self._store, self._left, self._deed = store, reads, deed
        self.tenants = store.tenants

    @contextmanager
    def read(self, org: str) -> Iterator[Transaction]:
        """Look, then let it happen."""
        with self._store.read(org) as tx:
            yield tx
        self._left -= 1
        if self._left == 0:
            self._deed()

    def write(self, org: str, now: datetime) -> AbstractContextManager[Transaction]:
        """Write."""
        return self._store.write(org, now)

    def write_now(self, org: str, clock: Clock) -> AbstractContextManager[tuple[Transaction, datetime]]:
        """Write now."""
        return self._store.write_now(org, clock)

    def close(self) -> None:
        """Close it."""
        self._store.close()


def _mark(world: World, *statements: object, name: str = "vendor") -> None:
    """Keep a document that nobody judges by yet."""
    with world.turn() as turn:
        set_vex(turn, read_named(name, document(*statements, name=name)))


def test_what_begins_to_run_while_others_are_judged_waits_on(world: World) -> None:
    """What runs since the look was cleared when it began; the document changed after that."""
    world.push(record("GHSA-1", ("0", "1.5.0"), aliases=["CVE-1"]))
    _mark(world, statement())

    def meddle() -> None:
        world.ship("shop", "1", BAD)
        assert of(world, "CVE-1").state is State.CLEARED
        _mark(world, statement("affected"))

    judge_due(Meddled(world.store, 3, meddle), world.clock, world.ids, world.org)
    assert of(world, "CVE-1").state is State.OPEN


def test_a_document_that_comes_while_notices_are_looked_through_counts(world: World) -> None:
    notice(world, "CVE-2026-1")
    _mark(world, statement(vulnerability="CVE-2026-9"))

    def meddle() -> None:
        product = "pkg:rpm/redhat/libssl3?distro=redhat-9"
        _mark(world, statement(product=product, vulnerability="CVE-2026-1"), name="second")

    judge_due(Meddled(world.store, 2, meddle), world.clock, world.ids, world.org)
    assert [one.state for one in world.exposures()] == [State.CLEARED]


def test_what_fails_holds_up_no_other_batch_and_waits_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two documents are withdrawn; one's exposure is of a service that is none."""
    monkeypatch.setattr(judging, "JUDGE_CLUSTERS", 1)
    world.ship("shop", "1", BAD)
    for name in ("CVE-1", "CVE-2"):
        world.push(record(name, ("0", "1.5.0")))
    _mark(world, statement(vulnerability="CVE-1"), statement(vulnerability="CVE-2"))
    assert judge(world) == 2
    first = min(world.exposures(), key=lambda one: one.cluster)
    with world.turn() as turn:
        turn.tx.exposures.save([replace(first, subject=Subject("service", "svc_nobody", "nobody"))])
        remove_vex(turn, "vendor")
    with pytest.raises(NotFoundError, match="svc_nobody"):
        judge(world)
    assert [one.state for one in world.exposures() if one.id != first.id] == [State.OPEN]
    with world.store.read(world.org) as tx:
        assert list(tx.vex.due(9)) == [first.cluster]
