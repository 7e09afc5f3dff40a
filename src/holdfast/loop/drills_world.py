"""A world that can be looked at and not be changed: what rehearsals in production see, and previews.

Every question is a short read transaction of its own, so that what lies outside may be asked between two of them.
Whatever would write is refused: a shadow drill that changed anything would be no drill.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from holdfast.errors import PlanError
from holdfast.loop.world import NoReceivers, NoReleases, NoTargets, TxWorld, read_flag
from holdfast.model.flag import FlagReading, Overlay
from holdfast.model.frozen import frozen
from holdfast.model.run import Approval, Message
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.senses import Senses
from holdfast.ports.store import Store
from holdfast.ports.world import Receivers, Releases, Targets


def _refuse(what: str) -> PlanError:
    return PlanError(f"a rehearsal that only looks was about to {what}", hint="this is a defect of the action")


class LookingHolds:
    """The overlays of one environment, read."""

    def __init__(self, store: Store, org: str, environment: str) -> None:
        self._store, self._org, self._environment = store, org, environment

    def active(self, flag: str) -> Sequence[Overlay]:
        """Return the overlays that are not lifted, oldest first."""
        with self._store.read(self._org) as tx:
            return tx.overlays.active(self._environment, flag)

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        with self._store.read(self._org) as tx:
            return tx.overlays.of_run(run_id)

    def lay(self, overlay: Overlay) -> None:
        """Refuse. Raises: PlanError."""
        raise _refuse(f"lay overlay {overlay.id}")

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Refuse. Raises: PlanError."""
        raise _refuse(f"lift overlay {overlay_id} at {at}")


class LookingFlags:
    """The flags that Holdfast serves in one environment, read."""

    name = "holdfast"
    own = True

    def __init__(self, store: Store, org: str, environment: str) -> None:
        self._store, self._org, self._environment = store, org, environment

    def find_problem(self) -> str | None:
        """Return `None`: who can read the store can read its flags."""
        return None

    def read(self, flag: str) -> FlagReading | None:
        """Return what is served, under the overlays that are active."""
        with self._store.read(self._org) as tx:
            return read_flag(tx.flags.find(self._environment, flag), tx.overlays.active(self._environment, flag))

    def force(self, flag: str, variant: str) -> None:
        """Refuse. Raises: PlanError."""
        raise _refuse(f"force `{flag}` to `{variant}`")

    def restore(self, flag: str, definition: str) -> None:
        """Refuse. Raises: PlanError."""
        raise _refuse(f"restore `{flag}` ({len(definition)} characters)")


@frozen
class Surroundings:
    """What may be looked at; `None` is what there is not.

    `releases` opens the choice of releases of an org: as the engine would choose, and it must not write either.
    """

    store: Store
    targets: Targets | None = None
    receivers: Receivers | None = None
    releases: Callable[[str], Releases] | None = None
    senses: Senses | None = None


class LookingWorld:
    """What a step may look at in an environment."""

    def __init__(self, around: Surroundings, org: str, environment: str) -> None:
        self._store, self._org, self._environment = around.store, org, environment
        self.targets: Targets = around.targets.of(org) if around.targets is not None else NoTargets()
        self.receivers: Receivers = around.receivers.of(org) if around.receivers is not None else NoReceivers()
        self.releases: Releases = around.releases(org) if around.releases is not None else NoReleases()
        self.senses = around.senses if around.senses is not None else Senses()
        self.holds = LookingHolds(around.store, org, environment)

    def flags(self) -> FlagProvider:
        """Return what serves the environment's flags."""
        elsewhere = self.targets.flags(self._org, self._environment)
        return elsewhere or LookingFlags(self._store, self._org, self._environment)

    def tell(self, message: Message) -> None:
        """Refuse. Raises: PlanError."""
        raise _refuse(f"send message {message.id}")

    def message(self, message_id: str) -> Message | None:
        """Return `None`: nothing was sent."""
        return None

    def approvals(self, run_id: str, step: int) -> Sequence[Approval]:
        """Return nobody: nobody is asked in a rehearsal."""
        return ()

    def share(self, service_id: str, environment: str) -> float | None:
        """Return the share of the service's instances that are there."""
        with self._store.read(self._org) as tx:
            return TxWorld(tx, self._environment).share(service_id, environment)
