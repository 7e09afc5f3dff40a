"""`deploy.forward`: go on to a release that is less exposed: the named one, or the newest that was registered."""

from collections.abc import Sequence

from holdfast.mitigations.action import ActionSpec, Call, Change
from holdfast.mitigations.actions import _deploy
from holdfast.ports.world import ReleaseChoice


def _choose(call: Call) -> ReleaseChoice:
    return call.world.releases.find_forward(
        call.service_id,
        call.environment,
        call.step.argument("version"),
        deployer=call.step.argument("target"),
        exposure=call.exposure or None,
    )


def _plan(call: Call) -> Sequence[Change]:
    return _deploy.plan(call, _choose)


def _capture(call: Call) -> str:
    return _deploy.capture(call, _choose)


SPEC = ActionSpec(
    id="deploy_forward",
    name="deploy.forward",
    about="Go on to a release that is less exposed.",
    arguments=_deploy.ARGUMENTS,
    blast_radius="every user of the service on one target; all that the newer release brings",
    reversible=True,
    idempotent=True,
    resolve=_deploy.resolve,
    plan=_plan,
    apply=_deploy.apply,
    read_back=_deploy.read_back,
    undo=_deploy.undo,
    read_undone=_deploy.read_undone,
    target=_deploy.target,
    capture=_capture,
    find_problem=_deploy.find_problem,
    lasting=True,
    deadline_s=_deploy.DEADLINE_S,
)
