"""What people do with runs that have begun, and past all that would hold one up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import ConflictError, ForbiddenError, UsageError
from holdfast.loop.guards import HoldFinder, set_guards
from holdfast.loop.pausing import pause
from holdfast.loop.respond_begun import approve_step, break_glass, break_glass_for, confirm, resolve, undo
from holdfast.loop.world import TxWorld
from holdfast.model.exposure import Ending, State
from holdfast.model.guard import Guards
from holdfast.model.plan import Step
from holdfast.model.run import Run, RunState, RunStep, StepState
from tests.loop.shop import ENVIRONMENT, ORG, T0, Shop, make_exposure, make_plan, open_shop

DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop(make_plan("approve-2", expires_s=3600.0)) as opened:
        yield opened


def put(shop: Shop, **fields: object) -> Run:
    """Store a run as the test wants it."""
    (run,) = shop.expose(make_exposure())
    changed = replace(run, **fields)  # type: ignore[arg-type]  # named by the test
    with shop.write() as tx:
        tx.runs.save(changed)
    return changed


def test_confirmed_mitigation_stays_for_as_long_as_its_plan_says(shop: Shop) -> None:
    run = put(shop, state=RunState.EFFECTIVE, expires_at=T0, held="it has expired")
    with shop.write() as tx:
        kept = confirm(tx, run.id, "per_1", T0)
        assert (kept.expires_at, kept.held) == (T0 + timedelta(hours=1), None)
        assert [(one.kind, one.due_at) for one in tx.timers.due(T0 + DAY)] == [("expiry", T0 + timedelta(hours=1))]
        assert confirm(tx, run.id, "per_1", T0, for_s=60.0).expires_at == T0 + timedelta(seconds=60)
    assert shop.kinds().count("run.confirmed") == 2


@pytest.mark.parametrize("for_s", [0.0, -1.0, 1e12, float("nan")])
def test_confirming_for_no_time_is_refused(shop: Shop, for_s: float) -> None:
    run = put(shop, state=RunState.EFFECTIVE)
    with shop.write() as tx, pytest.raises(UsageError, match="expected seconds"):
        confirm(tx, run.id, "per_1", T0, for_s=for_s)


def test_what_never_expires_needs_no_confirmation() -> None:
    with open_shop() as shop:
        run = put(shop, state=RunState.EFFECTIVE)
        with shop.write() as tx, pytest.raises(ConflictError, match="never expires"):
            confirm(tx, run.id, "per_1", T0)


def test_only_what_is_in_effect_is_confirmed(shop: Shop) -> None:
    run = put(shop)
    with shop.write() as tx, pytest.raises(ConflictError, match="cannot be confirmed"):
        confirm(tx, run.id, "per_1", T0)


def unknown(shop: Shop) -> Run:
    """Store a run whose step nobody can prove."""
    (run,) = shop.expose(make_exposure())
    step = replace(run.steps[0], state=StepState.UNKNOWN, at=T0, intended_at=T0, attempt=1)
    run = replace(run, state=RunState.NEEDS_PERSON, steps=(step,))
    with shop.write() as tx:
        tx.runs.save(run)
    return run


@pytest.mark.parametrize(("happened", "state"), [(True, StepState.DONE), (False, StepState.PENDING)])
def test_person_says_what_became_of_a_step(shop: Shop, happened: bool, state: StepState) -> None:
    run = unknown(shop)
    with shop.write() as tx:
        told = resolve(tx, run.id, 1, happened, "per_1", T0)
        assert (told.state, told.steps[0].state) == (RunState.ACTING, state)
        kinds = [one.kind for one in tx.signals.of_run(run.id)]
    assert kinds == ["happened" if happened else "did_not_happen"]
    assert "run.resolved" in shop.kinds()


def test_step_whose_fate_is_known_is_not_resolved(shop: Shop) -> None:
    run = put(shop, state=RunState.NEEDS_PERSON)
    with shop.write() as tx, pytest.raises(ConflictError):
        resolve(tx, run.id, 1, True, "per_1", T0)


def waiting_step(shop: Shop, requested_by: str = "per_9") -> Run:
    """Store a run at a step that waits for people."""
    step = RunStep(1, Step("approve", ()), "run/1", StepState.INTENT, T0, intended_at=T0)
    return put(shop, state=RunState.ACTING, steps=(step,), requested_by=requested_by)


def test_consent_to_a_step_is_seen_by_its_action(shop: Shop) -> None:
    run = waiting_step(shop)
    with shop.write() as tx:
        approve_step(tx, run.id, 1, "per_1", T0, signal="key/1")
        approve_step(tx, run.id, 1, "per_1", T0, signal="key/1")
        approve_step(tx, run.id, 1, "per_2", T0 + DAY)
        with pytest.raises(ConflictError, match="already"):
            approve_step(tx, run.id, 1, "per_2", T0)
        with pytest.raises(ForbiddenError, match="asked for a run"):
            approve_step(tx, run.id, 1, "per_9", T0)
        assert [one.by for one in TxWorld(tx, ENVIRONMENT).approvals(run.id, 1)] == ["per_1", "per_2"]


def test_only_a_waiting_step_is_consented_to(shop: Shop) -> None:
    run = put(shop, state=RunState.ACTING)
    with shop.write() as tx, pytest.raises(ConflictError, match=r"step 1 of run .* is `flag.off`, pending"):
        approve_step(tx, run.id, 1, "per_1", T0)
    with shop.write() as tx, pytest.raises(ConflictError, match="has no step 7"):
        approve_step(tx, run.id, 7, "per_1", T0)


def test_broken_glass_goes_past_every_guard_and_approval_and_is_loud(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        set_guards(tx, Guards(max_share=0, services_per_hour=0, flags_per_hour=0), "per_9", T0)
        pause(tx, True, "per_9", "an outage", T0)
        broken = break_glass(tx, run.id, "per_1", "it is being exploited", T0)
        assert (broken.state, broken.break_glass) == (RunState.APPROVED, "it is being exploited")
        assert HoldFinder(tx, T0).find(broken) is None
        message = tx.outbox.get(f"{run.id}/break-glass")
    assert (message.to, "it is being exploited" in message.body) == ("*", True)
    with shop.store.read(ORG) as tx:
        (entry,) = [entry for entry in tx.journal.read() if entry.kind == "run.break_glass"]
    body = json.loads(entry.body)
    assert (body["by"], body["reason"]) == ("per_1", "it is being exploited")
    shop.engine().step(ORG)
    assert (shop.run(run.id).state, shop.served()) == (RunState.EFFECTIVE, "off")


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_glass_is_not_broken_without_a_reason(shop: Shop, reason: str) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx, pytest.raises(UsageError, match="needs a reason"):
        break_glass(tx, run.id, "per_1", reason, T0)
    assert shop.run(run.id) == run


@pytest.mark.parametrize("state", [RunState.REJECTED, RunState.UNDONE, RunState.EFFECTIVE, RunState.UNDOING])
def test_glass_is_never_broken_past_the_runs_own_rules(shop: Shop, state: RunState) -> None:
    run = put(shop, state=state)
    with shop.write() as tx, pytest.raises(ConflictError, match="breaking the glass"):
        break_glass(tx, run.id, "per_1", "it burns", T0)


def test_glass_is_not_broken_for_what_has_ended(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        tx.exposures.save([replace(make_exposure(), state=State.RESOLVED, ending=Ending.FIXED)])
        with pytest.raises(ConflictError, match="has ended"):
            break_glass(tx, run.id, "per_1", "it burns", T0)


def test_glass_is_broken_for_an_exposure_without_a_run() -> None:
    with open_shop(make_plan(when="false")) as shop:
        shop.expose(make_exposure())
        with shop.write() as tx:
            made = break_glass_for(tx, "exp_000001", "tax-off", "per_1", "it burns", T0, shop.ids)
        assert (made.state, made.break_glass, made.requested_by) == (RunState.APPROVED, "it burns", "per_1")
        shop.engine().step(ORG)
        with shop.write() as tx:
            tx.runs.save(replace(shop.run(made.id), state=RunState.VERIFYING))
        with shop.write() as tx, pytest.raises(ConflictError, match="at work already"):
            break_glass_for(tx, "exp_000001", "tax-off", "per_1", "again", T0, shop.ids)


def test_undo_says_that_a_person_asked(shop: Shop) -> None:
    run = put(shop, state=RunState.EFFECTIVE)
    with shop.write() as tx:
        pause(tx, True, "per_9", "an outage", T0)
        gone = undo(tx, run.id, "per_1", T0, signal="key/1")
        assert undo(tx, run.id, "per_1", T0, signal="key/1") == gone
        assert (gone.released, gone.undo_because) == (True, "a person asked for it")
        with pytest.raises(ConflictError, match="being undone"):
            undo(tx, run.id, "per_1", T0)
