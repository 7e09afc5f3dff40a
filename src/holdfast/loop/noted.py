"""The operator's targets as the store remembers them, for transactions: by name, and nothing of them can be asked.

Which system has an environment's flags decides whether a step's effect lies in our store, also where nobody opened the
operator's file: the API that shows what a plan would do, the loop that decides whether it may do it by itself.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NoReturn

from holdfast.errors import PlanError
from holdfast.loop.drills_inputs import load_seen
from holdfast.model.flag import FlagReading
from holdfast.ports.deployer import Deployer
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.outside import CommandTarget, HttpTarget, Metrics, Notifier
from holdfast.ports.proxy import Proxy
from holdfast.ports.store import Transaction

_Entry = Mapping[str, str | None]


def _refuse(what: str) -> NoReturn:
    raise PlanError(f"{what} is asked when no transaction is open", hint="name it in the operator's file, if it is not")


class NotedTargets:
    """Targets by name; opening one is refused."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @cached_property
    def _flags(self) -> list[_Entry]:
        return [one for one in load_seen(self._tx).configured if one["section"] == "flags"]

    def of(self, org: str) -> "NotedTargets":
        """Return the same: what is noted is the org's own."""
        del org
        return self

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Return that another system has an environment's flags; `None` where Holdfast serves them itself."""
        del org
        found = next((one for one in self._flags if one["environment"] in {None, environment}), None)
        return NotedFlags(str(found["name"])) if found is not None else None

    def deployer(self, environment: str, service: str, name: str | None = None) -> Deployer:
        """Refuse. Raises: PlanError."""
        _refuse(f"what deploys `{service}` in `{environment}`")

    def proxy(self, environment: str, service: str, name: str | None = None) -> Proxy:
        """Refuse. Raises: PlanError."""
        _refuse(f"the proxy before `{service}` in `{environment}`")

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Refuse. Raises: PlanError."""
        _refuse(f"`{name[:80]}`")

    def command(self, name: str, environment: str | None = None, service: str | None = None) -> CommandTarget:
        """Refuse. Raises: PlanError."""
        _refuse(f"`{name[:80]}`")


class NotedFlags:
    """A flag system that is not ours, and can't be asked here."""

    own = False

    def __init__(self, name: str) -> None:
        self.name = name

    def find_problem(self) -> str | None:
        """Return `None`: whether it answers is asked before a run begins."""
        return None

    def read(self, flag: str) -> FlagReading | None:
        """Refuse. Raises: PlanError."""
        _refuse(f"flag `{flag[:80]}` of {self.name}")

    def force(self, flag: str, variant: str) -> None:
        """Refuse. Raises: PlanError."""
        _refuse(f"flag `{flag[:80]}` of {self.name}")

    def restore(self, flag: str, definition: str) -> None:
        """Refuse. Raises: PlanError."""
        _refuse(f"flag `{flag[:80]}` of {self.name}")


class NotedReceivers:
    """Receivers by name; opening one is refused."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def of(self, org: str) -> "NotedReceivers":
        """Return the same: what is noted is the org's own."""
        del org
        return self

    def metrics(self, name: str | None = None) -> Metrics:
        """Refuse. Raises: PlanError."""
        _refuse("a source of metrics")

    def notifier(self, name: str) -> Notifier:
        """Refuse. Raises: PlanError."""
        _refuse(f"`{name[:80]}`")

    def notifiers(self) -> Sequence[str]:
        """Return the names of all receivers of messages."""
        return tuple(str(one["name"]) for one in load_seen(self._tx).configured if one["section"] == "notify")
