"""A flag system of somebody else, in memory: what tests of effects outside the store act on."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from holdfast.errors import ActionError
from holdfast.loop.world import NoTargets
from holdfast.model.flag import FlagReading
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.outside import HttpTarget, Reply


@dataclass
class ElsewhereFlags:
    """Serves `on` or `off`; keeps what it was told, refuses while it is down, and is slow where it is asked to be."""

    name: str = "elsewhere"
    own: bool = False
    served: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    down: str | None = None
    deaf: bool = False
    """Takes everything, and changes nothing."""
    on_force: Callable[[], None] = lambda: None

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.down

    def _answer(self) -> None:
        if self.down is not None:
            raise ActionError(self.down)

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves."""
        self._answer()
        served = self.served.get(flag, "on")
        held = served if served != "on" else None
        return FlagReading(flag, ("on", "off"), served, json.dumps({"serves": served}), held=held)

    def force(self, flag: str, variant: str) -> None:
        """Serve a variant to everybody."""
        self.told.append((flag, variant))
        self.on_force()
        self._answer()
        if not self.deaf:
            self.served[flag] = variant

    def restore(self, flag: str, definition: str) -> None:
        """Bring back what was."""
        self.told.append((flag, "restored"))
        self._answer()
        if not self.deaf:
            self.served[flag] = json.loads(definition)["serves"]


@dataclass
class Elsewhere(NoTargets):
    """Targets whose flags are served elsewhere."""

    provider: ElsewhereFlags = field(default_factory=ElsewhereFlags)

    def of(self, org: str) -> "Elsewhere":
        """Return the same."""
        return self

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Return the flag system."""
        return self.provider


@dataclass
class ElsewhereReceiver:
    """A receiver of requests that counts; without `tells` nobody learns from it what became of a key."""

    name: str = "hook"
    idempotent: bool = False
    tells: bool = False
    got: list[tuple[str, int]] = field(default_factory=list)
    problem: str | None = None
    answers: bool = True

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        return self.problem

    def send(self, body: bytes, key: str, fence: int) -> Reply:
        """Take a request."""
        self.got.append((key, fence))
        if not self.answers:
            raise ActionError("no answer")
        return Reply(200, "ok")

    def look(self, key: str) -> Reply | None:
        """Tell what became of a key, if it can."""
        if not self.tells:
            return None
        return Reply(200 if key in {one for one, _ in self.got} else 404, "")


@dataclass
class WithReceiver(NoTargets):
    """Targets with one receiver, and flags of our own."""

    receiver: ElsewhereReceiver = field(default_factory=ElsewhereReceiver)

    def of(self, org: str) -> "WithReceiver":
        """Return the same."""
        return self

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Return the receiver."""
        return self.receiver
