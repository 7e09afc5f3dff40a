"""The operator's entries, opened when they are first used.

Rules:
1. What an org may use, another may not: a view belongs to one org.
2. The entry that names the place most closely is meant: service and environment, service, environment, neither.
3. An entry is opened once per process; one that can't be opened is tried again at the next use.
4. An adapter's methods raise errors of ours alone: what it does not promise becomes an `ActionError`.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, cast

from holdfast.edges.providers.target_spec import SECTIONS, TargetSpec, Tools
from holdfast.errors import PlanError
from holdfast.loop.unforeseen import only_promised
from holdfast.model.target import Target, closest
from holdfast.ports.deployer import Deployer
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.outside import CommandTarget, HttpTarget, Metrics, Notifier
from holdfast.ports.proxy import Proxy
from holdfast.registry import load_room

_HINT = "name it in the operator's file"


@dataclass(slots=True)
class OpenTargets:
    """Opens entries, each once. Safe between threads: only those who want the same entry wait for each other."""

    targets: Sequence[Target]
    tools: Tools
    _opened: dict[Target, Any] = field(default_factory=dict)
    _locks: dict[Target, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def open(self, target: Target) -> Any:  # the port of the entry's section
        """Return an entry's adapter.

        Raises:
            PlanError: it can't be opened: a secret is gone, a file is not there.
        """
        with self._guard:
            if target in self._opened:
                return self._opened[target]
            lock = self._locks.setdefault(target, threading.Lock())
        with lock:
            if target not in self._opened:
                with only_promised(f"opening `{target.name}`"):
                    self._opened[target] = _Promised(target.name, find_spec(target).open(target, self.tools))
            return self._opened[target]


class _Promised:
    """An adapter whose methods raise errors of ours alone; all else of it is as it is."""

    def __init__(self, name: str, adapter: Any) -> None:  # whichever port the entry's section has
        self._name = name
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        """Return what the adapter has by that name."""
        found = getattr(self._adapter, name)
        if not callable(found):
            return found
        label = f"`{self._name}`"

        @wraps(found)
        def ask(*arguments: Any, **named: Any) -> Any:
            with only_promised(label):
                return found(*arguments, **named)

        return ask


def find_spec(target: Target) -> TargetSpec:
    """Return the adapter of an entry. Raises: PlanError: there is none."""
    for spec in load_room(SECTIONS[target.section]):
        if spec.id == target.kind:
            return cast("TargetSpec", spec)
    raise PlanError(f"`{target.section}` has no kind `{target.kind}`", where=target.where)


class _View:
    def __init__(self, opened: OpenTargets, org: str, own: str) -> None:
        self._opened = opened
        self._org = org
        self._own = own

    def _mine(self, section: str) -> list[Target]:
        return [
            target
            for target in self._opened.targets
            if target.section == section and (target.org or self._own) == self._org
        ]

    def _named(self, section: str, name: str, environment: str | None, service: str | None) -> Target | None:
        """Return the entry of that name. Raises: PlanError: it is kept for another place."""
        target = next((one for one in self._mine(section) if one.name == name), None)
        if target is not None and environment is not None and not target.covers(environment, service):
            place = " of ".join(f"`{one}`" for one in (target.environment, target.service) if one)
            raise PlanError(f"`{name[:80]}` is kept for {place}", hint="the operator says where a target may be used")
        return target

    def _of_place(self, section: str, environment: str, service: str | None) -> list[Target]:
        """Return the entries that name the place most closely."""
        return closest([one for one in self._mine(section) if one.covers(environment, service)])

    def _only(self, section: str, what: str, environment: str, service: str, name: str | None) -> Target:
        """Return the one entry that is meant. Raises: PlanError: there is none, or several."""
        if name is not None:
            found = [one for one in [self._named(section, name, environment, service)] if one is not None]
        else:
            found = self._of_place(section, environment, service)
        place = f"`{service}` in `{environment}`"
        if not found:
            raise PlanError(f"there is no {what} {f'`{name[:80]}` ' if name else ''}for {place}", hint=_HINT)
        if len(found) > 1:
            names = ", ".join(f"`{one.name}`" for one in found)
            raise PlanError(f"there are several of `{section}` for {place}", hint=f"`{what}`: one of {names}")
        return found[0]


class ConfiguredTargets(_View):
    """`ports.world.Targets` by the operator's entries; of the installation's own org until `of` says another."""

    def __init__(self, opened: OpenTargets, own: str, org: str | None = None) -> None:
        super().__init__(opened, org if org is not None else own, own)

    def of(self, org: str) -> "ConfiguredTargets":
        """Return what another org may use."""
        return ConfiguredTargets(self._opened, self._own, org)

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Return the flag system that an environment has; `None` where Holdfast serves its flags itself."""
        found = self.of(org)._of_place("flags", environment, None)
        return cast("FlagProvider", self._opened.open(found[0])) if found else None

    def deployer(self, environment: str, service: str, name: str | None = None) -> Deployer:
        """Return what deploys a service there; by name where there are several."""
        return cast("Deployer", self._opened.open(self._only("deployers", "deployer", environment, service, name)))

    def proxy(self, environment: str, service: str, name: str | None = None) -> Proxy:
        """Return what stands before a service there; by name where there are several."""
        return cast("Proxy", self._opened.open(self._only("proxies", "proxy", environment, service, name)))

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Return a receiver of signed requests."""
        target = self._named("http", name, environment, service)
        if target is None:
            raise PlanError(f"there is no HTTP target `{name[:80]}`", hint=_HINT)
        return cast("HttpTarget", self._opened.open(target))

    def command(self, name: str, environment: str | None = None, service: str | None = None) -> CommandTarget:
        """Return an allowed command."""
        target = self._named("commands", name, environment, service)
        if target is None:
            raise PlanError(f"the command `{name[:80]}` is not allowed", hint=_HINT)
        return cast("CommandTarget", self._opened.open(target))


class ConfiguredReceivers(_View):
    """`ports.world.Receivers` by the operator's entries; of the installation's own org until `of` says another."""

    def __init__(self, opened: OpenTargets, own: str, org: str | None = None) -> None:
        super().__init__(opened, org if org is not None else own, own)

    def of(self, org: str) -> "ConfiguredReceivers":
        """Return what another org may use."""
        return ConfiguredReceivers(self._opened, self._own, org)

    def metrics(self, name: str | None = None) -> Metrics:
        """Return a source of measured values; the only one without a name."""
        found = [one for one in self._mine("metrics") if name is None or one.name == name]
        if not found:
            raise PlanError(f"there is no source of metrics `{(name or '')[:80]}`", hint=_HINT)
        if len(found) > 1:
            names = ", ".join(f"`{one.name}`" for one in found)
            raise PlanError("there are several sources of metrics", hint=f"name one of {names}")
        return cast("Metrics", self._opened.open(found[0]))

    def notifier(self, name: str) -> Notifier:
        """Return a receiver of messages."""
        target = self._named("notify", name, None, None)
        if target is None:
            raise PlanError(f"there is no receiver `{name[:80]}`", hint=_HINT)
        return cast("Notifier", self._opened.open(target))

    def notifiers(self) -> Sequence[str]:
        """Return the names of all receivers of messages, in the file's order."""
        return tuple(one.name for one in self._mine("notify"))
