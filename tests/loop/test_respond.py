"""What plans answer when exposures open and end, and what people may do with runs."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, NotFoundError
from holdfast.loop.respond import (
    approve,
    drop_runs,
    is_paused,
    pause,
    plan_preview,
    reject,
    release_runs,
    request_run,
    respond,
    undo,
)
from holdfast.loop.respond_people import get_pause
from holdfast.model.exposure import Ending, Exposure, State, Subject
from holdfast.model.plan import Autonomy, Step
from holdfast.model.run import RunState
from holdfast.model.verdict import Pass
from tests.loop.shop import ENVIRONMENT, ORG, T0, Shop, declare, make_exposure, make_plan, open_shop


@pytest.mark.parametrize(
    ("level", "state"),
    [
        ("observe", RunState.OBSERVED),
        ("suggest", RunState.SUGGESTED),
        ("approve-1", RunState.AWAITING),
        ("auto", RunState.APPROVED),
    ],
)
def test_rung_of_the_plan_decides_how_its_run_begins(level: str, state: RunState) -> None:
    with open_shop(make_plan(level)) as shop:
        (run,) = shop.expose(make_exposure())
        assert (run.state, run.level, run.held) == (state, Autonomy(level), None)
        assert shop.run(run.id) == run


def test_planning_turns_nothing_off() -> None:
    with open_shop() as shop:
        shop.expose(make_exposure())
        assert shop.served() == "on"


def test_planned_run_is_journaled_with_what_it_would_change() -> None:
    with open_shop(make_plan("observe")) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.store.read(ORG) as tx:
            (entry,) = [entry for entry in tx.journal.about("exp_000001") if entry.kind == "run.planned"]
        body = json.loads(entry.body)
        assert body["id"] == run.id
        assert body["steps"] == [
            {"action": "flag.off", "arguments": {"feature": "tax", "flag": "tax", "variant": "off"}}
        ]
        assert body["changes"] == [
            {
                "what": "flag tax in production",
                "before": "variant on",
                "after": "variant off",
                "note": "",
            }
        ]


def test_environment_has_its_own_rung() -> None:
    plan = make_plan(autonomy=(("default", Autonomy.AUTO), (ENVIRONMENT, Autonomy.SUGGEST)))
    with open_shop(plan) as shop:
        (run,) = shop.expose(make_exposure())
        assert run.state is RunState.SUGGESTED


def test_second_look_makes_no_second_run() -> None:
    with open_shop() as shop:
        assert len(shop.expose(make_exposure())) == 1
        assert shop.expose(make_exposure()) == []


def test_unknown_condition_waits_for_a_person() -> None:
    with open_shop(make_plan(when="finding.known_exploited")) as shop:
        (run,) = shop.expose(make_exposure())
        assert (run.state, run.level) == (RunState.AWAITING, Autonomy.APPROVE_1)
        assert run.held is not None
        assert "could not be told" in run.held


def test_condition_that_fails_makes_no_run() -> None:
    with open_shop(make_plan(when="finding.severity > 9.9")) as shop:
        assert shop.expose(make_exposure()) == []


def test_first_plan_that_surely_applies_is_taken() -> None:
    unsure = make_plan(id="unsure", when="finding.known_exploited")
    with open_shop(unsure, make_plan(id="sure"), make_plan(id="later")) as shop:
        (run,) = shop.expose(make_exposure())
        assert run.plan.id == "sure"


def test_exposure_that_no_feature_covers_gets_no_run() -> None:
    with open_shop() as shop:
        assert shop.expose(make_exposure(name="otherlib")) == []


def test_flag_that_is_not_there_lets_auto_fall_to_approve() -> None:
    with open_shop() as shop:
        with shop.write() as tx:
            declare(tx, 2, "vat", make_plan())
        exposure = make_exposure(2, "svc_2", releases=("rel_2",))
        (run,) = shop.expose(exposure)
        assert (run.state, run.held) == (RunState.AWAITING, "there is no flag `vat` in `production`")


def test_stale_facts_never_act_by_themselves() -> None:
    with open_shop() as shop, shop.write() as tx:
        tx.exposures.save([make_exposure()])
        (run,) = respond(tx, [make_exposure()], T0, shop.ids, stale=lambda _: "the feed is 3 days old")
        assert (run.state, run.held) == (RunState.AWAITING, "the feed is 3 days old")


def test_match_of_low_confidence_never_acts_by_itself() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure(confidence="low"))
        assert (run.state, run.held) == (RunState.AWAITING, "the match is of low confidence")


@pytest.mark.parametrize("state", [State.MITIGATED, State.WAIVED, State.CLEARED, State.RESOLVED])
def test_exposure_that_is_not_open_gets_no_run(state: State) -> None:
    with open_shop() as shop:
        assert shop.expose(make_exposure(state=state)) == []


def test_host_gets_no_run() -> None:
    with open_shop() as shop:
        assert shop.expose(make_exposure(subject=Subject("host", "hst_1", "box"), releases=())) == []


def test_release_without_declaration_uses_the_services_own() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure(releases=()))
        assert run.plan.id == "tax-off"


def ended(exposure: Exposure, ending: Ending = Ending.FIXED) -> Exposure:
    return replace(exposure, state=State.RESOLVED, ending=ending)


@pytest.mark.parametrize("level", ["suggest", "approve-1", "auto"])
def test_run_that_has_not_begun_is_dropped_when_its_exposure_ends(level: str) -> None:
    with open_shop(make_plan(level)) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            release_runs(tx, [ended(make_exposure())], T0)
        assert (shop.run(run.id).state, shop.run(run.id).released) == (RunState.REJECTED, False)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.WAIVED, "a waiver came before it began"),
        (State.CLEARED, "a VEX document cleared the exposure before it began"),
    ],
)
@pytest.mark.parametrize("level", ["suggest", "approve-1", "auto"])
def test_run_that_has_not_begun_is_dropped_when_its_exposure_is_excused(level: str, state: State, words: str) -> None:
    with open_shop(make_plan(level)) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            assert [one.id for one in drop_runs(tx, [make_exposure(state=state)], T0)] == [run.id]
        dropped = shop.run(run.id)
        assert (dropped.state, dropped.released, dropped.held) == (RunState.REJECTED, False, words)


def test_run_that_acts_goes_on_when_its_exposure_is_cleared() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure())
        shop.engine().step(ORG)
        before = shop.run(run.id)
        with shop.write() as tx:
            assert drop_runs(tx, [make_exposure(state=State.CLEARED)], T0) == []
        assert shop.run(run.id) == before


def test_run_that_acts_is_let_go_when_its_exposure_ends() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure())
        shop.engine().step(ORG)
        with shop.write() as tx:
            assert [one.id for one in release_runs(tx, [ended(make_exposure())], T0)] == [run.id]
            assert release_runs(tx, [ended(make_exposure())], T0) == []
        assert shop.run(run.id).released


def test_merged_exposure_keeps_its_mitigation() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure())
        shop.engine().step(ORG)
        with shop.write() as tx:
            assert release_runs(tx, [ended(make_exposure(), Ending.MERGED)], T0) == []
        assert not shop.run(run.id).released


def test_preview_writes_nothing() -> None:
    with open_shop(make_plan("suggest"), make_plan(id="other")) as shop:
        with shop.write() as tx:
            tx.exposures.save([make_exposure()])
        before = shop.kinds()
        with shop.store.read(ORG) as tx:
            preview = plan_preview(tx, "exp_000001", None, T0)
        assert (preview.plan.id, preview.applies, preview.others) == ("tax-off", Pass(), ("other",))
        assert [(one.before, one.after) for one in preview.changes] == [("variant on", "variant off")]
        assert shop.kinds() == before


def test_preview_of_an_unknown_plan_names_the_known_ones() -> None:
    with open_shop() as shop, shop.write() as tx:
        tx.exposures.save([make_exposure()])
        with pytest.raises(NotFoundError, match="there is no plan `nope`") as caught:
            plan_preview(tx, "exp_000001", "nope", T0)
        assert "tax-off" in str(caught.value)


def test_person_starts_a_plan_that_only_observes() -> None:
    with open_shop(make_plan("observe")) as shop:
        (watched,) = shop.expose(make_exposure())
        with shop.write() as tx:
            run = request_run(tx, "exp_000001", None, "tok_1", T0, shop.ids)
        assert (run.id, run.state, run.approved_by) == (watched.id, RunState.APPROVED, "tok_1")


def test_person_starts_a_plan_whose_condition_does_not_hold() -> None:
    with open_shop(make_plan(when="false")) as shop:
        shop.expose(make_exposure())
        with shop.write() as tx:
            run = request_run(tx, "exp_000001", "tax-off", "tok_1", T0, shop.ids)
        assert (run.state, run.requested_by) == (RunState.APPROVED, "tok_1")


def test_person_cannot_start_what_would_not_help() -> None:
    with open_shop(make_plan("observe")) as shop:
        shop.expose(make_exposure(name="otherlib"))
        with shop.write() as tx, pytest.raises(ConflictError, match="none of its features covers `otherlib`"):
            request_run(tx, "exp_000001", "tax-off", "tok_1", T0, shop.ids)


def test_person_cannot_start_a_plan_for_an_ended_exposure() -> None:
    with open_shop() as shop:
        shop.expose(ended(make_exposure()))
        with shop.write() as tx, pytest.raises(ConflictError, match="has ended"):
            request_run(tx, "exp_000001", None, "tok_1", T0, shop.ids)


def test_plan_at_work_is_not_started_again() -> None:
    with open_shop(make_plan(verify=(replace(make_plan().verify[0], expect_status=500),))) as shop:
        shop.expose(make_exposure())
        shop.engine().step(ORG)
        with shop.write() as tx, pytest.raises(ConflictError, match="at work already"):
            request_run(tx, "exp_000001", None, "tok_1", T0, shop.ids)


def test_approved_run_names_who_approved_it() -> None:
    with open_shop(make_plan("approve-1")) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            approve(tx, run.id, "tok_1", T0)
        assert (shop.run(run.id).state, shop.run(run.id).approved_by) == (RunState.APPROVED, "tok_1")
        assert "run.approved" in shop.kinds()


def test_rejected_run_cannot_be_approved() -> None:
    with open_shop(make_plan("approve-1")) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            reject(tx, run.id, "tok_1", T0)
            with pytest.raises(ConflictError, match=r"is rejected; it cannot be approved"):
                approve(tx, run.id, "tok_1", T0)


def test_after_a_rejection_automation_asks() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            reject(tx, run.id, "tok_1", T0)
        (again,) = shop.expose(make_exposure())
        assert (again.state, again.level) == (RunState.AWAITING, Autonomy.APPROVE_1)


def test_run_that_has_not_begun_cannot_be_undone() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx, pytest.raises(ConflictError, match="is approved; it cannot be undone"):
            undo(tx, run.id, "tok_1", T0)


def test_pause_says_who_and_why() -> None:
    with open_shop() as shop, shop.write() as tx:
        pause(tx, True, "tok_1", "moving house", T0)
        assert is_paused(tx)
        assert get_pause(tx) == {"by": "tok_1", "reason": "moving house", "at": "2026-05-01T12:00:00Z"}
        pause(tx, False, "tok_1", "", T0)
        assert (is_paused(tx), get_pause(tx)) == (False, None)


@pytest.fixture
def shop_of_thousand() -> Iterator[Shop]:
    with open_shop() as shop:
        with shop.write() as tx:
            for number in range(2, 1001):
                declare(tx, number, "tax", make_plan())
        yield shop


def test_a_thousand_services_are_answered_at_once(shop_of_thousand: Shop) -> None:
    exposures = [make_exposure(n, f"svc_{n}", releases=(f"rel_{n}",)) for n in range(1, 1001)]
    runs = shop_of_thousand.expose(*exposures)
    assert len(runs) == 1000
    assert {run.state for run in runs} == {RunState.APPROVED}


def test_step_names_the_flag_of_its_own_service() -> None:
    plan = make_plan(steps=(Step("flag.off", (("flag", "tax"),)),))
    with open_shop(plan) as shop:
        (run,) = shop.expose(make_exposure())
        assert dict(run.steps[0].step.arguments) == {"flag": "tax", "variant": "off"}
