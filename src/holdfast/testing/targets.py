"""What an operator might have configured, in memory: receivers, commands, measured values, notifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from holdfast.errors import ActionError, PlanError
from holdfast.ports.deployer import Deployer
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.outside import CommandTarget, HttpTarget, Metrics, Notifier, Reply
from holdfast.ports.proxy import Proxy

T = TypeVar("T")


@dataclass
class Receiver:
    """The other side of an HTTP target: it does a key once, and remembers what it did."""

    done: dict[str, bytes] = field(default_factory=dict)
    arrived: int = 0


@dataclass
class MemoryHttpTarget:
    """Sends to a receiver in memory. `tells` is whether the receiver can be asked what became of a key."""

    receiver: Receiver
    name: str = "receiver"
    idempotent: bool = True
    tells: bool = True
    problem: str | None = None
    failing: list[int] = field(default_factory=list)
    """Statuses that the next requests get instead of being carried out."""
    answered: dict[str, Reply] = field(default_factory=dict)

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.problem

    def send(self, body: bytes, key: str, fence: int) -> Reply:
        """Send one request."""
        del fence
        if self.failing:
            status = self.failing.pop(0)
            raise ActionError(f"`{self.name}` answered with status {status}")
        if not self.idempotent or key not in self.receiver.done:
            self.receiver.arrived += 1
        self.receiver.done[key] = body
        self.answered[key] = Reply(200, "done")
        return self.answered[key]

    def look(self, key: str) -> Reply | None:
        """Return what became of a key."""
        if not self.tells:
            return self.answered.get(key)
        return Reply(200, "done") if key in self.receiver.done else Reply(404, "")


@dataclass
class Machine:
    """The other side of a command: what is switched on, and how often the command was run."""

    on: set[str] = field(default_factory=set)
    runs: int = 0


@dataclass
class MemoryCommand:
    """A command that switches something of a machine on. `probes` is whether it has a probe, `undoes` an undo."""

    machine: Machine
    name: str = "switch"
    idempotent: bool = True
    probes: bool = True
    undoes: bool = True
    problem: str | None = None
    outcomes: dict[str, Reply] = field(default_factory=dict)

    def find_problem(self) -> str | None:
        """Say why it can't be run now."""
        return self.problem

    def can(self, verb: str) -> bool:
        """Whether there is a command for the verb."""
        return {"apply": True, "probe": self.probes, "undo": self.undoes}[verb]

    def refuse(self, arguments: Mapping[str, str]) -> str | None:
        """Say what is wrong with arguments: it takes `what` alone."""
        if set(arguments) != {"what"}:
            return f"`{self.name}` needs `what`"
        return None if arguments["what"].isalnum() else "`what` is not what the operator allows"

    def ended(self, key: str) -> Reply | None:
        """Return how a run by that key ended in this process."""
        return self.outcomes.get(key)

    def run(self, arguments: Mapping[str, str], key: str, *, verb: str = "apply") -> Reply:
        """Run it."""
        what = arguments["what"]
        if verb == "probe":
            return Reply(0 if what in self.machine.on else 1, "")
        if verb == "apply":
            self.machine.runs += not self.idempotent or what not in self.machine.on
            self.machine.on.add(what)
        else:
            self.machine.on.discard(what)
        self.outcomes[key if verb == "apply" else f"{key}/{verb}"] = Reply(0, "")
        return Reply(0, "")


@dataclass
class MemoryMetrics:
    """Gives a value by expression."""

    values: dict[str, float] = field(default_factory=dict)
    name: str = "metrics"
    problem: str | None = None

    def find_problem(self) -> str | None:
        """Say why it can't be asked now."""
        return self.problem

    def query(self, expression: str) -> float | None:
        """Return the value of a query."""
        if self.problem is not None:
            raise ActionError(self.problem)
        return self.values.get(expression)


@dataclass
class MemoryNotifier:
    """Keeps what it is told, by key. `failing` is how often it does not answer first."""

    name: str = "room"
    told: dict[str, tuple[str, str]] = field(default_factory=dict)
    failing: int = 0
    problem: str | None = None

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.problem

    def send(self, title: str, text: str, key: str) -> None:
        """Keep the message."""
        if self.failing:
            self.failing -= 1
            raise ActionError(f"`{self.name}` did not answer")
        self.told[key] = (title, text)


@dataclass
class MemoryTcp:
    """Accepts connections at the addresses of a set."""

    listening: set[tuple[str, int]] = field(default_factory=set)

    def connect(self, host: str, port: int, timeout_s: float) -> None:
        """Open a connection and close it at once."""
        del timeout_s
        if (host, port) not in self.listening:
            raise ActionError(f"no connection to {host}:{port}: connection refused")


@dataclass
class MemoryTargets:
    """Targets by name; the first proxy and deployer are those of every place."""

    providers: dict[str, FlagProvider] = field(default_factory=dict)
    deployers: dict[str, Deployer] = field(default_factory=dict)
    proxies: dict[str, Proxy] = field(default_factory=dict)
    receivers: dict[str, HttpTarget] = field(default_factory=dict)
    commands: dict[str, CommandTarget] = field(default_factory=dict)

    def of(self, org: str) -> "MemoryTargets":
        """Return the same for every org."""
        del org
        return self

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Return the flag system of an environment."""
        del org
        return self.providers.get(environment)

    def deployer(self, environment: str, service: str, name: str | None = None) -> Deployer:
        """Return what deploys a service."""
        return _get(self.deployers, name, f"nothing deploys `{service}` in `{environment}`")

    def proxy(self, environment: str, service: str, name: str | None = None) -> Proxy:
        """Return what stands before a service."""
        return _get(self.proxies, name, f"no proxy stands before `{service}` in `{environment}`")

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Return a receiver of signed requests."""
        del environment, service
        return _get(self.receivers, name, f"there is no HTTP target `{name[:80]}`")

    def command(self, name: str, environment: str | None = None, service: str | None = None) -> CommandTarget:
        """Return an allowed command."""
        del environment, service
        return _get(self.commands, name, f"the command `{name[:80]}` is not allowed")


@dataclass
class MemoryReceivers:
    """Sources of metrics and receivers of messages by name."""

    sources: dict[str, Metrics] = field(default_factory=dict)
    rooms: dict[str, Notifier] = field(default_factory=dict)

    def of(self, org: str) -> "MemoryReceivers":
        """Return the same for every org."""
        del org
        return self

    def metrics(self, name: str | None = None) -> Metrics:
        """Return a source of measured values."""
        return _get(self.sources, name, f"there is no source of metrics `{name or ''}`")

    def notifier(self, name: str) -> Notifier:
        """Return a receiver of messages."""
        return _get(self.rooms, name, f"there is no receiver `{name[:80]}`")

    def notifiers(self) -> Sequence[str]:
        """Return the names of all receivers of messages."""
        return tuple(self.rooms)


def _get(known: Mapping[str, T], name: str | None, missing: str) -> T:
    found = known.get(name) if name is not None else next(iter(known.values()), None)
    if found is None:
        raise PlanError(missing, hint="name it in the operator's file")
    return found
