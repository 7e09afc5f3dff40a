"""Everything that actions may touch, by name. What is not here, no plan can reach."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.flag import Overlay
from holdfast.model.frozen import frozen
from holdfast.model.run import Approval, Message
from holdfast.ports.deployer import Deployer
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.outside import CommandTarget, HttpTarget, Metrics, Notifier
from holdfast.ports.proxy import Proxy
from holdfast.ports.senses import Senses


class Targets(Protocol):
    """What the operator configured, opened. Each raises `PlanError` when there is no such target."""

    def of(self, org: str) -> "Targets":
        """Return what that org may use; every world sees the targets of its own."""
        ...

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Return the flag system that an environment has; `None` where Holdfast serves its flags itself."""
        ...

    def deployer(self, environment: str, service: str, name: str | None = None) -> Deployer:
        """Return what deploys a service there; by name where there are several."""
        ...

    def proxy(self, environment: str, service: str, name: str | None = None) -> Proxy:
        """Return what stands before a service there; by name where there are several."""
        ...

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Return a receiver of signed requests; refused where the operator keeps it for another place."""
        ...

    def command(self, name: str, environment: str | None = None, service: str | None = None) -> CommandTarget:
        """Return an allowed command; refused where the operator keeps it for another place."""
        ...


class Receivers(Protocol):
    """Where values are measured and messages go. Each raises `PlanError` when there is no such target."""

    def of(self, org: str) -> "Receivers":
        """Return what that org may use."""
        ...

    def metrics(self, name: str | None = None) -> Metrics:
        """Return a source of measured values; the only one without a name."""
        ...

    def notifier(self, name: str) -> Notifier:
        """Return a receiver of messages."""
        ...

    def notifiers(self) -> Sequence[str]:
        """Return the names of all receivers of messages."""
        ...


class Holds(Protocol):
    """The overlays of one environment, as actions lay and lift them; every call is atomic and under the run's fence."""

    def active(self, flag: str) -> Sequence[Overlay]:
        """Return the overlays that are not lifted, oldest first."""
        ...

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        ...

    def lay(self, overlay: Overlay) -> None:
        """Keep an overlay; does nothing when its id is there already."""
        ...

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift one; does nothing when it is lifted already, or was never laid."""
        ...


@frozen
class ReleaseChoice:
    """The release that a deployer is to switch to: its id, its version there, and the proof, a sentence each.

    `running` is the id of the release whose place it takes.
    """

    release: str
    version: str
    proof: tuple[str, ...]
    running: str = ""


class Releases(Protocol):
    """Which release may take another's place, by proof."""

    def find_rollback(
        self,
        service_id: str,
        environment: str,
        *,
        version: str | None = None,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Return the newest earlier release that ran healthy here, is there, is strictly less exposed and allowed.

        `version` narrows it to one, `deployer` names the deployer where there are several, and the hole that `exposure`
        (an id) is about is in none that is chosen.

        Raises:
            PlanError: there is none; says of each candidate why not.
            ActionError: the deployer can't be asked.
        """
        ...

    def find_forward(
        self,
        service_id: str,
        environment: str,
        version: str | None,
        *,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Return the release to roll forward to: the named version, or the newest that is strictly less exposed.

        Raises:
            PlanError: there is none; says of each candidate why not.
            ActionError: the deployer can't be asked.
        """
        ...


class World(Protocol):
    """What one run's step may touch.

    Inside a transaction (where `ActionSpec.within` is true, and while planning) nothing outside the store may be asked.
    """

    @property
    def targets(self) -> Targets:
        """What the operator configured."""
        ...

    @property
    def receivers(self) -> Receivers:
        """Where values are measured and messages go."""
        ...

    @property
    def holds(self) -> Holds:
        """The overlays of the run's environment."""
        ...

    @property
    def releases(self) -> Releases:
        """Which release may take another's place."""
        ...

    @property
    def senses(self) -> Senses:
        """What probes look with; nothing inside a transaction."""
        ...

    def flags(self) -> FlagProvider:
        """Return what serves the flags of the run's environment."""
        ...

    def tell(self, message: Message) -> None:
        """Put a message into the outbox; does nothing when its id is there already."""
        ...

    def message(self, message_id: str) -> Message | None:
        """Return a message of the outbox, with what became of it."""
        ...

    def approvals(self, run_id: str, step: int) -> Sequence[Approval]:
        """Return who consented to a step that waits for people, oldest first."""
        ...

    def share(self, service_id: str, environment: str) -> float | None:
        """Return the share of the service's running instances that are in that environment; `None` without any."""
        ...
