"""What an action is: something that can be planned, applied, read back and undone.

Rules:
1. `plan` writes nothing and says what would change. `capture` writes nothing and returns all that `undo` will need.
2. An effect is believed when `read_back` sees it, not when `apply` returned.
3. `apply` and `undo` by the same key twice are once, or the action says that it is not `idempotent`.
4. What is not seen at once is `pending`: it is looked at again until the step's deadline, and nothing is applied again
   meanwhile.
5. An action touches what its `Call.world` gives it, and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime

from holdfast.errors import PlanError
from holdfast.model.frozen import frozen
from holdfast.model.plan import Coverage, Feature, Step
from holdfast.ports.world import World


@frozen
class Call:
    """One use of an action: its step with all arguments written out, and the idempotency key of the run's step.

    `before` is what `capture` returned, committed with the intent; `None` while planning. `intended_at` is when the
    intent was committed. `fence` is the worker's, for targets that can refuse a lower one. `fresh` says that nobody can
    have begun yet: this worker committed the first intent itself and did nothing since. Only then may an action whose
    effect can't be looked up say that it is absent; without it the same question goes to a person. `exposure` is the
    id of the one that the run is about, `requested_by` the identity that wanted the run.
    """

    org: str
    environment: str
    service_id: str
    service: str
    run: str
    number: int
    key: str
    step: Step
    reason: str
    at: datetime
    world: World = field(repr=False)
    before: str | None = None
    intended_at: datetime | None = None
    fence: int = 0
    expires_at: datetime | None = None
    fresh: bool = False
    exposure: str = ""
    requested_by: str = ""

    def require(self, name: str) -> str:
        """Return an argument.

        Raises:
            PlanError: it is not given.
        """
        value = self.step.argument(name)
        if not value:
            raise PlanError(f"`{self.step.action}` without `{name}`", hint="name it in the plan's `do`")
        return value


@frozen
class Change:
    """What a step would change, or changed: a thing in words, and its state before and after."""

    what: str
    before: str
    after: str
    note: str = ""


@frozen
class Switched:
    """A fact that was read of the world: a release runs on a target of the step's environment.

    `failed` says that it was tried there and did not become healthy.
    """

    release: str
    target: str
    failed: bool = False


@frozen
class ReadBack:
    """What was read of the world. `present` says whether the action's effect is there; `None` could not be told.

    `pending` says of an effect that is not there yet that it is on its way, or waited for; `again_at` is when it makes
    sense to look again, `None` at the engine's own pace. `facts` are what the inventory learns of it, in the
    transaction in which this look makes the step `done`, `undone` or `failed`; of any other look they are dropped.
    """

    present: bool | None
    detail: str
    pending: bool = False
    again_at: datetime | None = None
    facts: tuple[Switched, ...] = ()


@frozen
class Argument:
    """An argument of an action; the name `*` is "and any other"."""

    name: str
    required: bool
    about: str


def _as_it_is(step: Step, _: Sequence[Feature]) -> Step:
    return step


def _nothing(_: Call) -> str:
    return ""


def _outside(_: Call) -> bool:
    return False


@frozen
class ActionSpec:
    """One action. `id` is its file's name, `name` what a plan writes.

    `resolve` writes a step's arguments out from the manifest's features; by default it leaves them as they are.
    `target` names the thing that a call acts on: one run at a time acts on it. `blast_radius` says in words how far it
    reaches, `coverage` the most that a plan of it may claim (`None`: it closes no hole by itself). `capture` returns
    what `undo` will need. `within` says that the effect lies in our own store, so that it is committed together with
    the step, or not at all. `find_problem` says why what it acts on can't be used now, before it is needed. A `lasting`
    effect is not taken back because the exposure ended: it is what ended it; only people and failures take it back.
    `deadline_s` and `attempts` are for steps that say nothing.
    `reversible_for` says it of one call where it depends on what the operator configured; `can_undo` asks both.
    """

    id: str
    name: str
    about: str
    arguments: tuple[Argument, ...]
    blast_radius: str
    reversible: bool
    idempotent: bool
    plan: Callable[[Call], Sequence[Change]]
    apply: Callable[[Call], str]
    read_back: Callable[[Call], ReadBack]
    undo: Callable[[Call], str]
    read_undone: Callable[[Call], ReadBack]
    resolve: Callable[[Step, Sequence[Feature]], Step] = _as_it_is
    target: Callable[[Call], str] = _nothing
    capture: Callable[[Call], str] = _nothing
    within: Callable[[Call], bool] = _outside
    find_problem: Callable[[Call], str | None] = lambda _: None
    coverage: Coverage | None = Coverage.FULL
    lasting: bool = False
    deadline_s: float = 60.0
    attempts: int = 3
    reversible_for: Callable[[Call], bool] | None = None

    def can_undo(self, call: Call) -> bool:
        """Whether this call can be taken back; it may ask what the operator configured, and nothing outside."""
        return self.reversible and (self.reversible_for is None or self.reversible_for(call))
