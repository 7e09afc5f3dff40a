"""The suite that every flag system passes, ours and those that teams have already.

How to put a system to the test: subclass `FlagProviderSuite` where a fixture `system` gives a `FlagSystem` whose flag
is as the team defined it. The suite drives it as runs do, through `flag.set`, and holds it to this:

1. reading changes nothing, tells the variants, and knows a flag that is not there;
2. a forced variant is what an application is given; forcing again is once;
3. what was forced comes back to the bit, with what the team keeps beside it;
4. kills stack: whatever the order in which they are laid and lifted, the flag is never back while one holds;
5. where they name different variants the oldest decides;
6. a variant or a flag that is not there is refused, and nothing is changed;
7. a crash after any call is made good by the next worker;
8. a system that is down, refuses or overflows says so before it is needed, without telling secrets.
"""

# ruff: noqa: S101 - a suite of tests
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import count, permutations

import pytest

from holdfast.errors import ActionError, PlanError
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions.flag_set import SPEC
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.world import World
from holdfast.testing.action_worlds import Crash, Fuse
from holdfast.testing.actions import make_call
from holdfast.testing.clocks import START
from holdfast.testing.worlds import MemoryHolds, MemoryWorld

LOOKS = 400
CRASH_POINTS = 40


def _nothing() -> None:
    return None


@dataclass
class FlagSystem:
    """A flag system with one flag in it.

    `open_world` gives the world of a step; overlays laid in one are there in the next. `state` reads what the system
    keeps of the flag and what is beside it, past every port, to be compared to the bit. `seen` is the variant that an
    application is given. `safe` and `other` are two of the flag's variants, neither what is given at first. `arrive`
    lets a moment pass for what is on its way. `troubles` are ways in which it can fail, each giving a provider in it.
    `secrets` must never be told.
    """

    flag: str
    safe: str
    other: str
    open_world: Callable[[], AbstractContextManager[World]]
    state: Callable[[], object]
    seen: Callable[[], str | None]
    arrive: Callable[[], None] = _nothing
    troubles: Mapping[str, Callable[[], AbstractContextManager[FlagProvider]]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


def worlds_of(open_provider: Callable[[], FlagProvider]) -> Callable[[], AbstractContextManager[World]]:
    """Return what opens worlds around a provider; the overlays stay, as they would in a store."""
    holds = MemoryHolds()

    @contextmanager
    def open_world() -> Iterator[World]:
        yield MemoryWorld(holds, open_provider())

    return open_world


class Kill:
    """One run that forces a variant, as an engine would drive it."""

    def __init__(self, system: FlagSystem, number: int, variant: str | None = None) -> None:
        self._system = system
        self._before: str | None = None
        self._call = replace(
            make_call("flag.set", run=f"run_{number}", flag=system.flag, variant=variant or system.safe),
            at=START + timedelta(seconds=number),
        )

    def lay(self, seen_by: Callable[[World], World] = lambda world: world, *, settle: bool = True) -> None:
        """Carry it out until it is read back; with `settle` false, until the system was told and says so."""
        for _ in range(LOOKS):
            with self._system.open_world() as world:
                call = self._in(seen_by(world))
                if self._before is None:
                    self._before = SPEC.capture(call)
                    call = replace(call, before=self._before)
                back = SPEC.read_back(call)
                if back.present or (back.pending and not settle):
                    return
                if not back.pending:
                    SPEC.apply(call)
                    continue
            self._system.arrive()
        raise AssertionError(f"not there after {LOOKS} looks: {back.detail}")

    def lift(self, seen_by: Callable[[World], World] = lambda world: world) -> None:
        """Take it back until that is read back."""
        for _ in range(LOOKS):
            with self._system.open_world() as world:
                call = self._in(seen_by(world))
                SPEC.undo(call)
                back = SPEC.read_undone(call)
                if back.present:
                    return
            self._system.arrive()
        raise AssertionError(f"not undone after {LOOKS} looks: {back.detail}")

    def _in(self, world: World) -> Call:
        return replace(self._call, world=world, before=self._before)


def until_seen(system: FlagSystem, variant: str | None) -> None:
    """Wait until an application is given a variant. Raises: AssertionError."""
    for _ in range(LOOKS):
        if system.seen() == variant:
            return
        system.arrive()
    raise AssertionError(f"applications are given {system.seen()}, and should be given {variant}")


def is_held(system: FlagSystem, variant: str) -> bool:
    """Whether the system says that it forces a variant, whatever applications were given so far."""
    with system.open_world() as world:
        provider = world.flags()
        reading = provider.read(system.flag)
    return reading is not None and (reading.served if provider.own else reading.held) == variant


def unchanged(system: FlagSystem, before: object, about: str = "") -> None:
    """Hold the system to what it kept before. Raises: AssertionError: names both."""
    after = system.state()
    assert after == before, f"{about}\nbefore: {before}\nafter:  {after}"


class FlagProviderSuite:
    """What holds of every flag system."""

    def test_reading_tells_the_variants_and_changes_nothing(self, system: FlagSystem) -> None:
        before = system.state()
        with system.open_world() as world:
            provider = world.flags()
            assert provider.name
            assert provider.find_problem() is None
            reading = provider.read(system.flag)
        assert reading is not None
        assert {system.safe, system.other} <= set(reading.variants)
        assert reading.served not in {system.safe, system.other}
        unchanged(system, before)

    def test_flag_that_is_not_there_is_none(self, system: FlagSystem) -> None:
        with system.open_world() as world:
            assert world.flags().read("holdfast-nowhere") is None

    def test_forced_variant_is_what_applications_are_given(self, system: FlagSystem) -> None:
        Kill(system, 1).lay()
        until_seen(system, system.safe)

    def test_any_variant_can_be_forced(self, system: FlagSystem) -> None:
        Kill(system, 1, system.other).lay()
        until_seen(system, system.other)

    def test_forcing_twice_is_once(self, system: FlagSystem) -> None:
        Kill(system, 1).lay()
        once = system.state()
        with system.open_world() as world:
            world.flags().force(system.flag, system.safe)
        unchanged(system, once)

    @pytest.mark.parametrize("which", ["safe", "other"])
    def test_flag_comes_back_to_the_bit(self, system: FlagSystem, which: str) -> None:
        before, given = system.state(), system.seen()
        kill = Kill(system, 1, getattr(system, which))
        kill.lay()
        assert system.state() != before or given != system.seen()
        kill.lift()
        unchanged(system, before)
        until_seen(system, given)

    def test_lifting_twice_is_once(self, system: FlagSystem) -> None:
        before, kill = system.state(), Kill(system, 1)
        kill.lay()
        kill.lift()
        kill.lift()
        unchanged(system, before)

    def test_stacked_kills_come_off_in_any_order(self, system: FlagSystem) -> None:
        before, given, numbers = system.state(), system.seen(), count(1)
        for order in permutations(range(3)):
            kills = [Kill(system, next(numbers)) for _ in range(3)]
            for kill in kills:
                kill.lay(settle=False)
            for number in order[:-1]:
                kills[number].lift()
                assert is_held(system, system.safe), f"lifted as {order}"
            kills[order[-1]].lift()
            unchanged(system, before, f"lifted as {order}")
        until_seen(system, given)

    def test_flag_is_never_back_while_a_kill_holds(self, system: FlagSystem) -> None:
        laid: list[Kill] = []
        before, chance = system.state(), random.Random(3)  # noqa: S311 - a fixed sequence, no secret
        for number in range(20):
            if laid and chance.random() < 0.45:
                laid.pop(chance.randrange(len(laid))).lift()
            else:
                laid.append(Kill(system, 100 + number))
                laid[-1].lay(settle=False)
            if laid:
                assert is_held(system, system.safe), f"after {number + 1} changes"
            else:
                unchanged(system, before, f"after {number + 1} changes")
        until_seen(system, system.safe)
        for kill in laid:
            kill.lift()
        unchanged(system, before)

    @pytest.mark.parametrize("first", ["safe", "other"])
    def test_oldest_decides_between_variants(self, system: FlagSystem, first: str) -> None:
        before = system.state()
        older, newer = (system.safe, system.other) if first == "safe" else (system.other, system.safe)
        one, two = Kill(system, 1, older), Kill(system, 2, newer)
        one.lay()
        two.lay()
        until_seen(system, older)
        one.lift()
        until_seen(system, newer)
        two.lift()
        unchanged(system, before)

    def test_variant_that_is_not_there_is_refused(self, system: FlagSystem) -> None:
        before = system.state()
        with pytest.raises(PlanError, match="has no variant"):
            Kill(system, 1, "holdfast-nothing").lay()
        with system.open_world() as world:
            call = make_call("flag.set", flag=system.flag, variant="holdfast-nothing")
            assert "has no variant" in (SPEC.find_problem(replace(call, world=world)) or "")
            provider = world.flags()
            if not provider.own:
                with pytest.raises(ActionError, match="variant"):
                    provider.force(system.flag, "holdfast-nothing")
        unchanged(system, before)

    def test_flag_that_is_not_there_is_refused(self, system: FlagSystem) -> None:
        with system.open_world() as world:
            call = replace(make_call("flag.set", flag="holdfast-nowhere", variant="off"), world=world)
            with pytest.raises(PlanError, match="there is no flag"):
                (SPEC.apply if world.flags().own else SPEC.capture)(call)
            assert "there is no flag" in (SPEC.find_problem(call) or "")
            provider = world.flags()
            if not provider.own:
                with pytest.raises(ActionError, match="flag"):
                    provider.force("holdfast-nowhere", "off")

    @pytest.mark.parametrize("which", ["safe", "other"])
    def test_crash_while_forcing_is_made_good(self, system: FlagSystem, which: str) -> None:
        before, variant = system.state(), getattr(system, which)
        for point in range(1, CRASH_POINTS):
            kill = Kill(system, point, variant)
            crashed = _crash(partial(kill.lay, settle=False), point)
            kill.lay(settle=not crashed)
            assert is_held(system, variant), f"after a crash at call {point}"
            kill.lift()
            unchanged(system, before, f"after a crash at call {point}")
            if not crashed:
                return
        raise AssertionError(f"it does not end within {CRASH_POINTS} calls")

    @pytest.mark.parametrize("which", ["safe", "other"])
    def test_crash_while_lifting_is_made_good(self, system: FlagSystem, which: str) -> None:
        before = system.state()
        for point in range(1, CRASH_POINTS):
            kill = Kill(system, point, getattr(system, which))
            kill.lay(settle=False)
            crashed = _crash(kill.lift, point)
            kill.lift()
            unchanged(system, before, f"after a crash at call {point}")
            if not crashed:
                return
        raise AssertionError(f"it does not end within {CRASH_POINTS} calls")

    def test_troubles_are_told_before_they_matter(self, system: FlagSystem) -> None:
        before = system.state()
        for name, trouble in system.troubles.items():
            with trouble() as provider:
                problem = provider.find_problem()
                assert problem, f"nothing is said of `{name}`"
                said = [problem, *_refusals(provider, system)]
                assert not any(secret in text for secret in system.secrets for text in said), name
        unchanged(system, before)


def _refusals(provider: FlagProvider, system: FlagSystem) -> list[str]:
    deeds: tuple[Callable[[], object], ...] = (
        lambda: provider.read(system.flag),
        lambda: provider.force(system.flag, system.safe),
        lambda: provider.restore(system.flag, "{}"),
    )
    out = []
    for deed in deeds:
        with pytest.raises(ActionError) as caught:
            deed()
        out.append(str(caught.value))
    return out


def _crash(deed: Callable[[Callable[[World], World]], object], point: int) -> bool:
    """Do it in a world that ends at a point; returns whether it did end there."""
    try:
        deed(Fuse(point).see)
    except Crash:
        return True
    return False
