"""The room of actions: one module each, with its `SPEC`."""

from functools import cache

from holdfast.errors import PlanError
from holdfast.mitigations.action import ActionSpec
from holdfast.registry import load_room


@cache
def _by_name() -> dict[str, ActionSpec]:
    return {spec.name: spec for spec in load_room("mitigations.actions")}


def action_names() -> frozenset[str]:
    """Return the names that a plan's `do` may use."""
    return frozenset(_by_name())


def get_action(name: str) -> ActionSpec:
    """Return an action by the name that a plan writes.

    Raises:
        PlanError: there is no such action.
    """
    found = _by_name().get(name)
    if found is None:
        known = ", ".join(f"`{name}`" for name in sorted(_by_name()))
        raise PlanError(f"there is no action `{name[:80]}`", hint=f"one of {known}")
    return found
