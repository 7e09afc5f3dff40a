"""The engine on a bad night: what is in doubt, broken or held is neither lost, nor done again, nor silent."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.loop.respond import approve, pause, undo
from holdfast.loop.respond_begun import confirm, resolve
from holdfast.loop.respond_engine import Engine
from holdfast.model.plan import OnExpiry, Probe, Step
from holdfast.model.run import RunState, StepState, Timer
from holdfast.ports.flag_provider import FlagProvider
from holdfast.testing.http import Reply
from holdfast.testing.targets import MemoryHttpTarget, Receiver
from tests.loop.elsewhere import Elsewhere, WithReceiver
from tests.loop.shop import ORG, T0, URL, Shop, make_exposure, make_plan, open_shop
from tests.loop.test_respond_takeover import crash_at, elsewhere_shop, expose, work

HOOK = Step("http", (("target", "hook"), ("undo", "back")))


@pytest.fixture
def hooked() -> Iterator[tuple[Shop, MemoryHttpTarget, Engine]]:
    """A shop whose plan asks a receiver that can't tell later what became of a key."""
    with open_shop(make_plan(steps=(HOOK,))) as shop:
        target = MemoryHttpTarget(Receiver(), idempotent=False, tells=False)
        shop.http.answer_by("GET", URL, lambda: Reply(body=b'{"tax": "flat"}'))
        yield shop, target, shop.engine(targets=WithReceiver(target))  # type: ignore[arg-type]  # another fake of it


def go(shop: Shop, engine: Engine, rounds: int = 5) -> None:
    for _ in range(rounds):
        engine.step(ORG)
        shop.clock.tick(1)


# What can't be looked up.


def test_what_cannot_be_looked_up_is_taken_back_by_its_undo(hooked: tuple[Shop, MemoryHttpTarget, Engine]) -> None:
    shop, target, engine = hooked
    (run,) = shop.expose(make_exposure())
    go(shop, engine)
    with shop.write() as tx:
        undo(tx, run.id, "per_1", shop.clock.now())
    go(shop, engine)
    assert (shop.run(run.id).state, shop.run(run.id).held) == (RunState.UNDONE, "a person asked for it")
    assert list(target.receiver.done) == [f"{run.id}/1", f"{run.id}/1/undo"]


@pytest.mark.parametrize("happened", [True, False])
def test_a_person_tells_whether_it_was_taken_back(
    hooked: tuple[Shop, MemoryHttpTarget, Engine], happened: bool
) -> None:
    """The undo is answered with an error: the run asks, is told, and goes on; said not to have happened it is sent."""
    shop, target, engine = hooked
    (run,) = shop.expose(make_exposure())
    go(shop, engine)
    with shop.write() as tx:
        undo(tx, run.id, "per_1", shop.clock.now())
    target.failing = [500]
    go(shop, engine)
    asked = shop.run(run.id)
    assert (asked.state, asked.steps[0].state) == (RunState.NEEDS_PERSON, StepState.UNKNOWN)
    with shop.write() as tx:
        resolve(tx, run.id, 1, happened, "per_1", shop.clock.now())
    go(shop, engine)
    assert shop.run(run.id).state is RunState.UNDONE
    assert (f"{run.id}/1/undo" in target.receiver.done) is not happened


def test_an_idempotent_receiver_is_sent_its_undo_again(hooked: tuple[Shop, MemoryHttpTarget, Engine]) -> None:
    shop, target, engine = hooked
    target.idempotent = True
    (run,) = shop.expose(make_exposure())
    go(shop, engine)
    with shop.write() as tx:
        undo(tx, run.id, "per_1", shop.clock.now())
    target.failing = [500]
    go(shop, engine)
    assert shop.run(run.id).state is RunState.UNDONE
    assert target.receiver.arrived == 2


# Guards that come in the way of what was intended already.


def test_what_was_intended_before_a_crash_is_not_carried_out_under_a_pause() -> None:
    """12:00:00 intended, and the process dies; 12:00:01 automation is paused; 13:00:01 the next process holds still."""
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        at, _ = crash_at(count_before("before-act/1"))
        assert work(shop.engine(targets=there, at=at))
        with shop.write() as tx:
            pause(tx, True, "per_1", "stop", shop.clock.now())
        shop.clock.tick(3600)
        engine = shop.engine(targets=there)
        go(shop, engine)
        held = shop.run(run.id)
        assert (held.state, there.provider.told) == (RunState.ACTING, [])
        assert held.held is not None
        assert held.held.startswith("automation is paused by per_1")
        with shop.write() as tx:
            pause(tx, False, "per_1", "", shop.clock.now())
        go(shop, engine)
        assert (shop.run(run.id).state, len(there.provider.told)) == (RunState.EFFECTIVE, 3)


def count_before(name: str) -> int:
    with elsewhere_shop() as (shop, there):
        expose(shop)
        at, seen = crash_at(0)
        work(shop.engine(targets=there, at=at))
        return seen.index(name) + 1


def test_no_other_try_is_made_under_a_pause_and_people_let_it_go_on() -> None:
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        there.provider.deaf = True
        engine = shop.engine(targets=there)
        engine.step(ORG)
        with shop.write() as tx:
            pause(tx, True, "per_1", "stop", shop.clock.now())
        go(shop, engine, 10)
        assert there.provider.told == [("tax", "off")]
        there.provider.deaf = False
        with shop.write() as tx:
            approve(tx, run.id, "per_1", shop.clock.now())
        go(shop, engine)
        assert (shop.run(run.id).state, shop.run(run.id).held) == (RunState.EFFECTIVE, None)


def test_a_look_that_breaks_is_no_proof_and_ends_in_time() -> None:
    """The probe breaks in a way nobody foresaw, every time: at 12:00:30 the run has failed, and people are told."""
    with open_shop(make_plan(verify=(Probe("telepathy", "x", interval_s=1.0, deadline_s=30.0),))) as shop:
        (run,) = shop.expose(make_exposure())
        go(shop, shop.engine(), 32)
        failed = shop.run(run.id)
        assert failed.state is RunState.FAILED
        assert failed.held is not None
        assert failed.held.startswith("no proof in time, it stays in place")
        with shop.store.read(ORG) as tx:
            assert [one.id for one in tx.outbox.due(shop.clock.now())] == [f"{run.id}/failed"]


# What stays in place.


def messages(shop: Shop) -> list[str]:
    with shop.store.read(ORG) as tx:
        return [one.id.partition("/")[2] for one in tx.outbox.due(shop.clock.now())]


def test_people_are_told_once_that_something_cannot_be_taken_back() -> None:
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        engine = shop.engine(targets=there)
        go(shop, engine)
        there.provider.deaf = True
        with shop.write() as tx:
            undo(tx, run.id, "per_1", shop.clock.now())
        go(shop, engine, 60)
        assert shop.run(run.id).state is RunState.UNDOING
        assert messages(shop) == ["not-back-3"]
        there.provider.deaf = False
        go(shop, engine, 60)
        assert shop.run(run.id).state is RunState.UNDONE


def test_what_was_never_proven_is_kept_by_a_person_when_it_expires() -> None:
    """12:00:30 failed and in place; 12:01:00 it expires and people are asked; one keeps it for an hour."""
    with open_shop(make_plan(expires_s=60.0)) as shop:
        shop.http.answer("GET", URL, Reply(status=500))
        (run,) = shop.expose(make_exposure())
        engine = shop.engine()
        go(shop, engine, 70)
        asked = shop.run(run.id)
        assert (asked.state, asked.expires_at) == (RunState.FAILED, T0 + timedelta(seconds=60))
        with shop.write() as tx:
            confirm(tx, run.id, "per_1", shop.clock.now(), for_s=3600)
        told = len(messages(shop))
        go(shop, engine, 60)
        assert (shop.run(run.id).held, len(messages(shop))) == ("it failed, and a person keeps what it did", told)


def test_nobody_is_asked_to_keep_what_was_taken_back() -> None:
    with open_shop(make_plan(expires_s=60.0)) as shop:
        there = Elsewhere()
        run = expose(shop)
        there.provider.deaf = True
        engine = shop.engine(targets=there)
        go(shop, engine, 5)
        shop.clock.tick(60)
        go(shop, engine, 5)
        failed = shop.run(run.id)
        assert (failed.state, failed.expires_at) == (RunState.FAILED, None)
        assert messages(shop) == ["failed"]
        with shop.store.read(ORG) as tx:
            assert tx.timers.next_at() is None


def test_what_expires_is_taken_back_however_many_are_watched() -> None:
    """A thousand timers of other runs were due earlier, and stay so."""
    with open_shop(make_plan(expires_s=60.0, on_expiry=OnExpiry.REVERT)) as shop:
        (run,) = shop.expose(make_exposure())
        engine = shop.engine()
        engine.step(ORG)
        with shop.write() as tx:
            for number in range(1000):
                tx.timers.set(Timer(ORG, f"run_other_{number}", 0, "health", T0))
        shop.clock.tick(100)
        go(shop, engine, 2)
        assert (shop.run(run.id).state, shop.served()) == (RunState.UNDONE, "on")


# What nobody promised.


@pytest.mark.parametrize("threads", [0, 2])
def test_what_an_adapter_does_not_promise_is_its_steps_error_and_ends_no_round(threads: int) -> None:
    """One flag system has a fault; the run says so, tries again and goes on as soon as the fault is gone."""
    with elsewhere_shop() as (shop, there):

        def fault() -> None:
            raise KeyError("tax")

        there.provider.on_force = fault
        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(threads)) if threads else None
            engine = shop.engine(targets=there, executor=pool)
            run = expose(shop)
            while shop.run(run.id).steps[0].attempt < 2:
                engine.step(ORG)
                shop.clock.tick(0.2)
            told = shop.run(run.id).steps[0]
            assert "`KeyError`" in told.detail
            there.provider.on_force = lambda: None
            while shop.run(run.id).state is not RunState.EFFECTIVE:
                engine.step(ORG)
                shop.clock.tick(0.2)
        assert there.provider.served == {"tax": "off", "two": "off", "three": "off"}


class BrokenTargets(Elsewhere):
    """Targets whose flag system can't even be named while there is a fault."""

    fault = True

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Fail as no port promises."""
        if self.fault:
            raise KeyError(environment)
        return super().flags(org, environment)


def test_a_fault_before_anything_is_asked_is_written_in_its_run_and_ends_no_round() -> None:
    with elsewhere_shop() as (shop, _):
        there = BrokenTargets()
        engine = shop.engine(targets=there)
        run = expose(shop)
        go(shop, engine, 3)
        assert shop.run(run.id).state is RunState.APPROVED
        assert "`KeyError`" in str(shop.run(run.id).held)
        there.fault = False
        shop.http.answer_by("GET", URL, lambda: Reply(body=b'{"tax": "flat"}'))
        go(shop, engine, 30)
        assert shop.run(run.id).state is RunState.EFFECTIVE


def test_a_fault_in_what_a_run_waits_for_ends_no_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written in a run that waits is looked at again in every round, by the same code that had the fault."""

    def fault(*_: object) -> str:
        raise KeyError("target")

    with elsewhere_shop() as (shop, there):
        engine = shop.engine(targets=there)
        run = expose(shop)
        with shop.write() as tx:
            tx.runs.save(replace(tx.runs.get(run.id), held="what its action said"))
        monkeypatch.setattr("holdfast.loop.respond_setting.find_target", fault)
        go(shop, engine, 5)
        assert "`KeyError`" in str(shop.run(run.id).held)
        monkeypatch.undo()
        shop.http.answer_by("GET", URL, lambda: Reply(body=b'{"tax": "flat"}'))
        go(shop, engine, 30)
        assert shop.run(run.id).state is RunState.EFFECTIVE
