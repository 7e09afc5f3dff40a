"""`deploy.rollback`: go back to an earlier release, chosen by proof.

It ran healthy here, its artifact is there whole, it is strictly less exposed than what runs, and the data of what ran
since allows it.
"""

from holdfast.mitigations.action import Call
from holdfast.mitigations.actions import _deploy
from holdfast.ports.world import ReleaseChoice


def _choose(call: Call) -> ReleaseChoice:
    return call.world.releases.find_rollback(
        call.service_id,
        call.environment,
        version=call.step.argument("version"),
        deployer=call.step.argument("target"),
        exposure=call.exposure or None,
    )


SPEC = _deploy.deploy_action(
    "deploy_rollback",
    "deploy.rollback",
    "Go back to an earlier release that is less exposed.",
    "every user of the service on one target; what the newer release brought is gone",
    _choose,
)
