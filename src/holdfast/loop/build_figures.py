"""How often the gate held builds, and how often somebody let one go all the same."""

from dataclasses import dataclass
from datetime import datetime

from holdfast.model.build import Answer
from holdfast.ports.store import Transaction

MOST_BUILDS = 10_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts since an instant. The override rate is of what was held; a rate of nothing is `None`."""

    since: datetime
    builds: int
    blocked: int
    unknown: int
    overridden: int

    @property
    def block_rate(self) -> float | None:
        """The share of builds that were held, 0 to 1."""
        return (self.blocked + self.unknown) / self.builds if self.builds else None

    @property
    def override_rate(self) -> float | None:
        """The share of held builds that somebody let go, 0 to 1."""
        held = self.blocked + self.unknown
        return self.overridden / held if held else None


def figures_of(tx: Transaction, since: datetime, service_id: str | None = None) -> Figures:
    """Return the figures of the builds since an instant, the newest 10,000 of them."""
    every = tx.builds.since(since, MOST_BUILDS)
    builds = [one for one in every if service_id is None or one.service_id == service_id]
    counts = {answer: sum(one.answer is answer for one in builds) for answer in Answer}
    overridden = sum(one.override is not None for one in builds)
    return Figures(since, len(builds), counts[Answer.BLOCKED], counts[Answer.UNKNOWN], overridden)
