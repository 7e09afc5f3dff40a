"""What an action is: something that can be planned, applied, read back and undone.

Rules:
1. `plan` writes nothing and says what would change.
2. An effect is believed when `read_back` sees it, not when `apply` returned.
3. `apply` and `undo` are idempotent by the call's key, or say that they are not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from holdfast.errors import PlanError
from holdfast.model.plan import Feature, FlagDefinition, Overlay, Step


class FlagControl(Protocol):
    """The flags of the environment that a run acts on, inside one transaction."""

    def find(self, flag: str) -> FlagDefinition | None:
        """Return a flag's definition."""
        ...

    def active(self, flag: str) -> Sequence[Overlay]:
        """Return the overlays that are not lifted, oldest first."""
        ...

    def force(self, overlay: Overlay) -> None:
        """Keep an overlay; does nothing when its id is there already."""
        ...

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift one; does nothing when it is lifted already."""
        ...

    def held(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One use of an action: its step with all arguments written out, and the idempotency key of the run's step."""

    org: str
    environment: str
    run: str
    key: str
    step: Step
    reason: str
    at: datetime
    flags: FlagControl

    def require(self, name: str) -> str:
        """Return an argument.

        Raises:
            PlanError: it is not given.
        """
        value = self.step.argument(name)
        if not value:
            raise PlanError(f"`{self.step.action}` without `{name}`", hint="name it in the plan's `do`")
        return value


@dataclass(frozen=True, slots=True)
class Change:
    """What a step would change, or changed: a thing in words, and its state before and after."""

    what: str
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was read of the world. `present` says whether the action's effect is there; `None` could not be told."""

    present: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of an action."""

    name: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. `id` is its file's name, `name` what a plan writes.

    `resolve` writes a step's arguments out from the manifest's features. `blast_radius` says how far it reaches.
    """

    id: str
    name: str
    about: str
    arguments: tuple[Argument, ...]
    blast_radius: str
    reversible: bool
    idempotent: bool
    resolve: Callable[[Step, Sequence[Feature]], Step]
    plan: Callable[[Call], Sequence[Change]]
    apply: Callable[[Call], str]
    read_back: Callable[[Call], ReadBack]
    undo: Callable[[Call], str]
    read_undone: Callable[[Call], ReadBack]
