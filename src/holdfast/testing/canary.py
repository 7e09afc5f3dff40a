"""A reader of flags that asks the store itself, for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import ActionError
from holdfast.loop.flags import FlagServer
from holdfast.mitigations.evaluation import Evaluated
from holdfast.ports.canary import Propagation
from holdfast.ports.clock import Clock


@dataclass
class FakeWatch:
    """Sees a change at once, or never where `deaf`; `meanwhile` is called before it looks."""

    server: FlagServer
    clock: Clock
    place: tuple[str, str, str]
    deaf: bool = False
    meanwhile: Callable[[], None] = lambda: None
    cuts: list[str] = field(default_factory=list)

    def wait(self, variant: str, since: datetime, timeout_s: float) -> Propagation:
        """Look once."""
        del since, timeout_s
        self.meanwhile()
        now, found = self.clock.now(), self.server.evaluate_one(*self.place, EvaluationContext())
        served = found.variant if isinstance(found, Evaluated) else None
        return Propagation(now, now, now if served == variant and not self.deaf else None)

    def cut(self) -> None:
        """Remember that it was cut."""
        self.cuts.append("cut")


@dataclass
class FakeCanary:
    """Opens readers; `problem` says why it can't."""

    server: FlagServer
    clock: Clock
    problem: str | None = None
    deaf: bool = False
    meanwhile: Callable[[], None] = lambda: None
    cuts: list[str] = field(default_factory=list)

    @contextmanager
    def watch(self, org: str, environment: str, flag: str) -> Iterator[FakeWatch]:
        """Listen to a flag. Raises: ActionError: the problem."""
        if self.problem is not None:
            raise ActionError(self.problem)
        yield FakeWatch(self.server, self.clock, (org, environment, flag), self.deaf, self.meanwhile, self.cuts)
