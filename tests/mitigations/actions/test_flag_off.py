"""`flag.off`: planned, applied, read back, undone."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import PlanError
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions import action_names, get_action
from holdfast.mitigations.actions.flag_off import SPEC, overlay_id
from holdfast.model.plan import Feature, Step
from holdfast.testing.worlds import MemoryFlags, MemoryHolds, MemoryWorld
from tests.mitigations.flag_texts import ENVIRONMENT, T0, boolean_flag, definition, overlay

FEATURES = (Feature("checkout tax", "tax", "off", ("pkg:pypi/taxlib",)),)


def make_call(world: MemoryWorld, key: str = "run_1/1", **arguments: str) -> Call:
    given = tuple(sorted((arguments or {"flag": "tax", "variant": "off"}).items()))
    step = Step("flag.off", given)
    return Call("org_1", ENVIRONMENT, "svc_1", "shop", "run_1", 1, key, step, "test", T0, world)


@pytest.fixture
def flags() -> MemoryWorld:
    holds = MemoryHolds()
    return MemoryWorld(holds, MemoryFlags(holds, {"tax": definition("tax", boolean_flag())}))


def test_action_is_found_by_the_name_that_a_plan_writes() -> None:
    assert get_action("flag.off") is SPEC
    assert "flag.off" in action_names()


def test_unknown_action_names_the_known_ones() -> None:
    with pytest.raises(PlanError, match=r"there is no action `flag\.explode`") as caught:
        get_action("flag.explode")
    assert "`flag.off`" in str(caught.value)


@pytest.mark.parametrize("named", [("feature", "checkout tax"), ("flag", "tax")])
def test_arguments_are_written_out_from_the_feature(named: tuple[str, str]) -> None:
    step = SPEC.resolve(Step("flag.off", (named,)), FEATURES)
    assert (step.argument("flag"), step.argument("variant")) == ("tax", "off")


def test_own_variant_is_kept() -> None:
    step = SPEC.resolve(Step("flag.off", (("flag", "tax"), ("variant", "flat"))), FEATURES)
    assert step.argument("variant") == "flat"


def test_planning_writes_nothing_and_says_what_would_change(flags: MemoryWorld) -> None:
    (change,) = SPEC.plan(make_call(flags))
    assert change.what == "flag tax in production"
    assert (change.before, change.after) == ("variant on", "variant off")
    assert flags.holds.overlays == {}


def test_planning_without_the_flag_is_an_error(flags: MemoryWorld) -> None:
    with pytest.raises(PlanError, match="there is no flag `vat` in `production`"):
        SPEC.plan(make_call(flags, flag="vat", variant="off"))


def test_planning_an_unknown_variant_is_an_error(flags: MemoryWorld) -> None:
    with pytest.raises(PlanError, match="has no variant `flat`"):
        SPEC.plan(make_call(flags, flag="tax", variant="flat"))


def test_planning_without_a_variant_is_an_error(flags: MemoryWorld) -> None:
    with pytest.raises(PlanError, match=r"`flag\.off` without `variant`"):
        SPEC.plan(make_call(flags, flag="tax"))


def test_effect_is_read_back_only_once_applied(flags: MemoryWorld) -> None:
    call = make_call(flags)
    assert SPEC.read_back(call).present is False
    SPEC.apply(call)
    back = SPEC.read_back(call)
    assert (back.present, back.detail) == (True, "`tax` is served as `off`")


def test_applying_twice_lays_one_overlay(flags: MemoryWorld) -> None:
    SPEC.apply(make_call(flags))
    SPEC.apply(replace(make_call(flags), at=T0 + timedelta(hours=1)))
    assert [one.created_at for one in flags.holds.overlays.values()] == [T0]
    assert set(flags.holds.overlays) == {overlay_id("run_1/1")}


def test_effect_of_another_step_is_not_its_own(flags: MemoryWorld) -> None:
    SPEC.apply(make_call(flags, key="run_2/1", flag="tax", variant="off"))
    assert SPEC.read_back(make_call(flags)).present is False


def test_read_back_tells_of_an_older_overlay_that_decides(flags: MemoryWorld) -> None:
    older = replace(overlay("tax", 0, "on"), created_at=T0 - timedelta(days=1))
    flags.holds.lay(older)
    SPEC.apply(make_call(flags))
    assert "held at `on` by an older overlay" in SPEC.read_back(make_call(flags)).detail


def test_undoing_lifts_its_own_overlay_alone(flags: MemoryWorld) -> None:
    SPEC.apply(make_call(flags))
    SPEC.apply(make_call(flags, key="run_2/1", flag="tax", variant="off"))
    assert SPEC.read_undone(make_call(flags)).present is False
    SPEC.undo(make_call(flags))
    back = SPEC.read_undone(make_call(flags))
    assert (back.present, back.detail) == (True, "`tax` is still held by 1 other overlay(s)")


def test_flag_is_as_defined_once_all_are_lifted(flags: MemoryWorld) -> None:
    SPEC.apply(make_call(flags))
    SPEC.undo(make_call(flags))
    assert SPEC.read_undone(make_call(flags)).detail == "`tax` is served as defined: variant on"
    reading = flags.flags().read("tax")
    assert reading is not None
    assert json.loads(reading.definition)["defaultVariant"] == "on"
