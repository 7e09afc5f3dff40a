"""A shop whose releases come and go, and a deployer in memory that follows."""

from dataclasses import dataclass, field

import pytest

from holdfast.errors import PlanError
from holdfast.loop.release_choice import ReleaseChooser
from holdfast.ports.world import ReleaseChoice
from holdfast.testing.action_cases.deploy_rollback import OneDeployer
from holdfast.testing.deployers import MemoryDeployer, MemoryTarget
from tests.loop.world import World


def pdf(version: str) -> str:
    """Return the package of that version."""
    return f"pkg:pypi/acme-pdf@{version}"


@dataclass
class Releases:
    """A world in which the shop is shipped, and a deployer that follows."""

    world: World
    outside: MemoryTarget = field(default_factory=lambda: MemoryTarget(set(), set(), None, None))

    def ship(self, version: str, *purls: str, **more: str) -> None:
        """Release and deploy; the artifact stays there."""
        self.register(version, *purls, **more)
        self.world.deploy("shop", version)
        self.outside.current = self.outside.running = version
        self.world.clock.tick(3600)

    def register(self, version: str, *purls: str, **more: str) -> None:
        """Release without deploying."""
        self.world.release("shop", version, *purls, **more)
        self.outside.whole.add(version)
        self.world.clock.tick(3600)

    def chooser(self) -> ReleaseChooser:
        """Return a chooser."""
        return ReleaseChooser(self.world.store, self.world.org, self.targets(), self.world.clock)

    def targets(self) -> OneDeployer:
        """Return what the operator configured."""
        return OneDeployer(MemoryDeployer(self.outside))

    @property
    def service(self) -> str:
        """The shop's id."""
        with self.world.store.read(self.world.org) as tx:
            found = tx.services.find("shop")
        assert found is not None
        return found.id

    def back(self, **more: str) -> ReleaseChoice:
        """Choose what to go back to."""
        return self.chooser().find_rollback(self.service, "production", **more)

    def forward(self, version: str | None = None, **more: str) -> ReleaseChoice:
        """Choose what to go forward to."""
        return self.chooser().find_forward(self.service, "production", version, **more)

    def refusal(self, **more: str) -> str:
        """Return why nothing is there to go back to."""
        with pytest.raises(PlanError) as caught:
            self.back(**more)
        return caught.value.message
