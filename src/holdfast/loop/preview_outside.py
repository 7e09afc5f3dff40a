"""What a plan would change outside the store: asked of the targets themselves, while no transaction is open.

Rules:
1. Nothing is changed: the world that steps are planned in refuses to.
2. What can't be asked is told, step by step. It is not "nothing would change".
"""

from dataclasses import replace
from datetime import datetime

from holdfast.errors import HoldfastError
from holdfast.loop.drills_world import LookingWorld, Surroundings
from holdfast.loop.respond_people import Preview
from holdfast.loop.respond_plans import make_call
from holdfast.mitigations.action import Change
from holdfast.mitigations.actions import get_action
from holdfast.model.run import Run, RunStep


def ask_outside(preview: Preview, around: Surroundings, now: datetime) -> Preview:
    """Return the preview with the changes of every step, in their order, and what could not be asked.

    One whose steps all lie in the store stays as it is.
    """
    run, exposure = preview.run, preview.exposure
    world = LookingWorld(around, exposure.org, exposure.environment)
    changes: list[Change] = []
    unasked: list[str] = []
    asked = False
    for step in run.steps:
        try:
            asked = _plan(run, step, now, world, changes, unasked) or asked
        except HoldfastError as error:
            asked = True
            unasked.append(f"step {step.number} `{step.step.action}`: {error.message}")
    return replace(preview, changes=tuple(changes), unasked=tuple(unasked)) if asked else preview


def _plan(  # noqa: PLR0917  one step, and where what it says is kept
    run: Run, step: RunStep, now: datetime, world: LookingWorld, changes: list[Change], unasked: list[str]
) -> bool:
    """Add what a step would change; says whether it lies outside. Raises: HoldfastError: it can't be asked."""
    spec, call = get_action(step.step.action), make_call(run, step, now, world)
    within = spec.within(call)
    changes += spec.plan(call)
    problem = None if within else spec.find_problem(call)
    if problem is not None:
        unasked.append(f"step {step.number} `{spec.name}` can't be carried out now: {problem}")
    return not within
