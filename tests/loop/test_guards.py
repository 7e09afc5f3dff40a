"""Guards in the loop: limits that are kept, circumstances that are counted, and what a held run says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.flags import define_flag
from holdfast.loop.guards import HoldFinder, add_freeze, get_guards, lift_freeze, note_hold, set_guards
from holdfast.loop.pausing import pause
from holdfast.loop.respond import approve
from holdfast.mitigations.guards import uses_of
from holdfast.model.guard import Freeze, Guards, Hold
from holdfast.model.plan import Autonomy, Step
from holdfast.model.run import Run, RunState, StepState
from holdfast.testing.drills import rehearse
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, Shop, declare, make_exposure, make_plan, open_shop

FREEZE = Freeze("frz_1", "the yearly sale", T0, T0 + timedelta(hours=6))


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def hold_of(shop: Shop, run: Run) -> Hold | None:
    with shop.store.read(ORG) as tx:
        return HoldFinder(tx, shop.clock.now()).find(run)


def begun(run: Run, **fields: object) -> Run:
    """Return the run with its first step carried out."""
    step = replace(run.steps[0], state=StepState.DONE, at=T0, intended_at=T0, done_at=T0)
    return replace(run, state=RunState.EFFECTIVE, steps=(step,), **fields)  # type: ignore[arg-type]  # named by the test


def test_limits_are_the_defaults_until_somebody_sets_them(shop: Shop) -> None:
    with shop.write() as tx:
        assert get_guards(tx) == Guards()
        wanted = Guards(max_share=0.5, services_per_hour=3, freezes=(FREEZE,))
        assert set_guards(tx, wanted, "per_1", T0) == wanted
        assert get_guards(tx) == wanted


def test_change_of_limits_is_journaled_with_what_they_were(shop: Shop) -> None:
    with shop.write() as tx:
        set_guards(tx, Guards(cooldown_s=9), "per_1", T0)
        set_guards(tx, Guards(cooldown_s=9), "per_1", T0)
    with shop.store.read(ORG) as tx:
        (entry,) = [entry for entry in tx.journal.read() if entry.kind == "guards.changed"]
    body = json.loads(entry.body)
    assert (body["before"]["cooldown_s"], body["after"]["cooldown_s"], body["by"]) == (300, 9, "per_1")


def test_limits_that_mean_nothing_are_not_kept(shop: Shop) -> None:
    with shop.write() as tx, pytest.raises(UsageError):
        set_guards(tx, Guards(max_share=2), "per_1", T0)
    with shop.store.read(ORG) as tx:
        assert get_guards(tx) == Guards()


def test_freezes_are_added_lifted_and_dropped_when_they_are_over(shop: Shop) -> None:
    with shop.write() as tx:
        add_freeze(tx, FREEZE, "per_1", T0)
        assert add_freeze(tx, replace(FREEZE, id="frz_2"), "per_1", T0).freezes == (FREEZE, replace(FREEZE, id="frz_2"))
        assert lift_freeze(tx, "frz_1", "per_1", T0).freezes == (replace(FREEZE, id="frz_2"),)
        with pytest.raises(NotFoundError, match="no freeze `frz_1`"):
            lift_freeze(tx, "frz_1", "per_1", T0)
        assert set_guards(tx, get_guards(tx), "per_1", FREEZE.ends_at).freezes == ()


def test_freeze_holds_until_it_is_over(shop: Shop) -> None:
    with shop.write() as tx:
        add_freeze(tx, FREEZE, "per_1", T0)
    (run,) = shop.expose(make_exposure())
    found = hold_of(shop, run)
    assert found is not None
    assert (found.guard, found.until) == ("freeze", FREEZE.ends_at)
    shop.clock.tick(6 * 3600)
    assert hold_of(shop, run) is None


def test_run_of_the_same_service_at_work_is_waited_for(shop: Shop) -> None:
    first, second = shop.expose(make_exposure(1), make_exposure(2))
    with shop.write() as tx:
        tx.runs.save(replace(first, state=RunState.VERIFYING))
    found = hold_of(shop, second)
    assert found is not None
    assert (found.guard, first.id in found.reason) == ("service", True)


def test_run_that_waits_half_done_for_a_person_is_waited_for(shop: Shop) -> None:
    first, second = shop.expose(make_exposure(1), make_exposure(2))
    with shop.write() as tx:
        tx.runs.save(replace(first, state=RunState.NEEDS_PERSON))
    found = hold_of(shop, second)
    assert found is not None
    assert found.guard == "service"


def test_second_incident_of_one_flag_holds_it_at_once(shop: Shop) -> None:
    first, second = shop.expose(make_exposure(1), make_exposure(2))
    with shop.write() as tx:
        tx.runs.save(begun(first))
    assert hold_of(shop, second) is None


@pytest.mark.parametrize("action", ["service.off", "edge.block"])
def test_second_incidents_block_is_put_at_once(shop: Shop, action: str) -> None:
    first, second = (_blocking(run, action) for run in shop.expose(make_exposure(1), make_exposure(2)))
    with shop.write() as tx:
        tx.runs.save(begun(first))
    assert hold_of(shop, second) is None
    with shop.write() as tx:
        made = begun(first)
        steps = tuple(replace(step, state=StepState.UNDONE) for step in made.steps)
        tx.runs.save(replace(made, state=RunState.UNDONE, steps=steps))
    flapping = hold_of(shop, second)
    assert flapping is not None
    assert flapping.guard == "rest"


def _blocking(run: Run, action: str) -> Run:
    return replace(run, steps=tuple(replace(step, step=Step(action, (("path", "/tax"),))) for step in run.steps))


def test_service_rests_after_a_run_that_was_taken_back(shop: Shop) -> None:
    first, second = shop.expose(make_exposure(1), make_exposure(2))
    with shop.write() as tx:
        made = begun(first)
        steps = tuple(replace(step, state=StepState.UNDONE) for step in made.steps)
        tx.runs.save(replace(made, state=RunState.UNDONE, steps=steps))
    shop.clock.tick(299)
    found = hold_of(shop, second)
    assert found is not None
    assert (found.guard, found.until) == ("rest", T0 + timedelta(seconds=300))
    shop.clock.tick(1)
    assert hold_of(shop, second) is None


def test_second_run_of_one_exposure_waits_for_the_first(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        tx.runs.save(begun(replace(run, id="run_other", service_id="svc_other")))
    found = hold_of(shop, run)
    assert found is not None
    assert (found.guard, "run_other" in found.reason) == ("exposure", True)


def test_cap_of_services_counts_what_automation_began(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, 2, "tax", make_plan())
        set_guards(tx, Guards(services_per_hour=1), "per_1", T0)
    first, second = shop.expose(make_exposure(1), make_exposure(2, "svc_2", releases=("rel_2",)))
    with shop.write() as tx:
        tx.runs.save(begun(first))
    found = hold_of(shop, second)
    assert found is not None
    assert found.guard == "services"
    shop.clock.tick(3600)
    assert hold_of(shop, second) is None


def test_drill_that_went_stale_meanwhile_takes_auto_away(shop: Shop) -> None:
    """12:00:00 planned and paused; 40 days later the pause ends, and the drill is too old."""
    (run,) = shop.expose(make_exposure())
    assert (run.state, hold_of(shop, run)) == (RunState.APPROVED, None)
    shop.clock.tick(40 * 86400)
    found = hold_of(shop, run)
    assert found is not None
    assert (found.guard, found.lasting) == ("drill", True)


def test_org_says_how_old_a_drill_may_be(shop: Shop) -> None:
    with shop.write() as tx:
        set_guards(tx, Guards(max_drill_age_s=60), "per_1", T0)
    (run,) = shop.expose(make_exposure())
    shop.clock.tick(61)
    found = hold_of(shop, run)
    assert found is not None
    assert found.guard == "drill"


def test_exposure_that_became_doubtful_meanwhile_takes_auto_away(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        tx.exposures.save([replace(make_exposure(), confidence="low")])
    assert hold_of(shop, run) == Hold("facts", "the match is of low confidence", lasting=True)


def test_what_holds_is_stored_and_journaled_once_per_reason(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        held = note_hold(tx, run, Hold("pause", "automation is paused"), T0)
        assert held is not None
        assert (held.state, held.held) == (RunState.APPROVED, "automation is paused")
        assert note_hold(tx, held, Hold("pause", "automation is paused"), T0) is None
        assert note_hold(tx, held, Hold("freeze", "frozen"), T0) is not None
    assert shop.kinds().count("run.held") == 2
    assert shop.run(run.id).held == "frozen"


def test_what_lasts_lets_the_run_fall_to_one_approval_and_asks(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        fallen = note_hold(tx, run, Hold("drill", "its drill is stale", lasting=True), T0)
        assert fallen is not None
        assert (fallen.state, fallen.level) == (RunState.AWAITING, Autonomy.APPROVE_1)
        (message,) = tx.outbox.due(T0)
        assert "its drill is stale" in message.body
        approved = approve(tx, run.id, "per_1", T0)
        assert (approved.state, HoldFinder(tx, T0).find(approved)) == (RunState.APPROVED, None)


@pytest.fixture
def storm() -> Iterator[tuple[Shop, list[Run]]]:
    """Two hundred services that one advisory touches, each with its planned run."""
    with open_shop() as shop:
        with shop.write() as tx:
            for number in range(2, 201):
                declare(tx, number, "tax", make_plan())
        numbers = range(1, 201)
        yield shop, shop.expose(*(make_exposure(n, f"svc_{n}", releases=(f"rel_{n}",)) for n in numbers))


class Counting:
    """Runs that count how often each question is asked."""

    def __init__(self, runs: object) -> None:
        self._runs = runs
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        return getattr(self._runs, name)


def test_a_storm_is_judged_with_few_questions(storm: tuple[Shop, list[Run]], monkeypatch: pytest.MonkeyPatch) -> None:
    shop, runs = storm
    assert {run.state for run in runs} == {RunState.APPROVED}
    with shop.store.read(ORG) as tx:
        counting = Counting(tx.runs)
        monkeypatch.setattr(tx, "runs", counting)
        finder = HoldFinder(tx, T0)
        assert [run for run in runs if finder.find(run) is not None] == []
    assert (counting.asked.count("at_work"), counting.asked.count("uses")) == (1, 1)


def test_run_that_began_in_the_transaction_is_counted(shop: Shop) -> None:
    first, second = shop.expose(make_exposure(1), make_exposure(2))
    with shop.write() as tx:
        finder = HoldFinder(tx, T0)
        assert finder.find(second) is None
        step = replace(first.steps[0], state=StepState.INTENT, at=T0, intended_at=T0)
        working = replace(first, state=RunState.ACTING, steps=(step,))
        tx.runs.save(working)
        finder.note(working)
        found = finder.find(second)
    assert found is not None
    assert found.guard == "service"


def test_runs_that_begin_in_one_transaction_read_the_uses_once(
    storm: tuple[Shop, list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, runs = storm
    with shop.write() as tx:
        counting = Counting(tx.runs)
        finder = HoldFinder(tx, T0)
        set_guards(tx, Guards(services_per_hour=20, flags_per_hour=1000), "somebody", T0)
        monkeypatch.setattr(tx, "runs", counting)
        held = []
        for run in runs[:25]:
            if finder.find(run) is not None:
                held.append(run)
                continue
            step = replace(run.steps[0], state=StepState.INTENT, at=T0, intended_at=T0)
            finder.note(replace(run, state=RunState.ACTING, steps=(step,)))
    assert held == runs[20:25]
    assert counting.asked.count("uses") == 1


@pytest.mark.parametrize("state", list(StepState))
def test_uses_that_are_noted_are_those_that_the_store_tells_of(shop: Shop, state: StepState) -> None:
    (run,) = shop.expose(make_exposure())
    steps = tuple(
        replace(step, state=state, at=T0, intended_at=at, done_at=done_at)
        for step in run.steps
        for at, done_at in ((None, None), (T0, None), (T0, T0 + timedelta(seconds=3)))
    )
    for step in steps:
        made = replace(run, state=RunState.ACTING, steps=(step,))
        with shop.write() as tx:
            tx.runs.save(made)
            assert uses_of(made) == list(tx.runs.uses(T0 - timedelta(days=1)))


def test_people_cost_no_question(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        pause(tx, True, "per_1", "an outage", T0)
        counting = Counting(tx.runs)
        monkeypatch.setattr(tx, "runs", counting)
        assert HoldFinder(tx, T0).find(replace(run, break_glass="it burns")) is None
    assert counting.asked == []


def test_plan_that_nobody_rehearsed_there_is_not_automatic(shop: Shop) -> None:
    with shop.write() as tx:
        define_flag(tx, "staging", "tax", ON_OFF, T0)
    (run,) = shop.expose(make_exposure(environment="staging"))
    assert (run.state, run.level) == (RunState.AWAITING, Autonomy.APPROVE_1)
    assert run.held == "plan `tax-off` in `staging`: it was never rehearsed at L1"


def test_failed_drill_takes_auto_away_until_one_passes(shop: Shop) -> None:
    hour = T0 + timedelta(hours=1)
    with shop.write() as tx:
        rehearse(tx, make_plan(), "svc_1", ENVIRONMENT, hour, because="broken")
    (run,) = shop.expose(make_exposure(1))
    assert (run.state, "failed" in (run.held or "")) == (RunState.AWAITING, True)
    with shop.write() as tx:
        rehearse(tx, make_plan(), "svc_1", ENVIRONMENT, hour + timedelta(hours=1))
    (again,) = shop.expose(make_exposure(2))
    assert (again.state, again.level) == (RunState.APPROVED, Autonomy.AUTO)


def test_share_above_its_cap_falls_to_one_approval() -> None:
    with open_shop(make_plan(max_share=0.5)) as shop:
        (run,) = shop.expose(make_exposure())
        assert (run.state, run.level) == (RunState.AWAITING, Autonomy.APPROVE_1)
        assert run.held == "which share of `shop` it touches is not known; 50 % may be touched by itself"
