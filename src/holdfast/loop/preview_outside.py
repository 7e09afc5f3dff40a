"""What a plan would change outside the store: asked of the targets themselves, while no transaction is open.

Rules:
1. Nothing is changed: the world that steps are planned in refuses to.
2. What can't be asked is told, step by step. It is not "nothing would change".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from holdfast.errors import HoldfastError
from holdfast.loop.drills_world import LookingWorld
from holdfast.loop.respond_people import Preview
from holdfast.loop.respond_plans import make_call
from holdfast.mitigations.action import Change
from holdfast.mitigations.actions import get_action
from holdfast.model.run import Run, RunStep
from holdfast.ports.senses import Senses
from holdfast.ports.store import Store
from holdfast.ports.world import Receivers, Releases, Targets


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What previews ask. `releases` opens the choice of releases of an org; `None` is what there is not."""

    store: Store
    targets: Targets | None = None
    receivers: Receivers | None = None
    releases: Callable[[str], Releases] | None = None
    senses: Senses | None = None

    def world(self, org: str, environment: str) -> LookingWorld:
        """Return the world of an environment, to be looked at."""
        releases = self.releases(org) if self.releases is not None else None
        return LookingWorld(
            self.store,
            org,
            environment,
            targets=self.targets,
            receivers=self.receivers,
            releases=releases,
            senses=self.senses,
        )


def ask_outside(preview: Preview, around: Surroundings, now: datetime) -> Preview:
    """Return the preview with the changes of every step, in their order, and what could not be asked.

    One whose steps all lie in the store stays as it is.
    """
    run, world = preview.run, around.world(preview.exposure.org, preview.exposure.environment)
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
