"""`flag.set`: the plan names the variant, and where another system serves the flag that one is asked late."""

from dataclasses import replace

import pytest

from holdfast.errors import ActionError, PlanError
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.actions.flag_set import SPEC
from holdfast.model.flag import FlagReading
from holdfast.model.plan import Feature, Step
from holdfast.testing.actions import make_call
from holdfast.testing.worlds import MemoryHolds, MemoryWorld

FEATURES = (Feature("receipts", "shop.receipts", "none", ()),)


class Slow:
    """Another system's flags: told at once, served when they say so."""

    name, own = "slow", False

    def __init__(self) -> None:
        self.asked = 0
        self.reading: FlagReading | None = FlagReading("shop.receipts", ("full", "none"), "full", "before")

    def find_problem(self) -> str | None:
        self.asked += 1
        return None

    def read(self, flag: str) -> FlagReading | None:
        self.asked += 1
        return self.reading

    def force(self, flag: str, variant: str) -> None:
        assert self.reading is not None
        self.reading = replace(self.reading, held=variant, served=None, definition="forced")

    def restore(self, flag: str, definition: str) -> None:
        if self.reading is None:
            raise ActionError("there is no flag")
        self.reading = replace(self.reading, held=None, served="full", definition=definition)


def test_action_is_found_by_the_name_that_a_plan_writes() -> None:
    assert get_action("flag.set") is SPEC


def test_safe_variant_is_not_assumed() -> None:
    step = SPEC.resolve(Step("flag.set", (("feature", "receipts"),)), FEATURES)
    assert (step.argument("flag"), step.argument("variant")) == ("shop.receipts", None)
    with pytest.raises(PlanError, match=r"`flag\.set` without `variant`"):
        SPEC.plan(replace(make_call("flag.set"), step=step, world=MemoryWorld()))


def test_planning_asks_no_other_system() -> None:
    slow = Slow()
    call = replace(make_call("flag.set", flag="shop.receipts", variant="none"), world=MemoryWorld(provider=slow))
    (change,) = SPEC.plan(call)
    assert (change.before, change.after) == ("what slow serves", "variant none")
    assert slow.asked == 0


def test_what_was_told_and_is_not_served_yet_is_on_its_way() -> None:
    slow, holds = Slow(), MemoryHolds()
    call = make_call("flag.set", flag="shop.receipts", variant="none")
    call = replace(call, world=MemoryWorld(holds, slow))
    call = replace(call, before=SPEC.capture(call))
    assert SPEC.read_back(call).pending is False
    SPEC.apply(call)
    back = SPEC.read_back(call)
    assert (back.present, back.pending) == (False, True)
    assert slow.reading is not None
    slow.reading = replace(slow.reading, served="none")
    assert SPEC.read_back(call).present is True


def test_flag_that_is_gone_meanwhile_can_be_let_go_of() -> None:
    slow, holds = Slow(), MemoryHolds()
    call = make_call("flag.set", flag="shop.receipts", variant="none")
    call = replace(call, world=MemoryWorld(holds, slow))
    call = replace(call, before=SPEC.capture(call))
    SPEC.apply(call)
    slow.reading = None
    assert "any more" in SPEC.undo(call)
    assert SPEC.read_undone(call).present is True


def test_what_somebody_changed_meanwhile_stays_and_is_told() -> None:
    slow, holds = Slow(), MemoryHolds()
    call = make_call("flag.set", flag="shop.receipts", variant="none")
    call = replace(call, world=MemoryWorld(holds, slow))
    call = replace(call, before=SPEC.capture(call))
    SPEC.apply(call)
    SPEC.undo(call)
    assert slow.reading is not None
    slow.reading = replace(slow.reading, definition="the team's own")
    back = SPEC.read_undone(call)
    assert back.present is True
    assert "somebody changed it meanwhile" in back.detail
