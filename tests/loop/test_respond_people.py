"""What people do with runs that have not begun: two eyes, four eyes, machines, the same word twice."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, ForbiddenError
from holdfast.loop.respond import approve, reject, request_run
from holdfast.model.exposure import Ending, State
from holdfast.model.plan import Autonomy
from holdfast.model.run import Run, RunState
from tests.loop.shop import ORG, T0, Shop, make_exposure, make_plan, open_shop


@pytest.fixture
def four_eyes() -> Iterator[tuple[Shop, Run]]:
    """A run that two people must approve."""
    with open_shop(make_plan("approve-2")) as shop:
        (run,) = shop.expose(make_exposure())
        yield shop, run


def test_run_at_approve_2_waits_for_two_people(four_eyes: tuple[Shop, Run]) -> None:
    shop, run = four_eyes
    assert (run.state, run.level) == (RunState.AWAITING, Autonomy.APPROVE_2)
    with shop.write() as tx:
        once = approve(tx, run.id, "per_1", T0)
        assert (once.state, once.held) == (
            RunState.AWAITING,
            "one more person must approve it, and not who asked for it",
        )
        twice = approve(tx, run.id, "per_2", T0)
    assert (twice.state, twice.held, twice.level) == (RunState.APPROVED, None, Autonomy.APPROVE_2)
    assert [one.by for one in twice.approvals] == ["per_1", "per_2"]


def test_same_identity_does_not_approve_twice(four_eyes: tuple[Shop, Run]) -> None:
    shop, run = four_eyes
    with shop.write() as tx:
        approve(tx, run.id, "per_1", T0)
        with pytest.raises(ConflictError, match="you approved it already"):
            approve(tx, run.id, "per_1", T0)
    assert len(shop.run(run.id).approvals) == 1


def test_requester_does_not_approve_what_two_must() -> None:
    with open_shop(make_plan("approve-2", when="false")) as shop:
        shop.expose(make_exposure())
        with shop.write() as tx:
            run = request_run(tx, "exp_000001", "tax-off", "per_1", T0, shop.ids)
            assert (run.state, run.requested_by) == (RunState.AWAITING, "per_1")
            with pytest.raises(ForbiddenError, match="does not approve it"):
                approve(tx, run.id, "per_1", T0)
            assert request_run(tx, "exp_000001", "tax-off", "per_1", T0, shop.ids) == run
            approve(tx, run.id, "per_2", T0)
            done = approve(tx, run.id, "per_3", T0)
        assert done.state is RunState.APPROVED


def test_asking_for_a_waiting_run_is_one_of_its_approvals(four_eyes: tuple[Shop, Run]) -> None:
    shop, run = four_eyes
    with shop.write() as tx:
        assert request_run(tx, run.exposure, None, "per_1", T0, shop.ids).state is RunState.AWAITING
        assert approve(tx, run.id, "per_2", T0).state is RunState.APPROVED


def test_run_with_one_approval_of_two_does_not_act(four_eyes: tuple[Shop, Run]) -> None:
    shop, run = four_eyes
    with shop.write() as tx:
        approve(tx, run.id, "per_1", T0)
    shop.engine().step(ORG)
    assert (shop.run(run.id).state, shop.served()) == (RunState.AWAITING, "on")


def test_what_a_machine_asks_for_waits_for_a_person() -> None:
    with open_shop(make_plan(when="false")) as shop:
        shop.expose(make_exposure())
        with shop.write() as tx:
            run = request_run(tx, "exp_000001", "tax-off", "tok_ci", T0, shop.ids, is_person=False)
            assert (run.state, run.approvals) == (RunState.AWAITING, ())
            again = request_run(tx, "exp_000001", "tax-off", "tok_ci", T0, shop.ids, is_person=False)
            assert again == run
            assert approve(tx, run.id, "per_1", T0).state is RunState.APPROVED


def test_machine_that_asks_for_an_observed_run_lets_it_wait() -> None:
    with open_shop(make_plan("observe")) as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            asked = request_run(tx, run.exposure, None, "tok_ci", T0, shop.ids, is_person=False)
        assert (asked.id, asked.state) == (run.id, RunState.AWAITING)


def test_the_same_signal_changes_nothing(four_eyes: tuple[Shop, Run]) -> None:
    shop, run = four_eyes
    with shop.write() as tx:
        first = approve(tx, run.id, "per_1", T0, signal="key/1")
        assert approve(tx, run.id, "per_1", T0, signal="key/1") == first
        rejected = reject(tx, run.id, "per_2", T0, signal="key/2")
        assert reject(tx, run.id, "per_2", T0, signal="key/2") == rejected
    with shop.store.read(ORG) as tx:
        kept = [(one.id, one.kind, one.by) for one in tx.signals.of_run(run.id)]
    assert kept == [("key/1", "approve", "per_1"), ("key/2", "reject", "per_2")]
    assert shop.kinds().count("run.approved") == 1


def test_repeated_request_makes_no_second_run() -> None:
    with open_shop(make_plan("approve-2", when="false")) as shop:
        shop.expose(make_exposure())
        with shop.write() as tx:
            asked = [request_run(tx, "exp_000001", "tax-off", "per_1", T0, shop.ids, signal="key/1") for _ in range(3)]
        assert len({run.id for run in asked}) == 1


def test_held_run_that_has_begun_goes_on_when_a_person_approves() -> None:
    with open_shop() as shop:
        (run,) = shop.expose(make_exposure())
        with shop.write() as tx:
            tx.runs.save(replace(run, state=RunState.ACTING, held="automation is paused"))
            going = approve(tx, run.id, "per_1", T0)
        assert (going.state, going.held, going.approved_by) == (RunState.ACTING, None, "per_1")


def test_run_of_an_ended_exposure_is_not_approved(four_eyes: tuple[Shop, Run]) -> None:
    shop, run = four_eyes
    with shop.write() as tx:
        tx.exposures.save([replace(make_exposure(), state=State.RESOLVED, ending=Ending.FIXED)])
        with pytest.raises(ConflictError, match="has ended"):
            approve(tx, run.id, "per_1", T0)
