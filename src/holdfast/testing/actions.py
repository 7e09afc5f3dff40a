"""The suite that every action passes.

How to add an action's cases: write `holdfast/testing/action_cases/<its file>.py` with
`SPEC = ActionCases(id="<its file>", cases=(Case("in memory", open_scene), …))`. `open_scene()` is a context manager
that gives a `Scene`: a fresh outside, right before the step is planned. Everything else is done here, for each case:

1. planning writes nothing;
2. it is not effective before it is read back, and never when what it asked for was swallowed;
3. applying twice is once;
4. undoing restores to the bit, twice is once, and without anything done it changes nothing;
5. what `capture` returned is enough to undo in a fresh process;
6. a crash before or after any call to the outside ends right once another worker took over, both ways;
7. without one of its required arguments it refuses with `PlanError`.

A case against a real server lives in the tests: give it to `ActionSuite` by a fixture `case` of your own.
An action whose effect can't be proved (`Scene.provable` false) may end a crash with a person being asked; it still may
not have done it twice. Subclass `ActionSuite` where a fixture `case` gives an `(action name, Case)`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from holdfast.mitigations.action import ActionSpec, Call
from holdfast.mitigations.actions import get_action
from holdfast.model.frozen import frozen
from holdfast.model.plan import Step
from holdfast.ports.world import World
from holdfast.registry import load_room
from holdfast.testing.clocks import START
from holdfast.testing.worlds import MemoryWorld

ROUNDS = 50


def _stay(_: "Scene") -> None:
    return None


@dataclass
class Scene:
    """One action on a fresh outside.

    `call` is the use of it; its world is not used. `open_world` opens the same outside as another process would.
    `effect` reads what the outside has become, past every port, as a value to compare; it must not name instants.
    `arrive` lets what is on its way come: a release turns healthy, a person consents, `now` moves on. `times` counts
    how often the outside did it. `changes` is false for an action that only waits, `provable` for one whose effect
    nobody can look up.
    """

    call: Call
    open_world: Callable[[], World]
    effect: Callable[[], object]
    arrive: "Callable[[Scene], None]" = _stay
    times: Callable[[], int] | None = None
    changes: bool = True
    provable: bool = True
    now: datetime = START

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@frozen
class Case:
    """One way to put an action to the test."""

    name: str
    open: Callable[[], AbstractContextManager[Scene]]


@frozen
class ActionCases:
    """All cases of one action; `id` is the action's file name."""

    id: str
    cases: tuple[Case, ...]


def load_cases() -> list[tuple[str, Case]]:
    """Return (file name of the action, case) of every action that has any."""
    return [(cases.id, case) for cases in load_room("testing.action_cases") for case in cases.cases]


def make_call(
    action: str, given: Mapping[str, str] | None = None, *, run: str = "run_1", number: int = 1, **arguments: str
) -> Call:
    """Return a use of an action in `production` of the service `shop`; its world is empty."""
    step = Step(action, tuple(sorted((dict(given or {}) | arguments).items())))
    key = f"{run}/{number}"
    return Call(
        "org_a",
        "production",
        "svc_shop",
        "shop",
        run,
        number,
        key,
        step,
        "the suite",
        START,
        MemoryWorld(),
    )


@dataclass
class Worker:
    """Does with a step what an engine does. `before` and `intended_at` are what a store would have kept of it.

    `asked` says that a person was asked, because what became of the step can't be told and it must not be done twice.
    """

    scene: Scene
    before: str | None = None
    intended_at: datetime | None = None
    asked: bool = False
    details: list[str] = field(default_factory=list)

    @property
    def spec(self) -> ActionSpec:
        """The action."""
        return get_action(self.scene.call.step.action)

    def call(self, world: World, *, fresh: bool = False) -> Call:
        """Return the use of the action in a world, now."""
        return replace(
            self.scene.call,
            world=world,
            at=self.scene.now,
            before=self.before,
            intended_at=self.intended_at,
            fresh=fresh,
        )

    def intend(self, world: World) -> bool:
        """Capture and commit the intent, once; returns whether it was new."""
        if self.intended_at is not None:
            return False
        self.before = self.spec.capture(self.call(world))
        self.intended_at = self.scene.now
        return True

    def carry_out(self, world: World) -> bool:
        """Go on until the effect is read back, or a person is asked; returns whether it is there."""
        fresh = self.intend(world)
        for _ in range(ROUNDS):
            back = self.spec.read_back(self.call(world, fresh=fresh))
            self.details.append(back.detail)
            if back.present:
                return True
            if back.pending:
                self.scene.arrive(self.scene)
            elif back.present is None and not self.spec.idempotent:
                self.asked = True
                return False
            else:
                self.spec.apply(self.call(world, fresh=fresh))
                fresh = False
        raise AssertionError(f"`{self.spec.name}` is still not there after {ROUNDS} looks: {self.details[-1]}")

    def take_back(self, world: World) -> None:
        """Undo until it is read back."""
        for _ in range(ROUNDS):
            self.spec.undo(self.call(world))
            back = self.spec.read_undone(self.call(world))
            self.details.append(back.detail)
            if back.present:
                return
            self.scene.arrive(self.scene)
        raise AssertionError(f"`{self.spec.name}` is not undone after {ROUNDS} looks: {self.details[-1]}")


def stripped(call: Call, name: str) -> Call:
    """Return the call without one of its arguments."""
    arguments: Sequence[tuple[str, str]] = [pair for pair in call.step.arguments if pair[0] != name]
    return replace(call, step=replace(call.step, arguments=tuple(arguments)))
