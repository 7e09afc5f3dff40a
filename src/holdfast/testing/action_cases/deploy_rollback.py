"""`deploy.rollback` on a deployer in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from holdfast.loop.world import NoTargets
from holdfast.ports.deployer import Deployer
from holdfast.ports.world import ReleaseChoice
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.deployers import MemoryDeployer, MemoryTarget
from holdfast.testing.worlds import MemoryWorld

_CHOICE = ReleaseChoice("rel_2", "2.0", ("It is less exposed.",), "rel_1")


@dataclass
class OneDeployer(NoTargets):
    """What an operator configured who has one deployer."""

    found: Deployer = field(default_factory=MemoryDeployer)

    def deployer(self, environment: str, service: str, name: str | None = None) -> Deployer:
        """Return it."""
        return self.found


@dataclass
class OneChoice:
    """Chooses the same release whatever is asked, and counts how often it was."""

    choice: ReleaseChoice = field(default=_CHOICE)
    asked: int = 0

    def find_rollback(
        self,
        service_id: str,
        environment: str,
        *,
        version: str | None = None,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Return it."""
        self.asked += 1
        return self.choice

    def find_forward(
        self,
        service_id: str,
        environment: str,
        version: str | None,
        *,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Return it."""
        self.asked += 1
        return self.choice


def deploy_cases(identifier: str, action: str) -> ActionCases:
    """Return the cases of an action that switches from release `1.0` to `2.0`."""

    @contextmanager
    def in_memory() -> Iterator[Scene]:
        outside = MemoryTarget()
        yield Scene(
            make_call(action),
            lambda: MemoryWorld(targets=OneDeployer(MemoryDeployer(outside)), releases=OneChoice()),
            lambda: (outside.current, outside.running, outside.healthy),
            arrive=lambda _: outside.settle(),
            times=lambda: outside.starts.count("2.0"),
        )

    return ActionCases(identifier, (Case("in memory", in_memory),))


SPEC = deploy_cases("deploy_rollback", "deploy.rollback")
