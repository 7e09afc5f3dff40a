"""The world as a step sees it while no transaction is open: targets may take their time.

Rules:
1. Each call to the store is a short transaction of its own; one that writes does so under the run's fence.
2. What was read may be old by the time that it is used: the engine reads back, and the commit checks the fence.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from holdfast.loop.world import OwnFlags, TxWorld
from holdfast.model.flag import FlagReading, Overlay
from holdfast.model.frozen import frozen
from holdfast.model.run import Approval, Lease, Message, Run
from holdfast.ports.clock import Clock
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.senses import Senses
from holdfast.ports.store import Store, Transaction
from holdfast.ports.world import Holds, Receivers, Releases, Targets

LEASE = timedelta(seconds=3)
"""How long a worker holds a run without a sign of life."""


@frozen
class Reach:
    """What an engine's runs may touch at all. `releases` opens the choice of releases of an org."""

    store: Store
    clock: Clock
    targets: Targets
    receivers: Receivers
    releases: Callable[[str], Releases]
    senses: Senses

    def inside(self, tx: Transaction, environment: str) -> TxWorld:
        """Return the world of a step inside a transaction."""
        world = TxWorld(tx, environment, self.targets)
        world.receivers, world.releases = self.receivers.of(tx.org), self.releases(tx.org)
        return world


class FreeWorld:
    """What a run's step may touch outside transactions. Without a lease it is read-only."""

    def __init__(self, reach: Reach, run: Run, lease: Lease | None = None) -> None:
        self._reach = reach
        self._run = run
        self._lease = lease
        self.targets: Targets = reach.targets.of(run.org)
        self.receivers: Receivers = reach.receivers.of(run.org)
        self.releases: Releases = reach.releases(run.org)
        self.senses = reach.senses
        self.holds: Holds = FreeHolds(self)

    @contextmanager
    def reading(self) -> Iterator[TxWorld]:
        """Give the world as a short read transaction sees it."""
        with self._reach.store.read(self._run.org) as tx:
            yield self._reach.inside(tx, self._run.environment)

    @contextmanager
    def writing(self) -> Iterator[TxWorld]:
        """Give the world in a short write transaction under the run's fence.

        Raises:
            FencedError: another worker has the run by now.
        """
        with self._reach.store.write_now(self._run.org, self._reach.clock) as (tx, now):
            if self._lease is not None:
                tx.leases.keep(self._lease, now + LEASE)
            yield self._reach.inside(tx, self._run.environment)

    def flags(self) -> FlagProvider:
        """Return what serves the environment's flags."""
        return self.targets.flags(self._run.org, self._run.environment) or FreeFlags(self)

    def tell(self, message: Message) -> None:
        """Put a message into the outbox."""
        with self.writing() as world:
            world.tell(message)

    def message(self, message_id: str) -> Message | None:
        """Return a message of the outbox."""
        with self.reading() as world:
            return world.message(message_id)

    def approvals(self, run_id: str, step: int) -> Sequence[Approval]:
        """Return who consented to a step that waits for people, oldest first."""
        with self.reading() as world:
            return world.approvals(run_id, step)

    def share(self, service_id: str, environment: str) -> float | None:
        """Return the share of the service's running instances that are in that environment; `None` without any."""
        with self.reading() as world:
            return world.share(service_id, environment)


class FreeHolds:
    """The overlays of the run's environment."""

    def __init__(self, world: FreeWorld) -> None:
        self._world = world

    def active(self, flag: str) -> Sequence[Overlay]:
        """Return the overlays that are not lifted, oldest first."""
        with self._world.reading() as world:
            return world.holds.active(flag)

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        with self._world.reading() as world:
            return world.holds.of_run(run_id)

    def lay(self, overlay: Overlay) -> None:
        """Keep an overlay."""
        with self._world.writing() as world:
            world.holds.lay(overlay)

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift one; does nothing when it was never laid."""
        with self._world.writing() as world:
            world.holds.lift(overlay_id, at)


class FreeFlags:
    """The flags that Holdfast serves itself, each read in a transaction of its own."""

    name = OwnFlags.name
    own = True

    def __init__(self, world: FreeWorld) -> None:
        self._world = world

    def find_problem(self) -> str | None:
        """Return `None`: who can read the store can read its flags."""
        return None

    def read(self, flag: str) -> FlagReading | None:
        """Return what is served, under the overlays that are active."""
        with self._world.reading() as world:
            return OwnFlags(world.tx, world.environment).read(flag)

    def force(self, flag: str, variant: str) -> None:
        """Do nothing: the overlay is the effect."""

    def restore(self, flag: str, definition: str) -> None:
        """Do nothing: lifting the overlay is the effect."""
