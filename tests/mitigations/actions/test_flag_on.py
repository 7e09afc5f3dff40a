"""`flag.on`: what it forces where the plan names no variant."""

from holdfast.mitigations.actions import get_action
from holdfast.mitigations.actions.flag_on import SPEC
from holdfast.model.plan import Feature, Step

FEATURES = (Feature("strict checks", "shop.strict", "off", ()),)


def test_action_is_found_by_the_name_that_a_plan_writes() -> None:
    assert get_action("flag.on") is SPEC


def test_on_is_forced_where_the_plan_names_no_variant() -> None:
    step = SPEC.resolve(Step("flag.on", (("feature", "strict checks"),)), FEATURES)
    assert (step.argument("flag"), step.argument("variant")) == ("shop.strict", "on")


def test_variant_that_the_plan_names_is_kept() -> None:
    step = SPEC.resolve(Step("flag.on", (("flag", "shop.strict"), ("variant", "all"))), FEATURES)
    assert step.argument("variant") == "all"
