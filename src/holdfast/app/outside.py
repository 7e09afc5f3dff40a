"""What the operator of this server lets it reach, by the operator's file: `DIR/targets.yaml`, or `HOLDFAST_TARGETS`.

Rules:
1. A server does not start with a file that is not in order, and loads nothing half.
2. Commands in a process of their own (`holdfast mitigate …` without a server) do start: what they do with runs must not
   hang on it. Only what would reach outside says then that the file is not in order.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from functools import partial
from typing import NoReturn

from holdfast.app.settings import ORG, Settings
from holdfast.edges.providers.operator_file import load_targets
from holdfast.edges.providers.secret_references import read_reference
from holdfast.edges.providers.target_spec import SECTIONS, Tools
from holdfast.edges.providers.targets import ConfiguredReceivers, ConfiguredTargets, OpenTargets
from holdfast.errors import FactError, PlanError
from holdfast.loop.drills_inputs import note_configured
from holdfast.loop.world import NoReceivers, NoTargets
from holdfast.mitigations.probe_hosts import SECTION as PROBES
from holdfast.mitigations.probe_hosts import ProbeHosts, hosts_of
from holdfast.model.frozen import frozen
from holdfast.model.target import Target
from holdfast.ports.clock import Clock
from holdfast.ports.deployer import Deployer
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.http import Http
from holdfast.ports.outside import CommandTarget, HttpTarget, Metrics, Notifier
from holdfast.ports.proxy import Proxy
from holdfast.ports.store import Store
from holdfast.ports.world import Receivers, Targets


@frozen
class Outside:
    """The entries of the operator's file, and what opens them. `problem` says what is wrong with the file."""

    entries: tuple[Target, ...] = ()
    targets: Targets = field(default_factory=NoTargets)
    receivers: Receivers = field(default_factory=NoReceivers)
    problem: FactError | None = None
    opened: OpenTargets | None = None

    def asks(self, org: str) -> list[tuple[Target, Callable[[], str | None]]]:
        """Return what an org may use, each with what asks it why it can't be used now."""
        opened = self.opened
        asked = [one for one in self.of(org) if one.section in SECTIONS]
        return [(one, partial(_ask, opened, one)) for one in asked] if opened is not None else []

    def of(self, org: str) -> tuple[Target, ...]:
        """Return the entries that an org may use; whom probes may ask holds for all."""
        return tuple(one for one in self.entries if one.section == PROBES or (one.org or ORG) == org)

    def probe_hosts(self) -> ProbeHosts:
        """Return whom probes may ask; nobody while the file is not in order, as it may forbid what would be asked."""
        if self.problem is not None:
            return ProbeHosts(closed="the operator's file, which says whom probes may ask, is not in order")
        return hosts_of(self.entries)

    def note(self, store: Store, clock: Clock) -> None:
        """Keep the digests of each org's entries: a plan's rehearsal is stale when they change."""
        for org in store.tenants.orgs():
            with store.write_now(org.id, clock) as (tx, _):
                note_configured(tx, self.of(org.id))


def require_targets(settings: Settings) -> tuple[Target, ...]:
    """Return the entries of the operator's file, each secret of which is there; none without a file.

    Raises:
        FactError: everything that is wrong with it.
    """
    return load_targets(settings.targets) if settings.targets is not None else ()


def tools_of(settings: Settings, http: Http, clock: Clock) -> Tools:
    """Return what adapters may use."""
    return Tools(http=http, clock=clock, data=settings.data / "outside", resolve_secret=read_reference)


def open_outside(settings: Settings, http: Http, clock: Clock) -> Outside:
    """Return what the operator configured; with a file that is not in order, targets that say so when used."""
    if settings.targets is None:
        return Outside()
    try:
        entries = load_targets(settings.targets, look_for_secrets=False)
    except FactError as error:
        return Outside(targets=_Broken(error), receivers=_BrokenReceivers(error), problem=error)
    opened = OpenTargets(entries, tools_of(settings, http, clock))
    return Outside(entries, ConfiguredTargets(opened, ORG), ConfiguredReceivers(opened, ORG), opened=opened)


def _ask(opened: OpenTargets, target: Target) -> str | None:
    """Say why an entry can't be used now. Raises: PlanError: it can't be opened."""
    problem: str | None = opened.open(target).find_problem()
    return problem


class _Broken:
    """Targets by a file that is not in order: which system has an environment's flags is not known either."""

    def __init__(self, error: FactError) -> None:
        self._error = error

    def _refuse(self) -> NoReturn:
        first = self._error.message.splitlines()[0]
        raise PlanError(
            f"the operator's file is not in order: {first}", where=self._error.where, hint="holdfast doctor"
        )

    def of(self, org: str) -> "_Broken":
        del org
        return self

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        self._refuse()

    def deployer(self, environment: str, service: str, name: str | None = None) -> Deployer:
        self._refuse()

    def proxy(self, environment: str, service: str, name: str | None = None) -> Proxy:
        self._refuse()

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        self._refuse()

    def command(self, name: str, environment: str | None = None, service: str | None = None) -> CommandTarget:
        self._refuse()


class _BrokenReceivers:
    def __init__(self, error: FactError) -> None:
        self._refuse = _Broken(error)._refuse

    def of(self, org: str) -> "_BrokenReceivers":
        del org
        return self

    def metrics(self, name: str | None = None) -> Metrics:
        self._refuse()

    def notifier(self, name: str) -> Notifier:
        self._refuse()

    def notifiers(self) -> Sequence[str]:
        """Nobody is known: a message to everybody says so."""
        return ()
