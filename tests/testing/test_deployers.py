"""The deployer in memory passes the suite of deployers."""

from dataclasses import dataclass, field

import pytest

from holdfast.ports.deployer import Deployed, Deployer
from holdfast.testing.deployers import DeployerSuite, MemoryDeployer, MemoryTarget


@dataclass
class MemoryRig:
    outside: MemoryTarget = field(default_factory=MemoryTarget)

    def open(self) -> Deployer:
        return MemoryDeployer(self.outside)

    def settle(self, version: str) -> Deployed:
        self.outside.settle()
        seen = self.open().read()
        assert seen.version == version
        return seen

    def pointer(self) -> object:
        return self.outside.current

    def starts(self) -> int:
        return len(self.outside.starts)

    def cut_next(self) -> None:
        self.outside.cut = True


class TestMemoryDeployer(DeployerSuite):
    @pytest.fixture
    def rig(self) -> MemoryRig:
        return MemoryRig()
