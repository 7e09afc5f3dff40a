"""What every store does with what guards count: uses of actions, runs at work, shares, forced flags, people."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import NotFoundError
from holdfast.model.flag import Overlay
from holdfast.model.guard import AtWork, Use
from holdfast.model.inventory import Status
from holdfast.model.plan import Step
from holdfast.model.run import AUTOMATION, Approval, Run, RunState, StepState
from holdfast.model.tenancy import Permission, Token
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, deployment, run_service
from holdfast.testing.stores_findings import run as planned

HOUR = timedelta(hours=1)


def used(number: int, **fields: object) -> Run:
    """Return an automatic run that forced a flag `number` hours after the start."""
    made = planned(number, RunState.EFFECTIVE)
    at = START + number * HOUR
    step = replace(
        made.steps[0],
        step=Step("flag.off", (("flag", f"flag-{number}"),)),
        state=StepState.DONE,
        at=at,
        intended_at=at,
        done_at=at,
    )
    made = replace(made, org=ORG, requested_by=AUTOMATION, steps=(step,))
    return replace(made, **fields)  # type: ignore[arg-type]  # named by the test


class GuardSuite:
    """What guards count."""

    def test_uses_are_counted_from_an_instant_on(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for number in (1, 2, 3):
                tx.runs.save(used(number))
            found = tx.runs.uses(START + 2 * HOUR)
        second, third = used(2), used(3)
        assert list(found) == [
            Use(one.id, one.service_id, "flag.off", f"{one.environment}/flag-{number}", True, at, at, True)
            for one, number, at in ((second, 2, START + 2 * HOUR), (third, 3, START + 3 * HOUR))
        ]

    @pytest.mark.parametrize(
        "fields",
        [
            {"approvals": (Approval("per_1", START),)},
            {"requested_by": "per_1"},
            {"break_glass": "it burns"},
            {"drill": "drl_1"},
        ],
    )
    def test_what_people_did_and_drills_are_no_automatic_uses(self, store: Store, fields: dict[str, object]) -> None:
        with store.write(ORG, START) as tx:
            tx.runs.save(used(1, **fields))
            (use,) = tx.runs.uses(START)
        assert not use.automatic

    def test_step_that_was_never_begun_is_no_use(self, store: Store) -> None:
        run = used(1)
        pending = replace(run.steps[0], state=StepState.PENDING, at=None, intended_at=None, done_at=None)
        with store.write(ORG, START) as tx:
            tx.runs.save(replace(run, steps=(pending,)))
            assert tx.runs.uses(START) == []

    def test_taking_back_is_touching(self, store: Store) -> None:
        run = used(1)
        back = replace(run.steps[0], state=StepState.UNDONE, at=START + 9 * HOUR)
        with store.write(ORG, START) as tx:
            tx.runs.save(replace(run, state=RunState.UNDONE, steps=(back,)))
            (use,) = tx.runs.uses(START + 5 * HOUR)
        assert (use.intended_at, use.touched_at, use.in_place) == (START + HOUR, START + 9 * HOUR, False)

    def test_runs_at_work_are_those_that_change_something(self, store: Store) -> None:
        states = (RunState.ACTING, RunState.EFFECTIVE, RunState.NEEDS_PERSON, RunState.AWAITING, RunState.UNDOING)
        with store.write(ORG, START) as tx:
            for number, state in enumerate(states, 1):
                tx.runs.save(used(number, state=state))
            found = sorted(tx.runs.at_work(), key=lambda one: one.run)
        expected = [used(number) for number in (1, 3, 5)]
        assert found == [AtWork(one.id, one.service_id, one.exposure) for one in expected]

    def test_nothing_of_another_org_is_counted(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.runs.save(used(1, state=RunState.ACTING))
        with store.read(OTHER) as tx:
            assert (list(tx.runs.uses(START)), list(tx.runs.at_work())) == ([], [])

    def test_shares_are_of_what_runs_now(self, store: Store) -> None:
        run_service(store, "shop", {})
        places = (("production", "eu", 1.0), ("production", "us", 0.5), ("staging", "eu", 0.25))
        with store.write(ORG, START) as tx:
            for environment, target, share in places:
                one = deployment("shop", "1", START, environment=environment, target=target)
                tx.deployments.save(replace(one, share=share))
            gone = deployment("shop", "0", START - HOUR, START, environment="staging", target="old")
            failed = deployment("shop", "2", START, target="ap", status=Status.FAILED)
            for one in (gone, failed):
                tx.deployments.save(one)
            assert tx.deployments.shares(["svc_shop", "svc_none"]) == {
                ("svc_shop", "production"): 1.5,
                ("svc_shop", "staging"): 0.25,
            }
            assert tx.deployments.shares([]) == {}

    def test_overlay_is_returned_by_id_a_lifted_one_too(self, store: Store) -> None:
        one = Overlay(ORG, "ovl_1", "production", "tax", "off", "it burns", None, START)
        with store.write(ORG, START) as tx:
            tx.overlays.save(one)
            assert tx.overlays.get("ovl_1") == one
            tx.overlays.lift("ovl_1", START + HOUR)
            assert tx.overlays.get("ovl_1") == replace(one, lifted_at=START + HOUR)
            with pytest.raises(NotFoundError):
                tx.overlays.get("ovl_2")

    def test_token_keeps_its_person(self, store: Store) -> None:
        token = Token(ORG, "tok_1", "laptop", "0" * 64, frozenset({Permission.READ}), START, None)
        token = replace(token, person="per_1", person_name="Ada Lovelace")
        store.tenants.save_token(token)
        assert store.tenants.find_token("tok_1") == token
        assert [one.identity for one in store.tenants.tokens(ORG)] == ["per_1"]
