"""A world in memory, as actions see it: the shipped fake of `ports.world.World`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from holdfast.loop.world import NoReceivers, NoReleases, NoTargets, read_flag
from holdfast.model.flag import FlagDefinition, FlagReading, Overlay
from holdfast.model.run import Approval, Message
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.senses import Senses
from holdfast.ports.world import Receivers, Releases, Targets


@dataclass
class MemoryHolds:
    """The overlays of one environment, by id."""

    overlays: dict[str, Overlay] = field(default_factory=dict)

    def active(self, flag: str) -> Sequence[Overlay]:
        """Return the overlays that are not lifted, oldest first."""
        held = [one for one in self.overlays.values() if one.flag == flag and one.lifted_at is None]
        return sorted(held, key=lambda one: (one.created_at, one.id))

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        return [one for one in self.overlays.values() if one.run == run_id]

    def lay(self, overlay: Overlay) -> None:
        """Keep an overlay; does nothing when its id is there already."""
        self.overlays.setdefault(overlay.id, overlay)

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift one; does nothing when it is lifted already, or was never laid."""
        known = self.overlays.get(overlay_id)
        if known is not None and known.lifted_at is None:
            self.overlays[overlay_id] = replace(known, lifted_at=at)


@dataclass
class MemoryFlags:
    """Flags that are served from memory, under the overlays of a world."""

    holds: MemoryHolds
    definitions: dict[str, FlagDefinition] = field(default_factory=dict)
    name: str = "memory"
    own: bool = True
    problem: str | None = None

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.problem

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves."""
        return read_flag(self.definitions.get(flag), self.holds.active(flag))

    def force(self, flag: str, variant: str) -> None:
        """Do nothing: the overlay is the effect."""

    def restore(self, flag: str, definition: str) -> None:
        """Do nothing: lifting the overlay is the effect."""


@dataclass
class MemoryWorld:
    """What one run's step may touch, in memory; replace any part to try another."""

    holds: MemoryHolds = field(default_factory=MemoryHolds)
    provider: FlagProvider | None = None
    targets: Targets = field(default_factory=NoTargets)
    receivers: Receivers = field(default_factory=NoReceivers)
    releases: Releases = field(default_factory=NoReleases)
    senses: Senses = field(default_factory=Senses)
    messages: dict[str, Message] = field(default_factory=dict)
    consents: dict[tuple[str, int], list[Approval]] = field(default_factory=dict)
    shares: dict[tuple[str, str], float] = field(default_factory=dict)

    def flags(self) -> FlagProvider:
        """Return what serves the flags of the run's environment."""
        if self.provider is None:
            self.provider = MemoryFlags(self.holds)
        return self.provider

    def tell(self, message: Message) -> None:
        """Put a message into the outbox."""
        self.messages.setdefault(message.id, message)

    def message(self, message_id: str) -> Message | None:
        """Return a message of the outbox."""
        return self.messages.get(message_id)

    def approvals(self, run_id: str, step: int) -> Sequence[Approval]:
        """Return who consented to a step."""
        return self.consents.get((run_id, step), [])

    def share(self, service_id: str, environment: str) -> float | None:
        """Return the share of the service's instances that are there."""
        return self.shares.get((service_id, environment))
