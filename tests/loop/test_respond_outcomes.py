"""What follows: the next rung, people, health, expiry, targets; each second by second."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from holdfast.loop.guards import set_guards
from holdfast.loop.respond import approve, request_run, respond, undo
from holdfast.loop.respond_begun import confirm, resolve
from holdfast.model.exposure import State
from holdfast.model.guard import Guards
from holdfast.model.inventory import Deployment, Status
from holdfast.model.plan import OnExpiry, OnFailure, Plan, Probe, Step
from holdfast.model.run import Run, RunState, StepState
from holdfast.testing.http import Reply
from tests.loop.elsewhere import Elsewhere, WithReceiver
from tests.loop.shop import ENVIRONMENT, ORG, T0, URL, Shop, make_exposure, make_plan, open_shop

TAX = Step("flag.off", (("feature", "tax"),))
HOOK = Step("http", (("target", "hook"),))
HEALTH = Probe("http", "http://shop.example/health")


@contextmanager
def opened(*plans: Plan, url: str = ":memory:") -> Iterator[Shop]:
    """Open a shop in which nothing rests."""
    with open_shop(*plans, url=url) as shop:
        with shop.write() as tx:
            set_guards(tx, Guards(cooldown_s=0.0), "tok_1", T0)
        yield shop


def ask(shop: Shop, plan: str | None = None) -> Run:
    """Let a person start a plan."""
    with shop.write() as tx:
        tx.exposures.save([make_exposure()])
        return request_run(tx, "exp_000001", plan, "tok_1", shop.clock.now(), shop.ids)


def go(shop: Shop, seconds: int = 0, **options: Any) -> None:
    """Let one engine work for so many seconds."""
    engine = shop.engine(**options)
    engine.step(ORG)
    for _ in range(seconds):
        shop.clock.tick(1)
        engine.step(ORG)


def messages(shop: Shop) -> list[str]:
    """Return the kinds of what waits in the outbox."""
    with shop.store.read(ORG) as tx:
        return [json.loads(one.body)["kind"] for one in tx.outbox.due(shop.clock.now())]


def runs_of(shop: Shop) -> list[Run]:
    with shop.store.read(ORG) as tx:
        return list(tx.runs.of_exposures(["exp_000001"]))


# The next rung.


def ladder(**fields: Any) -> tuple[Plan, Plan]:
    first = make_plan(id="first", steps=(TAX,), otherwise="second", **fields)
    return first, make_plan("approve-1", id="second", when="false", steps=(TAX,))


def test_a_flag_system_that_is_down_is_noticed_before_it_is_needed() -> None:
    """12:00:00 it is down: nothing was intended, the next rung waits for a person, who is asked."""
    with opened(*ladder()) as shop:
        there = Elsewhere()
        there.provider.down = "no answer from unleash"
        (run,) = shop.expose(make_exposure())
        go(shop, targets=there)
        failed, rung = runs_of(shop)
        assert (failed.id, failed.state, failed.steps[0].state) == (run.id, RunState.FAILED, StepState.SKIPPED)
        assert failed.held == "step 1 `flag.off` can't be carried out: no answer from unleash"
        assert (rung.plan.id, rung.state, rung.after) == ("second", RunState.AWAITING, run.id)
        assert messages(shop) == ["approval"]
        assert there.provider.told == []


def test_a_step_that_fails_makes_way_for_the_next_rung_and_is_taken_back() -> None:
    with opened(*ladder()) as shop:
        there = Elsewhere()
        there.provider.deaf = True
        shop.expose(make_exposure())
        go(shop, seconds=70, targets=there)
        failed, rung = runs_of(shop)
        assert (failed.state, failed.steps[0].state) == (RunState.FAILED, StepState.UNDONE)
        assert (rung.plan.id, rung.after) == ("second", failed.id)


def test_the_next_rung_does_not_wait_for_what_cannot_be_taken_back() -> None:
    """The flag system dies in the middle: the first plan can't even be undone, and the second one acts at once."""
    first = make_plan(id="first", steps=(TAX,), otherwise="second")
    second = make_plan(id="second", when="false", steps=(HOOK,))
    with opened(first, second) as shop:
        there, receiver = Elsewhere(), WithReceiver()
        receiver.receiver.tells = True
        there.http = receiver.http  # type: ignore[method-assign]
        there.provider.on_force = lambda: setattr(there.provider, "down", "no answer")
        shop.http.answer("GET", URL, Reply(body=b'{"tax": "flat"}'))
        shop.expose(make_exposure())
        go(shop, seconds=70, targets=there)
        failed, rung = runs_of(shop)
        assert (failed.state, failed.failed) == (RunState.UNDOING, True)
        assert (rung.plan.id, rung.state) == ("second", RunState.EFFECTIVE), rung.held
        assert len(receiver.receiver.got) == 1


def test_flags_that_are_served_elsewhere_need_no_definition_here() -> None:
    with opened(
        make_plan(steps=(Step("flag.off", (("feature", "tax"), ("flag", "elsewhere"), ("variant", "off"))),))
    ) as shop:
        with shop.write() as tx:
            tx.exposures.save([make_exposure()])
            (here,) = respond(tx, [make_exposure()], T0, shop.ids)
            tx.exposures.save([make_exposure(2)])
            (there,) = respond(tx, [make_exposure(2)], T0, shop.ids, targets=Elsewhere())
        assert (here.state, here.held) == (RunState.AWAITING, "there is no flag `elsewhere` in `production`")
        assert there.state is RunState.APPROVED


def test_without_another_rung_a_person_is_told() -> None:
    with opened(make_plan(steps=(TAX,))) as shop:
        there = Elsewhere()
        there.provider.down = "no answer"
        shop.expose(make_exposure())
        go(shop, targets=there)
        assert messages(shop) == ["failed"]


def test_rungs_that_lead_to_each_other_end() -> None:
    first, second = ladder()
    second = replace(make_plan(id="second", steps=(TAX,)), otherwise="first")
    with opened(first, second) as shop:
        there = Elsewhere()
        there.provider.down = "no answer"
        shop.expose(make_exposure())
        go(shop, seconds=3, targets=there)
        assert [run.plan.id for run in runs_of(shop)] == ["first", "second"]
        assert messages(shop) == ["failed"]


def test_a_person_is_not_stopped_by_what_automation_would_find_out() -> None:
    with opened(*ladder()) as shop:
        there = Elsewhere()
        there.provider.down = "no answer"
        run = ask(shop, "first")
        engine = shop.engine(targets=there)
        engine.step(ORG)
        there.provider.down = None
        shop.clock.tick(10)
        engine.step(ORG)
        assert shop.run(run.id).steps[0].state in {StepState.DONE, StepState.PENDING}


def test_a_failed_plan_keeps_what_was_done_where_it_says_so() -> None:
    plan = make_plan(steps=(TAX, HOOK), on_failure=OnFailure.KEEP)
    with opened(plan) as shop:
        there = WithReceiver()
        run = ask(shop)
        there.receiver.answers, there.receiver.tells = False, True
        there.receiver.got.clear()
        there.receiver.look = lambda key: None  # type: ignore[method-assign]  # nobody knows
        go(shop, targets=there)
        assert shop.run(run.id).state is RunState.NEEDS_PERSON
        assert shop.served() == "off"


# A step whose fate nobody can prove.


@pytest.mark.parametrize("happened", [True, False])
def test_what_cannot_be_proved_goes_to_a_person_who_says_what_happened(happened: bool) -> None:
    with opened(make_plan(steps=(HOOK, TAX))) as shop:
        there = WithReceiver()
        run = ask(shop)
        go(shop, targets=there)
        asked = shop.run(run.id)
        assert (asked.state, asked.steps[0].state) == (RunState.NEEDS_PERSON, StepState.UNKNOWN)
        assert [kind for kind in messages(shop) if kind != "approval"] == ["needs-person"]
        assert len(there.receiver.got) == 1
        there.receiver.tells = True
        with shop.write() as tx:
            resolve(tx, run.id, 1, happened, "tok_2", shop.clock.now())
        go(shop, targets=there)
        assert shop.run(run.id).state is RunState.EFFECTIVE
        assert len(there.receiver.got) == (1 if happened else 2)


def test_the_fence_goes_with_every_request() -> None:
    with opened(make_plan(steps=(HOOK,))) as shop:
        there = WithReceiver()
        there.receiver.tells = True
        run = ask(shop)
        shop.http.answer("GET", URL, Reply(body=b'{"tax": "flat"}'))
        go(shop, targets=there)
        assert shop.run(run.id).state is RunState.EFFECTIVE
        assert there.receiver.got == [(f"{run.id}/1", 1)]


# Health.


def watched(**fields: Any) -> Plan:
    return make_plan(health=(HEALTH,), **{"health_for_s": 30.0, **fields})


def test_a_run_under_which_the_service_gets_worse_is_taken_back() -> None:
    """12:00:00 effective; 12:00:01, :02, :03 the health probe fails: taken back, and not tried again by itself."""
    with opened(watched()) as shop:
        shop.http.answer("GET", HEALTH.url, Reply(), Reply(), Reply(status=500))
        (run,) = shop.expose(make_exposure())
        go(shop, seconds=5)
        ended = shop.run(run.id)
        assert (ended.state, ended.healthy_before) == (RunState.UNDONE, True)
        assert ended.undo_because is not None
        assert ended.undo_because.startswith("the service got worse after it: GET http://shop.example/health")
        assert (shop.served(), shop.exposure().state) == ("on", State.REGRESSED)
        assert "reverted" in messages(shop)
        (again,) = shop.expose(shop.exposure())
        assert again.state is RunState.AWAITING


def test_a_service_that_was_ill_before_is_not_judged() -> None:
    with opened(watched()) as shop:
        shop.http.answer("GET", HEALTH.url, Reply(status=500))
        (run,) = shop.expose(make_exposure())
        go(shop, seconds=10)
        assert (shop.run(run.id).state, shop.run(run.id).healthy_before) == (RunState.EFFECTIVE, False)


def test_health_is_watched_for_as_long_as_the_plan_says() -> None:
    with opened(watched()) as shop:
        shop.http.answer("GET", HEALTH.url, Reply())
        (run,) = shop.expose(make_exposure())
        engine = shop.engine()
        for _ in range(32):
            engine.step(ORG)
            shop.clock.tick(1)
        shop.http.answer("GET", HEALTH.url, Reply(status=500))
        for _ in range(10):
            engine.step(ORG)
            shop.clock.tick(1)
        assert shop.run(run.id).state is RunState.EFFECTIVE
        with shop.store.read(ORG) as tx:
            assert (tx.timers.next_at(), tx.leases.of(run.id)) == (None, None)


def test_another_worker_goes_on_watching() -> None:
    with opened(watched()) as shop:
        shop.http.answer("GET", HEALTH.url, Reply())
        (run,) = shop.expose(make_exposure())
        go(shop)
        shop.http.answer("GET", HEALTH.url, Reply(status=500))
        shop.clock.tick(4)
        go(shop, seconds=4)
        assert shop.run(run.id).state is RunState.UNDONE


def unproven(shop: Shop, seconds: int = 33) -> Run:
    """Return a run that failed: its flag is off, and the checkout never showed it."""
    shop.http.answer("GET", HEALTH.url, Reply())
    shop.http.answer("GET", URL, Reply(body=b"{}"))
    (run,) = shop.expose(make_exposure())
    go(shop, seconds=seconds)
    failed = shop.run(run.id)
    assert (failed.state, shop.served()) == (RunState.FAILED, "off")
    return failed


def test_an_unproven_run_under_which_the_service_gets_worse_is_taken_back() -> None:
    """It failed at 12:00:30 and stays; three looks in a row then find the service unwell."""
    with opened(watched(health_for_s=60.0)) as shop:
        run = unproven(shop)
        shop.http.answer("GET", HEALTH.url, Reply(status=500))
        go(shop, seconds=6)
        ended = shop.run(run.id)
        assert (ended.state, shop.served()) == (RunState.UNDONE, "on")
        assert (ended.undo_because or "").startswith("the service got worse after it: GET http://shop.example/health")
        assert "reverted" in messages(shop)
        with shop.store.read(ORG) as tx:
            assert (tx.timers.next_at(), tx.leases.of(run.id)) == (None, None)


def test_an_unproven_run_is_watched_now_and_then_for_as_long_as_it_stays() -> None:
    """An hour later, far beyond `health_for`, it is looked at twice a minute; one bad look takes nothing back."""
    with opened(watched()) as shop:
        run = unproven(shop)
        go(shop, seconds=5)
        looks = shop.http.requests.count(("GET", HEALTH.url))
        shop.clock.tick(3600)
        go(shop, seconds=61)
        assert shop.http.requests.count(("GET", HEALTH.url)) - looks in {2, 3}
        shop.http.answer("GET", HEALTH.url, Reply(status=500), Reply())
        go(shop, seconds=61)
        assert shop.run(run.id).state is RunState.FAILED
        shop.http.answer("GET", HEALTH.url, Reply(status=500))
        go(shop, seconds=40)
        assert (shop.run(run.id).state, shop.served()) == (RunState.UNDONE, "on")


def test_an_unproven_run_that_was_undone_is_watched_no_more() -> None:
    with opened(watched()) as shop:
        run = unproven(shop)
        with shop.write() as tx:
            undo(tx, run.id, "per_1", shop.clock.now())
        go(shop, seconds=2)
        looks = shop.http.requests.count(("GET", HEALTH.url))
        go(shop, seconds=61)
        assert shop.http.requests.count(("GET", HEALTH.url)) == looks
        with shop.store.read(ORG) as tx:
            assert tx.timers.next_at() is None


# Expiry.


def test_what_expires_is_taken_back() -> None:
    plan = make_plan(expires_s=3600.0, on_expiry=OnExpiry.REVERT)
    with opened(plan) as shop:
        (run,) = shop.expose(make_exposure())
        go(shop)
        assert shop.run(run.id).expires_at == T0 + timedelta(hours=1)
        shop.clock.tick(3599)
        go(shop)
        assert shop.served() == "off"
        shop.clock.tick(1)
        go(shop)
        assert (shop.run(run.id).state, shop.served()) == (RunState.UNDONE, "on")
        assert "it expired at" in str(shop.run(run.id).undo_because)


def test_what_must_be_confirmed_stays_and_is_asked_about_until_somebody_does() -> None:
    """13:00 asked; 14:00 asked again; 14:00:01 confirmed for another hour; 15:00:01 asked again."""
    with opened(make_plan(expires_s=3600.0)) as shop:
        (run,) = shop.expose(make_exposure())
        go(shop)
        for asked in (1, 2):
            shop.clock.tick(3600)
            go(shop)
            go(shop)
            assert (shop.served(), len(messages(shop))) == ("off", asked)
        assert "confirm it again, or undo it" in str(shop.run(run.id).held)
        shop.clock.tick(1)
        with shop.write() as tx:
            confirm(tx, run.id, "tok_1", shop.clock.now())
        shop.clock.tick(3599)
        go(shop)
        assert (shop.run(run.id).held, len(messages(shop))) == (None, 2)
        shop.clock.tick(1)
        go(shop)
        assert len(messages(shop)) == 3


# Live targets.


def deploy(shop: Shop, target: str) -> None:
    with shop.write() as tx:
        tx.deployments.save(
            Deployment(ORG, f"dep_{target}", "svc_1", "rel_1", ENVIRONMENT, target, Status.SUCCEEDED, 1.0, T0, None, T0)
        )


def test_clock_stops_when_every_live_target_shows_it_and_the_others_are_named() -> None:
    probe = replace(make_plan().verify[0], url="http://{target}.example/checkout")
    with opened(make_plan(verify=(probe,))) as shop:
        deploy(shop, "eu")
        deploy(shop, "us")
        shop.http.answer("GET", "http://eu.example/checkout", Reply(body=b'{"tax": "flat"}'))
        shop.http.answer("GET", "http://us.example/checkout", Reply(body=b'{"tax": "exact"}'))
        (run,) = shop.expose(make_exposure())
        go(shop)
        assert (shop.run(run.id).state, shop.run(run.id).unproven) == (RunState.VERIFYING, ("us",))
        assert shop.exposure().state is State.OPEN
        shop.http.answer("GET", "http://us.example/checkout", Reply(body=b'{"tax": "flat"}'))
        shop.clock.tick(4)
        go(shop)
        assert (shop.run(run.id).state, shop.run(run.id).unproven) == (RunState.EFFECTIVE, ())
        assert shop.exposure().state is State.MITIGATED


def test_a_target_that_never_shows_it_is_named_in_the_end() -> None:
    probe = replace(make_plan().verify[0], url="http://{target}.example/checkout")
    with opened(make_plan(verify=(probe,))) as shop:
        deploy(shop, "eu")
        shop.http.answer("GET", "http://eu.example/checkout", Reply(body=b'{"tax": "exact"}'))
        (run,) = shop.expose(make_exposure())
        go(shop, seconds=31)
        failed = shop.run(run.id)
        assert (failed.state, failed.unproven, shop.served()) == (RunState.FAILED, ("eu",), "off")


# Together.


def test_two_runs_never_act_on_one_target_at_a_time() -> None:
    """A flag that takes its time holds another run on the same flag back until it is through."""
    with opened(make_plan(steps=(TAX,))) as shop:
        there = Elsewhere()
        there.provider.deaf = True
        first = ask(shop)
        engine = shop.engine(targets=there)
        engine.step(ORG)
        assert shop.run(first.id).steps[0].state is StepState.INTENT
        with shop.write() as tx:
            tx.exposures.save([make_exposure(2)])
            second = request_run(tx, "exp_000002", None, "tok_1", shop.clock.now(), shop.ids)
        engine.step(ORG)
        waiting = shop.run(second.id)
        assert (waiting.state, waiting.held) == (
            RunState.APPROVED, f"run {first.id} is at work on flags:{ENVIRONMENT}/tax",
        )  # fmt: skip
        there.provider.deaf = False
        for _ in range(5):
            shop.clock.tick(1)
            engine.step(ORG)
        assert shop.run(second.id).steps[0].state is StepState.DONE
        assert shop.kinds().count("run.held") == 1


def test_undo_asked_for_in_the_middle_ends_what_is_at_work_first() -> None:
    with opened(make_plan(steps=(TAX, TAX))) as shop:
        there = Elsewhere()
        run = ask(shop)

        def ask_undo() -> None:
            there.provider.on_force = lambda: None
            with shop.write() as tx:
                undo(tx, run.id, "tok_1", shop.clock.now())

        there.provider.on_force = ask_undo
        go(shop, targets=there)
        ended = shop.run(run.id)
        assert [step.state for step in ended.steps] == [StepState.UNDONE, StepState.SKIPPED]
        assert (ended.state, there.provider.told) == (RunState.UNDONE, [("tax", "off"), ("tax", "restored")])


def test_undo_goes_on_until_the_flag_system_answers_again() -> None:
    with opened(make_plan(steps=(TAX,))) as shop:
        there = Elsewhere()
        run = ask(shop)
        go(shop, targets=there)
        there.provider.down = "no answer"
        with shop.write() as tx:
            undo(tx, run.id, "tok_1", shop.clock.now())
        go(shop, seconds=300, targets=there)
        assert (shop.run(run.id).state, shop.run(run.id).held) == (
            RunState.UNDOING, "taking step 1 back: no answer",
        )  # fmt: skip
        there.provider.down = None
        go(shop, seconds=61, targets=there)
        assert (shop.run(run.id).state, there.provider.served["tax"]) == (RunState.UNDONE, "on")


def test_a_run_of_another_version_is_left_alone_with_a_reason() -> None:
    with opened(make_plan("approve-1")) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            approve(tx, run.id, "tok_1", T0)
            run = tx.runs.get(run.id)
            foreign = replace(run.steps[0], step=Step("dns.sinkhole", (("zone", "example"),)))
            tx.runs.save(replace(run, steps=(foreign,)))
        go(shop, seconds=5)
        left = shop.run(run.id)
        assert (left.state, left.steps[0].state) == (RunState.APPROVED, StepState.PENDING)
        assert left.held == "this Holdfast does not know `dns.sinkhole` of step 1: another version must go on"
        assert shop.kinds().count("run.held") == 1
