"""Faults, injected into what carries a drill's own run out, and into nothing else."""

from datetime import datetime

from holdfast.loop.drills_stage import Stage
from holdfast.model.drill import DrillEvidence
from holdfast.model.run import Run
from holdfast.ports.store import Transaction


class Injected:
    """What was injected. `drives` says that the run is carried out here, by an engine with the faults in it."""

    drives = False
    names: tuple[str, ...] = ()

    def take(self, tx: Transaction, run: Run, now: datetime) -> None:
        """Take the run, so that no other engine does."""

    def go_on(self, org: str) -> None:
        """Let the faulty engine go a round."""

    def see(self) -> str:
        """Say what befell it. Raises: ActionError: a fault never came to pass."""
        return "none"

    def close(self) -> None:
        """End it."""


def inject(stage: Stage, evidence: DrillEvidence) -> Injected:
    """Return what carries the run out with the drill's faults."""
    del stage, evidence
    return Injected()
