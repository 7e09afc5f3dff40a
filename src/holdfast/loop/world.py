"""The world as a step sees it inside a transaction: the store, and the names of what lies outside.

Rules:
1. Nothing outside the store is asked while a transaction is open: a slow target would hold every other writer up.
2. Where Holdfast serves the flags, an overlay is the effect: it is committed together with the step.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import NotFoundError, PlanError
from holdfast.loop.noted import NotedReceivers, NotedTargets
from holdfast.mitigations.evaluation import Evaluated, Evaluators, FlagSet
from holdfast.mitigations.flags import parse_flag
from holdfast.model.flag import FlagDefinition, FlagReading, Overlay
from holdfast.model.run import Approval, Message
from holdfast.ports.deployer import Deployer
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.outside import CommandTarget, HttpTarget, Metrics, Notifier
from holdfast.ports.proxy import Proxy
from holdfast.ports.senses import Senses
from holdfast.ports.store import Transaction
from holdfast.ports.world import Holds, Receivers, ReleaseChoice, Releases, Targets

_EVALUATORS = Evaluators(limit=2048)


class NoTargets:
    """What a server has whose operator configured nothing: its own flags, and nothing outside."""

    def of(self, org: str) -> "NoTargets":
        """Return the same nothing."""
        return self

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Return `None`: Holdfast serves the flags itself."""
        return None

    def deployer(self, environment: str, service: str, name: str | None = None) -> Deployer:
        """Refuse. Raises: PlanError."""
        raise PlanError(f"nothing deploys `{service}` in `{environment}`", hint="name it in the operator's file")

    def proxy(self, environment: str, service: str, name: str | None = None) -> Proxy:
        """Refuse. Raises: PlanError."""
        raise PlanError(f"no proxy stands before `{service}` in `{environment}`", hint="name it in the operator's file")

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Refuse. Raises: PlanError."""
        raise PlanError(f"there is no HTTP target `{name[:80]}`", hint="name it in the operator's file")

    def command(self, name: str, environment: str | None = None, service: str | None = None) -> CommandTarget:
        """Refuse. Raises: PlanError."""
        raise PlanError(f"the command `{name[:80]}` is not allowed", hint="name it in the operator's file")


class NoReceivers:
    """Nowhere to measure, nobody to tell."""

    def of(self, org: str) -> "NoReceivers":
        """Return the same nothing."""
        return self

    def metrics(self, name: str | None = None) -> Metrics:
        """Refuse. Raises: PlanError."""
        raise PlanError(f"there is no source of metrics `{name or ''}`", hint="name it in the operator's file")

    def notifier(self, name: str) -> Notifier:
        """Refuse. Raises: PlanError."""
        raise PlanError(f"there is no receiver `{name[:80]}`", hint="name it in the operator's file")

    def notifiers(self) -> Sequence[str]:
        """Return no name."""
        return ()


class NoReleases:
    """Knows of no release that may take another's place."""

    def find_rollback(
        self,
        service_id: str,
        environment: str,
        *,
        version: str | None = None,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Refuse. Raises: PlanError."""
        raise PlanError("no release to go back to is known", hint="register and deploy one")

    def find_forward(
        self,
        service_id: str,
        environment: str,
        version: str | None,
        *,
        deployer: str | None = None,
        exposure: str | None = None,
    ) -> ReleaseChoice:
        """Refuse. Raises: PlanError."""
        raise PlanError("no release to go forward to is known", hint="register it")


class OwnFlags:
    """The flags that Holdfast serves in one environment, read in a transaction."""

    name = "holdfast"
    own = True

    def __init__(self, tx: Transaction, environment: str) -> None:
        self._tx = tx
        self._environment = environment

    def find_problem(self) -> str | None:
        """Return `None`: who can read the store can read its flags."""
        return None

    def read(self, flag: str) -> FlagReading | None:
        """Return what is served, under the overlays that are active."""
        return read_flag(
            self._tx.flags.find(self._environment, flag), self._tx.overlays.active(self._environment, flag)
        )

    def force(self, flag: str, variant: str) -> None:
        """Do nothing: the overlay is the effect."""

    def restore(self, flag: str, definition: str) -> None:
        """Do nothing: lifting the overlay is the effect."""


def read_flag(definition: FlagDefinition | None, overlays: Sequence[Overlay]) -> FlagReading | None:
    """Return what a definition under overlays serves to nobody in particular; `None` without a definition."""
    if definition is None:
        return None
    out = FlagSet([definition], overlays, _EVALUATORS).evaluate(definition.key, EvaluationContext())
    served = out.variant if isinstance(out, Evaluated) else None
    variants = tuple(parse_flag(definition.key, definition.definition).variants)
    return FlagReading(definition.key, variants, served, definition.definition)


class TxHolds:
    """The overlays of one environment in a transaction."""

    def __init__(self, tx: Transaction, environment: str) -> None:
        self._tx = tx
        self._environment = environment

    def active(self, flag: str) -> Sequence[Overlay]:
        """Return the overlays that are not lifted, oldest first."""
        return self._tx.overlays.active(self._environment, flag)

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        return self._tx.overlays.of_run(run_id)

    def lay(self, overlay: Overlay) -> None:
        """Keep an overlay."""
        self._tx.overlays.save(overlay)

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift one; does nothing when it was never laid."""
        try:
            self._tx.overlays.lift(overlay_id, at)
        except NotFoundError:
            return


class TxWorld:
    """What a step may touch inside a transaction; without `targets`, those that the store remembers."""

    def __init__(self, tx: Transaction, environment: str, targets: Targets | None = None) -> None:
        self.tx = tx
        self.environment = environment
        self.targets: Targets = targets.of(tx.org) if targets is not None else NotedTargets(tx)
        self.receivers: Receivers = NotedReceivers(tx)
        self.holds: Holds = TxHolds(tx, environment)
        self.releases: Releases = NoReleases()
        self.senses = Senses()  # rule 1

    def flags(self) -> FlagProvider:
        """Return what serves the environment's flags."""
        return self.targets.flags(self.tx.org, self.environment) or OwnFlags(self.tx, self.environment)

    def tell(self, message: Message) -> None:
        """Put a message into the outbox."""
        self.tx.outbox.add(message)

    def message(self, message_id: str) -> Message | None:
        """Return a message of the outbox."""
        try:
            return self.tx.outbox.get(message_id)
        except NotFoundError:
            return None

    def approvals(self, run_id: str, step: int) -> Sequence[Approval]:
        """Return who consented to a step that waits for people, oldest first."""
        known: dict[str, Approval] = {}
        for signal in self.tx.signals.of_run(run_id):
            if signal.kind == f"approve-step-{step}":
                known.setdefault(signal.by, Approval(signal.by, signal.at))
        return tuple(known.values())

    def share(self, service_id: str, environment: str) -> float | None:
        """Return the share of the service's running instances that are in that environment; `None` without any."""
        return share_of(load_shares(self.tx, [service_id]).get(service_id, {}), environment)


def load_shares(tx: Transaction, service_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return service id → environment → the sum of the shares of what of it runs there now."""
    out: dict[str, dict[str, float]] = {}
    for (service, environment), share in tx.deployments.shares(service_ids).items():
        out.setdefault(service, {})[environment] = share
    return out


def share_of(running: Mapping[str, float], environment: str) -> float | None:
    """Return the share of a service that runs in an environment, by what runs in each; `None` where nothing runs."""
    total = sum(running.values())
    return running.get(environment, 0.0) / total if total else None


class SnapshotWorld(TxWorld):
    """The same, with all flags of the environment read at once: for planning many runs, which writes nothing."""

    def __init__(self, tx: Transaction, environment: str, targets: Targets | None = None) -> None:
        super().__init__(tx, environment, targets)
        self._definitions = {flag.key: flag for flag in tx.flags.list(environment)}
        self._overlays: dict[str, list[Overlay]] = {}
        for overlay in tx.overlays.active(environment):
            self._overlays.setdefault(overlay.flag, []).append(overlay)
        self.holds = _SnapshotHolds(tx, environment, self._overlays)

    def flags(self) -> FlagProvider:
        """Return what serves the environment's flags, as they were."""
        elsewhere = self.targets.flags(self.tx.org, self.environment)
        return elsewhere or _SnapshotFlags(self.tx, self.environment, self._definitions, self._overlays)


class _SnapshotHolds(TxHolds):
    def __init__(self, tx: Transaction, environment: str, overlays: dict[str, list[Overlay]]) -> None:
        super().__init__(tx, environment)
        self._overlays = overlays

    def active(self, flag: str) -> Sequence[Overlay]:
        return self._overlays.get(flag, ())


class _SnapshotFlags(OwnFlags):
    def __init__(
        self,
        tx: Transaction,
        environment: str,
        definitions: dict[str, FlagDefinition],
        overlays: dict[str, list[Overlay]],
    ) -> None:
        super().__init__(tx, environment)
        self._definitions = definitions
        self._overlays = overlays

    def read(self, flag: str) -> FlagReading | None:
        return read_flag(self._definitions.get(flag), self._overlays.get(flag, ()))
