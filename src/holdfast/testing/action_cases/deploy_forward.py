"""`deploy.forward` on a deployer in memory."""

from holdfast.testing.action_cases.deploy_rollback import deploy_cases

SPEC = deploy_cases("deploy_forward", "deploy.forward")
