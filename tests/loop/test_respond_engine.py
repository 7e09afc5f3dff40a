"""The engine, second by second."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import ActionError, HoldfastError
from holdfast.loop.guards import set_guards
from holdfast.loop.respond import approve, pause, release_runs, request_run, undo
from holdfast.mitigations.actions.flag_off import overlay_id
from holdfast.model.exposure import Ending, State
from holdfast.model.flag import FlagDefinition, Overlay
from holdfast.model.guard import Guards
from holdfast.model.plan import Coverage
from holdfast.model.run import RunState, StepState
from holdfast.ports.clock import Clock
from holdfast.ports.store import Transaction
from holdfast.testing.http import Reply
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, URL, Shop, declare, make_exposure, make_plan, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def test_automatic_run_turns_the_flag_off_and_stops_the_clock(shop: Shop) -> None:
    """12:00:00 detected; 12:00:03 acted, and seen in the application in the same round."""
    (run,) = shop.expose(make_exposure())
    shop.clock.tick(3)
    shop.engine().step(ORG)
    done = shop.run(run.id)
    assert (done.state, done.held) == (RunState.EFFECTIVE, None)
    assert done.proof == f'GET {URL}: status 200, /tax is "flat"'
    exposure = shop.exposure()
    assert exposure.state is State.MITIGATED
    assert (exposure.clocks.acted_at, exposure.clocks.mitigated_at) == (T0 + timedelta(seconds=3),) * 2


def test_clock_stops_when_a_probe_sees_it_not_when_it_was_written(shop: Shop) -> None:
    """12:00:00 acted; the application goes on with what it has cached; 12:00:05 a probe sees the safe variant."""
    (run,) = shop.expose(make_exposure())
    shop.http.answer("GET", URL, Reply(body=b'{"tax": "exact"}'))
    engine = shop.engine()
    engine.step(ORG)
    assert shop.served() == "off"
    assert (shop.run(run.id).state, shop.exposure().state) == (RunState.VERIFYING, State.OPEN)
    shop.http.answer_by("GET", URL, shop.checkout)
    shop.clock.tick(5)
    engine.step(ORG)
    assert shop.run(run.id).state is RunState.EFFECTIVE
    clocks = shop.exposure().clocks
    assert (clocks.acted_at, clocks.mitigated_at) == (T0, T0 + timedelta(seconds=5))


def test_probe_is_asked_again_only_after_its_interval(shop: Shop) -> None:
    shop.expose(make_exposure())
    shop.http.answer("GET", URL, Reply(status=500))
    engine = shop.engine()
    for _ in range(5):
        engine.step(ORG)
    assert len(shop.http.requests) == 1
    shop.clock.tick(1)
    engine.step(ORG)
    assert len(shop.http.requests) == 2


def test_run_without_proof_in_time_fails_and_stays_in_place(shop: Shop) -> None:
    """12:00:00 acted; 12:00:30 the deadline: the flag stays off, the exposure stays open, a person is told."""
    (run,) = shop.expose(make_exposure())
    shop.http.answer("GET", URL, Reply(broken="connection refused"))
    engine = shop.engine()
    for _ in range(31):
        engine.step(ORG)
        shop.clock.tick(1)
    failed = shop.run(run.id)
    assert failed.state is RunState.FAILED
    assert failed.held is not None
    assert "no proof in time, it stays in place" in failed.held
    assert "connection refused" in failed.held
    assert (shop.served(), shop.exposure().state) == ("off", State.OPEN)


def test_after_a_long_stop_there_is_one_look_before_giving_up(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    shop.http.answer("GET", URL, Reply(status=500))
    shop.engine().step(ORG)
    shop.http.answer_by("GET", URL, shop.checkout)
    shop.clock.tick(3600)
    shop.engine().step(ORG)
    assert shop.run(run.id).state is RunState.EFFECTIVE


def test_every_step_is_journaled_before_and_after(shop: Shop) -> None:
    shop.expose(make_exposure())
    shop.engine().step(ORG)
    kinds = [kind for kind in shop.kinds() if kind.startswith(("run.", "exposure."))]
    assert kinds == [
        "run.planned",
        "run.step",
        "run.step",
        "exposure.updated",
        "run.effective",
        "exposure.mitigated",
    ]


@pytest.mark.parametrize("coverage", [Coverage.PARTIAL, Coverage.CLIENT_ONLY])
def test_partial_coverage_helps_and_stops_no_clock(coverage: Coverage) -> None:
    with open_shop(make_plan(coverage=coverage)) as shop:
        (run,) = shop.expose(make_exposure())
        shop.engine().step(ORG)
        assert shop.run(run.id).state is RunState.EFFECTIVE
        assert (shop.exposure().state, shop.exposure().clocks.mitigated_at) == (State.OPEN, None)


def test_plan_without_probe_proves_nothing() -> None:
    with open_shop(make_plan(verify=())) as shop:
        (run,) = shop.expose(make_exposure())
        shop.engine().step(ORG)
        assert (shop.run(run.id).state, shop.exposure().state) == (RunState.FAILED, State.OPEN)
        assert shop.served() == "off"


def test_only_approved_runs_act() -> None:
    for level in ("observe", "suggest", "approve-1"):
        with open_shop(make_plan(level)) as shop:
            shop.expose(make_exposure())
            assert shop.engine().step(ORG) == 0
            assert shop.served() == "on"


def test_approved_by_a_person_it_acts() -> None:
    with open_shop(make_plan("approve-1")) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            approve(tx, run.id, "tok_1", T0)
        shop.engine().step(ORG)
        assert shop.run(run.id).state is RunState.EFFECTIVE


def intended(shop: Shop) -> str:
    """Bring a run to a committed intent, as a process does that dies right after."""
    (run,) = shop.expose(make_exposure())
    step = replace(run.steps[0], state=StepState.INTENT, at=T0)
    with shop.write() as tx:
        tx.runs.save(replace(run, state=RunState.ACTING, steps=(step,)))
    return run.id


def test_intent_without_effect_is_carried_out_after_a_crash(shop: Shop) -> None:
    run = intended(shop)
    shop.engine().step(ORG)
    assert (shop.run(run).state, shop.served()) == (RunState.EFFECTIVE, "off")


def test_intent_with_effect_is_not_carried_out_twice_after_a_crash(shop: Shop) -> None:
    run = intended(shop)
    before = Overlay(ORG, overlay_id(f"{run}/1"), ENVIRONMENT, "tax", "off", "before the crash", run, T0)
    with shop.write() as tx:
        tx.overlays.save(before)
    shop.clock.tick(9)
    shop.engine().step(ORG)
    with shop.store.read(ORG) as tx:
        assert list(tx.overlays.of_run(run)) == [before]
    assert shop.run(run).steps[0].detail.startswith("found in place")


def test_fixed_release_brings_the_flag_back(shop: Shop) -> None:
    """12:00:00 mitigated; 12:10:00 resolved and let go; 12:10:01 lifted, the flag is as defined to the bit."""
    (run,) = shop.expose(make_exposure())
    engine = shop.engine()
    engine.step(ORG)
    shop.clock.tick(600)
    resolved = replace(shop.exposure(), state=State.RESOLVED, ending=Ending.FIXED)
    with shop.write() as tx:
        tx.exposures.save([resolved])
        release_runs(tx, [resolved], shop.clock.now())
    shop.clock.tick(1)
    engine.step(ORG)
    assert (shop.run(run.id).state, shop.served()) == (RunState.UNDONE, "on")
    assert shop.exposure().clocks.lifted_at == T0 + timedelta(seconds=601)
    with shop.store.read(ORG) as tx:
        definition = tx.flags.find(ENVIRONMENT, "tax")
    assert definition is not None
    assert definition.definition == ON_OFF


def test_run_lives_the_same_life_on_every_engine(store_url: str) -> None:
    """Exposed, mitigated, the process is replaced, fixed, undone; the journal holds every step."""
    with open_shop(url=store_url) as shop:
        (run,) = shop.expose(make_exposure())
        shop.engine().step(ORG)
        assert (shop.served(), shop.exposure().state) == ("off", State.MITIGATED)
        resolved = replace(shop.exposure(), state=State.RESOLVED, ending=Ending.FIXED)
        with shop.write() as tx:
            tx.exposures.save([resolved])
            release_runs(tx, [resolved], T0)
        shop.engine().step(ORG)
        assert (shop.served(), shop.run(run.id).state) == ("on", RunState.UNDONE)
        assert [kind for kind in shop.kinds() if kind.startswith("run.")] == [
            "run.planned",
            "run.step",
            "run.step",
            "run.effective",
            "run.released",
            "run.undoing",
            "run.step",
            "run.step",
            "run.undone",
        ]


def never_rest(shop: Shop) -> None:
    """Let a service be acted on again at once."""
    with shop.write() as tx:
        set_guards(tx, Guards(cooldown_s=0.0), "tok_1", T0)


def test_flag_comes_back_when_all_overlays_are_lifted(shop: Shop) -> None:
    never_rest(shop)
    runs = [run for number in (1, 2) for run in shop.expose(make_exposure(number))]
    engine = shop.engine()
    engine.step(ORG)
    engine.step(ORG)
    for number, served in ((1, "off"), (2, "on")):
        resolved = replace(shop.exposure(number), state=State.RESOLVED, ending=Ending.FIXED)
        with shop.write() as tx:
            tx.exposures.save([resolved])
            release_runs(tx, [resolved], shop.clock.now())
        engine.step(ORG)
        assert shop.served() == served
    assert {shop.run(run.id).state for run in runs} == {RunState.UNDONE}


def test_person_takes_a_run_back_and_the_exposure_is_open_again(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    engine = shop.engine()
    engine.step(ORG)
    with shop.write() as tx:
        undo(tx, run.id, "tok_1", T0)
    engine.step(ORG)
    assert (shop.run(run.id).state, shop.served()) == (RunState.UNDONE, "on")
    assert shop.exposure().state is State.REGRESSED


def test_failed_run_is_taken_back_when_its_exposure_ends(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    shop.http.answer("GET", URL, Reply(status=500))
    engine = shop.engine()
    engine.step(ORG)
    shop.clock.tick(31)
    engine.step(ORG)
    assert shop.run(run.id).state is RunState.FAILED
    resolved = replace(shop.exposure(), state=State.RESOLVED, ending=Ending.FIXED)
    with shop.write() as tx:
        tx.exposures.save([resolved])
        release_runs(tx, [resolved], shop.clock.now())
    engine.step(ORG)
    assert (shop.run(run.id).state, shop.served()) == (RunState.UNDONE, "on")


def test_pause_holds_automation_until_it_is_lifted(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        pause(tx, True, "tok_1", "careful", T0)
    engine = shop.engine()
    engine.step(ORG)
    engine.step(ORG)
    held = shop.run(run.id).held
    assert shop.run(run.id).state is RunState.APPROVED
    assert held is not None
    assert held.startswith("automation is paused by tok_1")
    assert shop.kinds().count("run.held") == 1
    with shop.write() as tx:
        pause(tx, False, "tok_1", "", T0)
    engine.step(ORG)
    assert shop.run(run.id).state is RunState.EFFECTIVE


def test_pause_stops_a_run_between_its_steps() -> None:
    step = make_plan().steps[0]
    with open_shop(make_plan(steps=(step, step))) as shop:
        (run,) = shop.expose(make_exposure())
        first = replace(run.steps[0], state=StepState.DONE, at=T0)
        with shop.write() as tx:
            tx.runs.save(replace(run, state=RunState.ACTING, steps=(first, run.steps[1])))
            pause(tx, True, "tok_1", "careful", T0)
        engine = shop.engine()
        engine.step(ORG)
        assert shop.run(run.id).steps[1].state is StepState.PENDING
        with shop.write() as tx:
            pause(tx, False, "tok_1", "", T0)
        engine.step(ORG)
        assert [one.state for one in shop.run(run.id).steps] == [StepState.DONE] * 2


def test_pause_holds_neither_people_nor_reverts(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        pause(tx, True, "tok_1", "careful", T0)
        request_run(tx, "exp_000001", None, "tok_2", T0, shop.ids)
    engine = shop.engine()
    engine.step(ORG)
    assert shop.run(run.id).state is RunState.EFFECTIVE
    with shop.write() as tx:
        undo(tx, run.id, "tok_2", T0)
    engine.step(ORG)
    assert shop.run(run.id).state is RunState.UNDONE


def test_one_automatic_run_of_a_service_at_a_time(shop: Shop) -> None:
    never_rest(shop)
    runs = shop.expose(make_exposure(1), make_exposure(2))
    shop.http.answer("GET", URL, Reply(status=500))
    engine = shop.engine()
    engine.step(ORG)
    assert [shop.run(run.id).state for run in runs] == [RunState.VERIFYING, RunState.APPROVED]
    assert shop.run(runs[1].id).held == (
        f"run {runs[0].id} of the same service is at work; it begins when that is done"
    )
    shop.http.answer_by("GET", URL, shop.checkout)
    shop.clock.tick(1)
    engine.step(ORG)
    engine.step(ORG)
    assert [shop.run(run.id).state for run in runs] == [RunState.EFFECTIVE] * 2


def test_flag_that_vanished_is_tried_again_and_fails_in_the_end(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, 2, "vat", make_plan())
    (run,) = shop.expose(make_exposure(2, "svc_2", releases=("rel_2",)))
    with shop.write() as tx:
        approve(tx, run.id, "tok_1", T0)
    engine = shop.engine()
    engine.step(ORG)
    assert shop.run(run.id).held == "there is no flag `vat` in `production`"
    requests = len(shop.kinds())
    engine.step(ORG)
    assert len(shop.kinds()) == requests
    for _ in range(8):
        shop.clock.tick(20)
        engine.step(ORG)
    failed = shop.run(run.id)
    assert (failed.state, failed.steps[0].state) == (RunState.FAILED, StepState.UNDONE)
    assert failed.held == "step 1 `flag.off` failed: there is no flag `vat` in `production`"


def test_flag_that_comes_back_in_time_is_turned_off(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, 2, "vat", make_plan())
    (run,) = shop.expose(make_exposure(2, "svc_2", releases=("rel_2",)))
    with shop.write() as tx:
        approve(tx, run.id, "tok_1", T0)
    engine = shop.engine()
    engine.step(ORG)
    with shop.write() as tx:
        tx.flags.save(FlagDefinition(ORG, ENVIRONMENT, "vat", ON_OFF, 1, T0))
    shop.clock.tick(20)
    engine.step(ORG)
    assert (shop.run(run.id).steps[0].state, shop.served("vat")) == (StepState.DONE, "off")


def open_storm(shop: Shop, services: int) -> list[str]:
    """Let one advisory open an exposure in each of so many services; returns the ids of their runs."""
    with shop.write() as tx:
        for number in range(2, services + 1):
            tx.flags.save(FlagDefinition(ORG, ENVIRONMENT, f"tax{number}", ON_OFF, 1, T0))
            declare(tx, number, f"tax{number}", make_plan())
    exposures = [make_exposure(n, f"svc_{n}", releases=(f"rel_{n}",)) for n in range(1, services + 1)]
    return [run.id for run in shop.expose(*exposures)]


def test_storm_is_carried_out_in_one_round(shop: Shop) -> None:
    runs = open_storm(shop, 60)
    shop.http.answer("GET", URL, Reply(body=b'{"tax": "flat"}'))
    shop.engine().step(ORG)
    assert {shop.run(run).state for run in runs} == {RunState.EFFECTIVE}
    assert {shop.served(f"tax{number}") for number in range(2, 61)} == {"off"}


def test_storm_goes_on_around_a_run_that_cannot(shop: Shop) -> None:
    runs = open_storm(shop, 30)
    shop.http.answer("GET", URL, Reply(body=b'{"tax": "flat"}'))
    broken = replace(shop.run(runs[7]).steps[0].step, arguments=(("flag", "gone"), ("variant", "off")))
    with shop.write() as tx:
        run = tx.runs.get(runs[7])
        tx.runs.save(replace(run, steps=(replace(run.steps[0], step=broken),)))
    shop.engine().step(ORG)
    states = [shop.run(run).state for run in runs]
    assert (states.pop(7), set(states)) == (RunState.ACTING, {RunState.EFFECTIVE})
    assert shop.run(runs[7]).held == "there is no flag `gone` in `production`"


def test_waived_exposure_stays_waived(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        tx.exposures.save([replace(make_exposure(), state=State.WAIVED)])
    shop.engine().step(ORG)
    assert (shop.run(run.id).state, shop.exposure().state) == (RunState.EFFECTIVE, State.WAIVED)


class Unwritable:
    """A store whose journal cannot be written."""

    def __init__(self, shop: Shop) -> None:
        self._store = shop.store
        self.tenants = shop.store.tenants
        self.broken = True

    @contextmanager
    def write(self, org: str, now: datetime) -> Iterator[Transaction]:
        with self._store.write(org, now) as tx:
            yield tx
            if self.broken:
                raise HoldfastError("no space left")

    @contextmanager
    def write_now(self, org: str, clock: Clock) -> Iterator[tuple[Transaction, datetime]]:
        now = clock.now()
        with self.write(org, now) as tx:
            yield tx, now

    def read(self, org: str) -> Any:
        return self._store.read(org)

    def close(self) -> None:
        self._store.close()


def test_without_a_journal_nothing_acts(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    before = shop.kinds()
    store = Unwritable(shop)
    shop.store, whole = store, shop.store
    engine = shop.engine()
    engine.step(ORG)
    shop.store = whole
    assert (shop.run(run.id).state, shop.served(), shop.kinds()) == (RunState.APPROVED, "on", before)
    store.broken = False
    shop.clock.tick(10)
    engine.step(ORG)
    assert shop.run(run.id).state is RunState.EFFECTIVE


def test_slow_probe_blocks_no_other_run(shop: Shop) -> None:
    with shop.write() as tx:
        tx.flags.save(FlagDefinition(ORG, ENVIRONMENT, "vat", ON_OFF, 1, T0))
        declare(tx, 2, "vat", make_plan(verify=(replace(make_plan().verify[0], url="http://slow.example/"),)))
    gate = threading.Event()

    def slow() -> Reply:
        gate.wait(20)
        return Reply(body=b'{"tax": "flat"}')

    shop.http.answer_by("GET", "http://slow.example/", slow)
    (held,) = shop.expose(make_exposure(2, "svc_2", releases=("rel_2",)))
    (quick,) = shop.expose(make_exposure())
    with ThreadPoolExecutor(2) as pool:
        engine = shop.engine(executor=pool)
        engine.step(ORG)
        while shop.run(quick.id).state is RunState.VERIFYING:
            engine.step(ORG)
        assert shop.run(quick.id).state is RunState.EFFECTIVE
        assert shop.run(held.id).state is RunState.VERIFYING
        gate.set()
    engine.step(ORG)
    assert shop.run(held.id).state is RunState.EFFECTIVE


def test_engine_runs_until_it_is_told_to_stop(shop: Shop) -> None:
    changed = threading.Event()
    stop = threading.Event()
    engine = shop.engine(on_flags=lambda org, environment: changed.set())
    thread = threading.Thread(target=engine.run_forever, args=(stop,))
    thread.start()
    shop.expose(make_exposure())
    engine.wake()
    assert changed.wait(10)
    stop.set()
    engine.wake()
    thread.join(10)
    assert (thread.is_alive(), shop.served()) == (False, "off")


def test_engine_outlives_an_error_of_one_run(shop: Shop) -> None:
    def broken() -> Reply:
        raise ActionError("the network is gone")

    shop.http.answer_by("GET", URL, broken)
    (run,) = shop.expose(make_exposure())
    shop.engine().step(ORG)
    assert shop.run(run.id).state is RunState.VERIFYING


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=14))
def test_flag_is_off_exactly_while_a_run_holds_it(moves: list[tuple[bool, int]]) -> None:
    """Three exposures of one flag open and end in any order; the definition never changes by a bit."""
    with open_shop() as shop:
        never_rest(shop)
        engine = shop.engine()
        held: dict[int, int] = {}
        episode = 0
        for opens, number in moves:
            if opens and number not in held:
                episode += 1
                held[number] = episode
                shop.expose(make_exposure(episode))
            elif not opens and number in held:
                resolved = replace(shop.exposure(held.pop(number)), state=State.RESOLVED, ending=Ending.FIXED)
                with shop.write() as tx:
                    tx.exposures.save([resolved])
                    release_runs(tx, [resolved], shop.clock.now())
            shop.clock.tick(1)
            engine.step(ORG)
            assert shop.served() == ("off" if held else "on")
        with shop.store.read(ORG) as tx:
            definition = tx.flags.find(ENVIRONMENT, "tax")
        assert definition is not None
        assert definition.definition == ON_OFF
