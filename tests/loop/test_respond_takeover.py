"""Workers that die, freeze or meet: every effect once, whoever goes on."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from holdfast.errors import FencedError
from holdfast.loop.flags import define_flag
from holdfast.loop.respond import undo
from holdfast.loop.respond_engine import Engine
from holdfast.model.plan import Step
from holdfast.model.run import Run, RunState, StepState
from holdfast.testing.drills import rehearse
from holdfast.testing.http import Reply
from tests.loop.elsewhere import Elsewhere
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, URL, Shop, make_exposure, make_plan, open_shop

NAMES = ("tax", "two", "three")
STEPS = tuple(Step("flag.off", (("flag", name), ("variant", "off"))) for name in NAMES)


class CrashError(BaseException):
    """The end of a process, in a test: nothing may catch it."""


@contextmanager
def elsewhere_shop(url: str = ":memory:", steps: tuple[Step, ...] = STEPS) -> Iterator[tuple[Shop, Elsewhere]]:
    """Open a shop whose flags are served elsewhere; its application shows what all three of them say."""
    with open_shop(make_plan(steps=steps), url=url) as shop:
        there = Elsewhere()
        with shop.write() as tx:
            for name in NAMES[1:]:
                define_flag(tx, ENVIRONMENT, name, ON_OFF, T0)
            rehearse(tx, make_plan(steps=steps), "svc_1", ENVIRONMENT, T0)

        def checkout() -> Reply:
            off = all(there.provider.served.get(name) == "off" for name in NAMES)
            return Reply(body=json.dumps({"tax": "flat" if off else "exact"}).encode())

        shop.http.answer_by("GET", URL, checkout)
        yield shop, there


def expose(shop: Shop) -> Run:
    (run,) = shop.expose(make_exposure())
    assert run.state is RunState.APPROVED, run.held
    return run


def crash_at(number: int) -> tuple[Callable[[str, Run, int], None], list[str]]:
    """Return a hook that ends the process at the boundary of that number, and the names that it saw."""
    seen: list[str] = []

    def at(name: str, run: Run, step: int) -> None:
        seen.append(f"{name}/{step}")
        if len(seen) == number:
            raise CrashError(seen[-1])

    return at, seen


def work(engine: Engine) -> bool:
    """Let an engine work until it crashes; says whether it did."""
    try:
        for _ in range(10):
            engine.step(ORG)
    except CrashError:
        return True
    return False


def count_boundaries() -> int:
    with elsewhere_shop() as (shop, there):
        expose(shop)
        at, seen = crash_at(0)
        assert not work(shop.engine(targets=there, at=at))
        return len(seen)


def test_a_three_step_run_costs_few_commits() -> None:
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        at, seen = crash_at(0)
        shop.engine(targets=there, at=at).step(ORG)
        assert shop.run(run.id).state is RunState.EFFECTIVE
        assert [name for name in seen if name.startswith("after-commit")] == [
            "after-commit:intent/1",
            "after-commit:intent/2",
            "after-commit:intent/3",
            "after-commit:finish/3",
            "after-commit:effective/0",
        ]
        assert there.provider.told == [(name, "off") for name in NAMES]


@pytest.mark.parametrize("number", range(1, count_boundaries() + 1))
def test_crash_at_any_boundary_ends_with_every_effect_once(number: int) -> None:
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        at, seen = crash_at(number)
        assert work(shop.engine(targets=there, at=at)), seen
        shop.clock.tick(4)
        assert not work(shop.engine(targets=there))
        assert shop.run(run.id).state is RunState.EFFECTIVE, shop.run(run.id).held
        assert there.provider.told == [(name, "off") for name in NAMES], seen[-1]


def test_crash_at_any_boundary_of_taking_back_ends_with_everything_back() -> None:
    number = 0
    while True:
        number += 1
        with elsewhere_shop() as (shop, there):
            run = expose(shop)
            shop.engine(targets=there).step(ORG)
            there.provider.told.clear()
            with shop.write() as tx:
                undo(tx, run.id, "tok_1", shop.clock.now())
            at, seen = crash_at(number)
            if not work(shop.engine(targets=there, at=at)):
                break
            shop.clock.tick(4)
            assert not work(shop.engine(targets=there))
            assert shop.run(run.id).state is RunState.UNDONE
            assert there.provider.told == [(name, "restored") for name in reversed(NAMES)], seen[-1]
            assert set(there.provider.served.values()) == {"on"}
    assert number > 15


def test_what_another_worker_drives_is_left_alone(store_url: str) -> None:
    """12:00:00 one worker is cut; 12:00:02 its lease still holds; 12:00:03 the other one goes on."""
    with elsewhere_shop(store_url) as (shop, there):
        run = expose(shop)
        at, _ = crash_at(4)
        assert work(shop.engine(targets=there, at=at))
        other = shop.engine(targets=there)
        shop.clock.tick(2)
        other.step(ORG)
        assert shop.run(run.id).state is not RunState.EFFECTIVE
        shop.clock.tick(1.1)
        other.step(ORG)
        assert shop.run(run.id).state is RunState.EFFECTIVE


def test_a_worker_that_was_frozen_finds_its_lease_gone_before_it_acts() -> None:
    """It freezes right before it acts; the other one finishes; it wakes, and changes nothing."""
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        woken: list[str] = []

        def at(name: str, _: Run, step: int) -> None:
            if name == "before-act" and step == 2 and not woken:
                woken.append(name)
                shop.clock.tick(4)
                shop.engine(targets=there).step(ORG)

        frozen = shop.engine(targets=there, at=at)
        frozen.step(ORG)
        assert woken
        assert shop.run(run.id).state is RunState.EFFECTIVE
        assert there.provider.told == [(name, "off") for name in NAMES]


def test_a_worker_that_was_frozen_while_it_acted_commits_nothing() -> None:
    """The effect is there once; what it says of it comes too late, and is refused by the fence."""
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        taken: list[str] = []

        def at(name: str, _: Run, step: int) -> None:
            if name == "after-act" and step == 2 and not taken:
                taken.append(name)
                shop.clock.tick(4)
                shop.engine(targets=there).step(ORG)

        shop.engine(targets=there, at=at).step(ORG)
        kinds = shop.kinds()
        assert (shop.run(run.id).state, kinds.count("run.effective")) == (RunState.EFFECTIVE, 1)
        assert there.provider.told == [(name, "off") for name in NAMES]


def test_two_engines_share_the_work_and_never_a_run(store_url: str) -> None:
    with elsewhere_shop(store_url) as (shop, there):
        run = expose(shop)
        going, stop = threading.Barrier(2), threading.Event()

        def work_on(engine: Engine) -> None:
            going.wait(10)
            while not stop.is_set() and shop.run(run.id).state is not RunState.EFFECTIVE:
                engine.step(ORG)

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(work_on, shop.engine(targets=there)) for _ in range(2)]:
                future.result(60)
        assert there.provider.told == [(name, "off") for name in NAMES]
        assert shop.kinds().count("run.step") == 6


def test_lease_is_let_go_when_a_run_rests() -> None:
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        shop.engine(targets=there).step(ORG)
        with shop.store.read(ORG) as tx:
            assert tx.leases.of(run.id) is None
        with shop.write() as tx:
            undo(tx, run.id, "tok_1", shop.clock.now())
        shop.engine(targets=there).step(ORG)
        assert shop.run(run.id).state is RunState.UNDONE


def test_fence_rises_with_every_claim_and_is_passed_on() -> None:
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        at, _ = crash_at(4)
        work(shop.engine(targets=there, at=at))
        with shop.store.read(ORG) as tx:
            old = tx.leases.of(run.id)
        shop.clock.tick(4)
        shop.engine(targets=there).step(ORG)
        assert old is not None
        with pytest.raises(FencedError), shop.write() as tx:
            tx.leases.keep(old, shop.clock.now())


def test_unread_world_is_not_acted_on() -> None:
    """After a crash with an open intent the flag system is down: it is asked again, and told nothing meanwhile."""
    with elsewhere_shop() as (shop, there):
        run = expose(shop)
        at, _ = crash_at(6)
        assert work(shop.engine(targets=there, at=at))
        told = list(there.provider.told)
        there.provider.down = "no answer"
        shop.clock.tick(4)
        engine = shop.engine(targets=there)
        engine.step(ORG)
        assert there.provider.told == told
        assert shop.run(run.id).steps[0].state is StepState.INTENT
        there.provider.down = None
        shop.clock.tick(2)
        engine.step(ORG)
        assert shop.run(run.id).state is RunState.EFFECTIVE
        assert replace(shop.run(run.id), held=None).proof
