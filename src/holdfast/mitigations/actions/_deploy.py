"""What `deploy.rollback` and `deploy.forward` share: a release takes another's place on a target, and goes back.

Rules:
1. The release is chosen when the step is intended, by proof, and kept with the intent: no retry chooses another.
2. `apply` returns before the target is healthy. The effect is there when the process that runs reports the version and
   is healthy; until the step's deadline it is on its way, and after it the step has failed and is taken back.
3. Taking back is a switch to the version that ran before, by the step's key with `/undo`. It is asked for even where
   that version still runs, so that a worker that was frozen before its switch can't do it afterwards.
4. Where a third version runs by then, somebody has deployed since: it is left alone.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from holdfast.errors import PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack, Switched
from holdfast.model.frozen import frozen
from holdfast.ports.deployer import Deployed, Deployer
from holdfast.ports.world import ReleaseChoice

DEADLINE_S = 180.0

ARGUMENTS = (
    Argument("version", False, "The only version that it may switch to; by default the newest that proves itself."),
    Argument("target", False, "The operator's name of the deployer, where a service has several in an environment."),
)

Choose = Callable[[Call], ReleaseChoice]


@frozen
class Intended:
    """What was decided when the step was intended: from which version and release to which, on which target.

    `was_healthy` is whether what ran before was: only then must it be again once it is gone back to.
    """

    from_version: str
    from_release: str
    was_healthy: bool
    to_version: str
    to_release: str
    target: str
    proof: tuple[str, ...]


def deploy_action(identifier: str, name: str, about: str, blast_radius: str, choose: Choose) -> ActionSpec:
    """Return an action that lets a target run the release that is chosen when its step is intended."""
    return ActionSpec(
        id=identifier,
        name=name,
        about=about,
        arguments=ARGUMENTS,
        blast_radius=blast_radius,
        reversible=True,
        idempotent=True,
        plan=lambda call: _plan(call, choose),
        apply=_apply,
        read_back=_read_back,
        undo=_undo,
        read_undone=_read_undone,
        target=_target,
        capture=lambda call: _capture(call, choose),
        find_problem=_find_problem,
        lasting=True,
        deadline_s=DEADLINE_S,
    )


def deployer_of(call: Call) -> Deployer:
    """Return the deployer that a call acts through. Raises: PlanError."""
    name = call.step.argument("target")
    targets = call.world.targets
    if name:
        return targets.deployer(call.environment, call.service, name)
    return targets.deployer(call.environment, call.service)


def _target(call: Call) -> str:
    """Name the slot that is switched; it is one, whichever deployer of it is named."""
    return f"deploy:{call.environment}/{call.service}/{call.step.argument('target') or ''}"


def _find_problem(call: Call) -> str | None:
    """Say why the deployer can't be used now."""
    return deployer_of(call).find_problem()


def _plan(call: Call, choose: Choose) -> Sequence[Change]:
    """Say what would be switched, with the proof."""
    choice, deployed = choose(call), deployer_of(call).read()
    before = deployed.version or deployed.wanted or "nothing"
    what = f"{call.service} on {deployer_of(call).target} in {call.environment}"
    return (Change(what, before, choice.version, " ".join(choice.proof)),)


def _capture(call: Call, choose: Choose) -> str:
    """Choose the release and write down what ran before it."""
    deployer = deployer_of(call)
    choice, deployed = choose(call), deployer.read()
    before = deployed.version or deployed.wanted
    if before is None:
        raise PlanError(f"`{deployer.target}` in `{call.environment}` runs nothing that could be gone back to")
    was_healthy = deployed.healthy is True
    found = Intended(before, choice.running, was_healthy, choice.version, choice.release, deployer.target, choice.proof)
    return json.dumps(asdict(found), ensure_ascii=False, sort_keys=True)


def _intended(call: Call) -> Intended:
    """Return what was decided at the intent.

    Raises:
        PlanError: nothing was, or it can't be read.
    """
    try:
        found = json.loads(call.before or "")
        return Intended(**{**found, "proof": tuple(found["proof"])})
    except (ValueError, TypeError, KeyError) as error:
        raise PlanError(f"what step {call.number} decided on can't be read: {error}") from None


def _apply(call: Call) -> str:
    """Let the target run the chosen version."""
    found = _intended(call)
    deployer_of(call).switch(found.to_version, call.key, call.fence)
    return f"`{found.target}` was told to run `{found.to_version}`"


def _read_back(call: Call) -> ReadBack:
    """Tell whether the chosen version runs, and is healthy."""
    if not call.before:
        return ReadBack(False, "nothing was decided yet")
    found = _intended(call)
    seen = _look(deployer_of(call).read(), found.to_version)
    tried = bool(seen.present) or seen.pending  # else the target was never told
    facts = (Switched(found.to_release, found.target, failed=not seen.present),) if tried else ()
    return replace(seen, facts=facts)


def _undo(call: Call) -> str:
    """Let the target run what ran before, unless somebody deployed a third version since."""
    found, deployer = _intended(call), deployer_of(call)
    other = _third(deployer.read(), found)
    if other is not None:
        return f"`{other}` was deployed since, and is left alone"
    deployer.switch(found.from_version, f"{call.key}/undo", call.fence)
    return f"`{found.target}` was told to run `{found.from_version}` again"


def _read_undone(call: Call) -> ReadBack:
    """Tell whether what ran before runs again, and as healthy as it was."""
    found, deployed = _intended(call), deployer_of(call).read()
    other = _third(deployed, found)
    if other is not None:
        return ReadBack(True, f"`{other}` was deployed since, and is left alone")
    seen = _look(deployed, found.from_version)
    if seen.present or (not found.was_healthy and deployed.wanted == found.from_version == deployed.version):
        health = "and is healthy" if deployed.healthy else "no healthier than before"
        facts = (Switched(found.from_release, found.target),) if found.from_release else ()
        return ReadBack(True, f"`{found.from_version}` runs again {health}: {deployed.detail}", facts=facts)
    return seen


def _third(deployed: Deployed, found: Intended) -> str | None:
    """Return the version that is wanted where it is neither what ran nor what was switched to."""
    known = {None, found.from_version, found.to_version}
    return deployed.wanted if deployed.wanted not in known else None


def _look(deployed: Deployed, version: str) -> ReadBack:
    if deployed.wanted != version:
        told = f"`{deployed.wanted}`" if deployed.wanted else "nothing, or was cut off while it was told"
        return ReadBack(False, f"the target was told to run {told}")
    if deployed.version == version and deployed.healthy:
        return ReadBack(True, f"`{version}` runs and is healthy: {deployed.detail}")
    runs = f"`{deployed.version}` runs" if deployed.version else "nothing runs yet"
    return ReadBack(False, f"{runs}: {deployed.detail}", pending=True)
