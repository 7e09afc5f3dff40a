"""`deploy.forward`: go on to a release that is less exposed: the named one, or the newest that was registered."""

from holdfast.mitigations.action import Call
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


SPEC = _deploy.deploy_action(
    "deploy_forward",
    "deploy.forward",
    "Go on to a release that is less exposed.",
    "every user of the service on one target; all that the newer release brings",
    _choose,
)
