"""A deployer in memory, and the suite that every deployer passes.

Subclass `DeployerSuite` where a fixture `rig` gives a `DeployerRig`: a target that runs `1.0`, with `1.0` and `2.0`
there whole, `half` there in part, and `sick` there whole, which never turns healthy.
"""

# ruff: noqa: S101 - a suite of tests
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from holdfast.errors import ActionError, FencedError
from holdfast.ports.deployer import Deployed, Deployer


class Cut(BaseException):
    """The process that deployed ended here."""


@dataclass
class MemoryTarget:
    """What a deployer in memory acts on: the release that is pointed at, the one that runs, and what is there."""

    whole: set[str] = field(default_factory=lambda: {"1.0", "2.0", "sick"})
    sick: set[str] = field(default_factory=lambda: {"sick"})
    current: str | None = "1.0"
    running: str | None = "1.0"
    healthy: bool = True
    starts: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    fences: dict[str, int] = field(default_factory=dict)
    begun: bool = False
    cut: bool = False

    def settle(self) -> None:
        """Let what was started come to its state."""
        self.healthy = self.running not in self.sick


@dataclass
class MemoryDeployer:
    """Deploys in memory; several of them on one target are several processes."""

    outside: MemoryTarget = field(default_factory=MemoryTarget)
    name: str = "memory"
    target: str = "default"
    problem: str | None = None

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.problem

    def read(self) -> Deployed:
        """Return what runs."""
        outside = self.outside
        detail = "it is well" if outside.healthy else "it is not well"
        return Deployed(outside.running, outside.healthy, detail, None if outside.begun else outside.current)

    def versions(self) -> Sequence[str]:
        """Return what is there whole."""
        return sorted(self.outside.whole)

    def switch(self, version: str, key: str, fence: int) -> None:
        """Point at a version and start it. Raises: ActionError, FencedError."""
        outside, run = self.outside, key.partition("/")[0]
        if version not in outside.whole:
            raise ActionError(f"`{version}` is not there whole")
        if fence < outside.fences.get(run, fence):
            raise FencedError(f"run {run} was taken over by another worker")
        outside.fences[run] = fence
        if key in outside.done:
            return
        outside.current, outside.begun = version, True
        if outside.cut:
            outside.cut = False
            raise Cut
        if outside.running != version:
            outside.running, outside.healthy = version, False
            outside.starts.append(version)
        outside.done.add(key)
        outside.begun = False


class DeployerRig(Protocol):
    """One target to put a deployer to the test."""

    def open(self) -> Deployer:
        """Return a deployer on the target, as another process would open it."""
        ...

    def settle(self, version: str) -> Deployed:
        """Wait until the target reports that version, in whatever health it comes to, and return that."""
        ...

    def pointer(self) -> object:
        """Return what decides which release is to run, to the bit."""
        ...

    def starts(self) -> int:
        """Return how often a process was started since the target was set up."""
        ...

    def cut_next(self) -> None:
        """Let the next switch end between pointing at the release and restarting, by raising `Cut`."""
        ...


class DeployerSuite:
    """What holds of every deployer."""

    def test_it_can_be_used(self, rig: DeployerRig) -> None:
        assert rig.open().find_problem() is None

    def test_it_reads_what_runs(self, rig: DeployerRig) -> None:
        seen = rig.open().read()
        assert (seen.version, seen.healthy, seen.wanted) == ("1.0", True, "1.0")

    def test_what_was_half_copied_is_not_there(self, rig: DeployerRig) -> None:
        deployer, before = rig.open(), rig.pointer()
        assert {"1.0", "2.0"} <= set(deployer.versions())
        assert "half" not in deployer.versions()
        for version in ("half", "3.0", "../2.0", "-2.0", ""):
            with pytest.raises(ActionError):
                deployer.switch(version, "run_1/1", 1)
        assert rig.pointer() == before

    def test_a_switch_is_seen_when_the_process_says_so(self, rig: DeployerRig) -> None:
        rig.open().switch("2.0", "run_1/1", 1)
        seen = rig.settle("2.0")
        assert (seen.version, seen.healthy, seen.wanted) == ("2.0", True, "2.0")

    def test_a_sick_release_is_not_healthy(self, rig: DeployerRig) -> None:
        rig.open().switch("sick", "run_1/1", 1)
        seen = rig.settle("sick")
        assert not seen.healthy
        assert seen.detail

    def test_switching_twice_is_once(self, rig: DeployerRig) -> None:
        rig.open().switch("2.0", "run_1/1", 1)
        rig.settle("2.0")
        after = rig.pointer(), rig.starts()
        rig.open().switch("2.0", "run_1/1", 2)
        assert (rig.pointer(), rig.starts()) == after

    def test_a_late_call_does_not_repeat_what_was_done(self, rig: DeployerRig) -> None:
        rig.open().switch("2.0", "run_1/1", 1)
        rig.settle("2.0")
        rig.open().switch("1.0", "run_2/1", 1)
        rig.settle("1.0")
        rig.open().switch("2.0", "run_1/1", 1)
        assert rig.open().read().wanted == "1.0"

    def test_a_lower_fence_of_a_run_is_refused(self, rig: DeployerRig) -> None:
        rig.open().switch("1.0", "run_1/1/undo", 7)
        before = rig.pointer()
        with pytest.raises(FencedError):
            rig.open().switch("2.0", "run_1/1", 6)
        assert rig.pointer() == before
        assert rig.open().read().wanted == "1.0"

    def test_fences_of_other_runs_do_not_count(self, rig: DeployerRig) -> None:
        rig.open().switch("1.0", "run_1/1", 7)
        rig.open().switch("2.0", "run_2/1", 1)
        assert rig.settle("2.0").wanted == "2.0"

    def test_what_was_cut_off_is_finished_by_the_next_call(self, rig: DeployerRig) -> None:
        rig.cut_next()
        with pytest.raises(Cut):
            rig.open().switch("2.0", "run_1/1", 1)
        assert rig.open().read().wanted is None, "nobody may take it for done"
        rig.open().switch("2.0", "run_1/1", 2)
        assert rig.settle("2.0").wanted == "2.0"

    def test_going_back_restores_to_the_bit(self, rig: DeployerRig) -> None:
        before = rig.pointer()
        rig.open().switch("2.0", "run_1/1", 1)
        rig.settle("2.0")
        rig.open().switch("1.0", "run_1/1/undo", 1)
        assert rig.settle("1.0").healthy
        assert rig.pointer() == before
