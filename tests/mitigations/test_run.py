"""Runs as a machine: whatever happens to steps in whatever order, the rules hold."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import ConflictError
from holdfast.mitigations.run import (
    backoff_s,
    begin_undo,
    fail,
    finish_undo,
    get_step,
    intend,
    next_move,
    resolve_step,
    saw,
    saw_undone,
    take_back,
)
from holdfast.mitigations.run_move import (
    Act,
    BeginUndo,
    Finish,
    Intend,
    Rest,
    Revert,
    Seen,
    Stuck,
    TakeBack,
    Traits,
    Wait,
)
from holdfast.model.plan import Autonomy, Coverage, OnFailure, Plan, Step
from holdfast.model.run import Run, RunState, RunStep, StepState

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONCE = Traits(idempotent=False)


def make_run(*afters: tuple[str, ...] | None, on_failure: OnFailure = OnFailure.UNDO) -> Run:
    """Return an approved run of steps that come after these; `None` is the one before."""
    steps = tuple(Step("act", (), id=f"s{number}", after=after) for number, after in enumerate(afters, 1))
    plan = Plan("p", "true", 1, 1, steps, Coverage.FULL, (), (("default", Autonomy.AUTO),), on_failure=on_failure)
    rows = tuple(RunStep(n, step, f"run_1/{n}", StepState.PENDING) for n, step in enumerate(steps, 1))
    return Run(
        "org_1", "run_1", "exp_1", "svc_1", "shop", "production", plan, "d", RunState.APPROVED, Autonomy.AUTO, rows,
        T0, "holdfast",
    )  # fmt: skip


def intended(run: Run, number: int = 1, now: datetime = T0) -> Run:
    return intend(run, number, now, before="", target="")


def traits_are(traits: Traits) -> Any:
    return lambda _: traits


@dataclass
class Play:
    """Drives a run by outcomes that chance gives; a world that keeps books of its own."""

    run: Run
    chances: st.DataObject
    traits: Traits
    now: datetime = T0
    present: set[int] = field(default_factory=set)
    done: list[int] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)
    probed: set[int] = field(default_factory=set)
    crashed: bool = False

    def go(self) -> None:
        """Drive it to its end."""
        for _ in range(2_000):
            move = next_move(self.run, traits_are(self.traits), self.now)
            if isinstance(move, Rest) or (isinstance(move, Finish) and self.run.state is not RunState.UNDOING):
                return
            self.make(move)
        raise AssertionError("it never ends")

    def make(self, move: object) -> None:
        match move:
            case Intend(number):
                step = get_step(self.run, number)
                names = step.step.after if step.step.after is not None else ((f"s{number - 1}",) if number > 1 else ())
                states = {one.name: one.state for one in self.run.steps}
                assert all(states[name] is StepState.DONE for name in names)
                self.run = intend(self.run, number, self.now, before="", target="")
                self.probed.discard(number)
            case Act(number, look_only):
                self.act(number, look_only)
            case Wait(until):
                assert until > self.now
                self.now = until
            case TakeBack(number):
                self.run = take_back(self.run, number, self.now)
            case Revert(number):
                self.revert(number)
            case BeginUndo():
                self.run = begin_undo(self.run, "let go", self.now)
            case Finish():
                self.run = finish_undo(self.run, self.now)
            case Stuck(because):
                self.run = fail(self.run, because, self.now)

    def act(self, number: int, look_only: bool) -> None:
        kind = self.chances.draw(st.sampled_from(["works", "works", "works", "slow", "refused", "crash", "unread"]))
        step = get_step(self.run, number)
        if kind == "unread":
            seen = Seen(None, "no answer", error="no answer", unread=True)
        elif look_only or step.attempt > 1 or self.crashed:
            self.crashed = False
            self.probed.add(number)
            if number in self.present:
                seen = Seen(True, "there")
            elif look_only and kind == "slow":
                seen = Seen(False, "on its way", pending=True)
            elif look_only:
                self.present.add(number) if kind == "works" else None
                seen = Seen(number in self.present, "looked")
            else:
                seen = self.apply(number, kind)
        elif kind == "crash":
            if self.chances.draw(st.booleans()):
                self.present.add(number)
            self.crashed = True
            return
        else:
            seen = self.apply(number, kind)
        self.run = saw(self.run, number, seen, self.traits, self.now)
        if get_step(self.run, number).state is StepState.DONE:
            self.done.append(number)

    def apply(self, number: int, kind: str) -> Seen:
        assert number not in self.present, "carried out twice"
        if kind == "works":
            self.present.add(number)
            return Seen(True, "there", applied=True)
        if kind == "slow":
            return Seen(False, "on its way", pending=True, applied=True)
        return Seen(False, "refused", error="refused")

    def revert(self, number: int) -> None:
        kind = self.chances.draw(st.sampled_from(["works", "works", "refused", "slow"]))
        if kind == "works":
            self.present.discard(number)
            self.undone.append(number)
            seen = Seen(True, "gone", applied=True)
        else:
            seen = Seen(False, kind, pending=kind == "slow", applied=kind == "slow")
        self.run = saw_undone(self.run, number, seen, self.traits, self.now)


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[str, ...] | None]:
    """Plans whose steps come after any earlier or later ones, without a circle."""
    count = draw(st.integers(1, 6))
    order = draw(st.permutations(range(1, count + 1)))
    before = {number: order[: order.index(number)] for number in order}
    return [
        None if number > 1 and number - 1 in before[number] and draw(st.booleans())
        else tuple(f"s{one}" for one in draw(st.lists(st.sampled_from(before[number]), unique=True)))
        if before[number] else ()
        for number in range(1, count + 1)
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(graphs(), st.data(), st.booleans())
def test_run_ends_and_is_taken_back_in_exact_reverse(
    afters: list[tuple[str, ...] | None], data: st.DataObject, lets_go: bool
) -> None:
    play = Play(make_run(*afters), data, Traits(attempts=2))
    play.go()
    if play.run.state is RunState.ACTING:
        assert sorted(play.done) == list(range(1, len(afters) + 1))
        if not lets_go:
            return
        play.run = replace(play.run, released=True)
        play.go()
    assert play.run.state in {RunState.FAILED, RunState.UNDONE}
    assert not any(step.state in {StepState.INTENT, StepState.DONE, StepState.UNDOING} for step in play.run.steps)
    completed = [number for number in play.undone if number in play.done]
    assert completed == list(reversed([number for number in play.done if number in completed]))
    assert set(play.done) <= set(play.undone)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_what_must_not_be_done_twice_goes_to_a_person_and_is_never_doubled(
    afters: list[tuple[str, ...] | None], data: st.DataObject
) -> None:
    play = Play(make_run(*afters, on_failure=OnFailure.KEEP), data, ONCE)
    play.go()
    states = {step.state for step in play.run.steps}
    assert (play.run.state is RunState.NEEDS_PERSON) == (StepState.UNKNOWN in states)
    assert play.run.state in {RunState.NEEDS_PERSON, RunState.FAILED, RunState.ACTING}


def test_steps_go_in_the_plans_order_unless_they_say_otherwise() -> None:
    assert next_move(make_run(None, None), traits_are(Traits()), T0) == Intend(1)
    assert next_move(make_run(("s2",), ()), traits_are(Traits()), T0) == Intend(2)
    run = saw(intended(make_run(None, None)), 1, Seen(True, "there"), Traits(), T0)
    assert next_move(run, traits_are(Traits()), T0) == Intend(2)


def test_a_slow_step_holds_no_other_branch_up() -> None:
    run = intended(make_run((), ()))
    waiting = saw(run, 1, Seen(False, "on its way", pending=True, applied=True), Traits(), T0)
    assert next_move(waiting, traits_are(Traits()), T0) == Intend(2)
    both = saw(intended(waiting, 2), 2, Seen(True, "there"), Traits(), T0)
    move = next_move(both, traits_are(Traits()), T0)
    assert isinstance(move, Wait)
    assert next_move(both, traits_are(Traits()), move.until) == Act(1, look_only=True)


@pytest.mark.parametrize("afters", [(("s2",), ("s1",)), (("nobody",),)])
def test_steps_that_wait_for_each_other_fail_the_run(afters: tuple[tuple[str, ...], ...]) -> None:
    run = make_run(*afters)
    move = next_move(run, traits_are(Traits()), T0)
    assert isinstance(move, Stuck)
    assert fail(run, move.because, T0).state is RunState.FAILED


def test_tries_come_later_and_later_until_they_are_used_up() -> None:
    """12:00:00 refused; 12:00:01 again; 12:00:03 the last time."""
    refused, now, run = Seen(False, "refused", error="refused"), T0, intended(make_run(None))
    for expected_s in (1.0, 2.0):
        run = saw(run, 1, refused, Traits(attempts=3), now)
        assert next_move(run, traits_are(Traits()), now) == Wait(now + timedelta(seconds=expected_s))
        now += timedelta(seconds=expected_s)
    run = saw(run, 1, refused, Traits(attempts=3), now)
    assert (run.state, run.failed, run.undo_because) == (RunState.UNDOING, True, "step 1 `act` failed: refused")
    assert [backoff_s(1.0, attempt) for attempt in (1, 2, 3, 7, 40)] == [1, 2, 4, 60, 60]


def test_deadline_ends_what_stays_on_its_way() -> None:
    late = T0 + timedelta(seconds=60)
    pending = Seen(False, "on its way", pending=True, applied=True)
    run = saw(intended(make_run(None)), 1, pending, Traits(), T0)
    assert get_step(saw(run, 1, pending, Traits(), late), 1).state is StepState.FAILED
    asked = saw(run, 1, pending, ONCE, late)
    assert (asked.state, get_step(asked, 1).state) == (RunState.NEEDS_PERSON, StepState.UNKNOWN)


def test_what_was_done_stays_where_the_plan_says_so() -> None:
    run = saw(intended(make_run(None, None, on_failure=OnFailure.KEEP)), 1, Seen(True, "there"), Traits(), T0)
    failed = saw(intended(run, 2), 2, Seen(False, "refused", error="refused"), Traits(attempts=1), T0)
    assert failed.state is RunState.FAILED
    assert [step.state for step in failed.steps] == [StepState.DONE, StepState.FAILED]


def test_undo_is_tried_for_as_long_as_it_takes() -> None:
    run = begin_undo(saw(intended(make_run(None)), 1, Seen(True, "there"), Traits(), T0), "let go", T0)
    now = T0
    for _ in range(50):
        assert next_move(run, traits_are(Traits()), now) == TakeBack(1)
        run = take_back(run, 1, now)
        assert next_move(run, traits_are(Traits()), now) == Revert(1, look_only=False)
        run = saw_undone(run, 1, Seen(False, "refused", error="refused"), Traits(), now)
        move = next_move(run, traits_are(Traits()), now)
        assert isinstance(move, Wait)
        now = move.until
    assert now - T0 > timedelta(minutes=40)


def test_what_cannot_be_taken_back_stays_and_is_named() -> None:
    run = replace(saw(intended(make_run(None)), 1, Seen(True, "there"), Traits(), T0), released=True)
    run = begin_undo(run, "a person asked for it", T0)
    assert next_move(run, traits_are(Traits(reversible=False)), T0) == Finish()
    ended = finish_undo(run, T0)
    assert (ended.state, ended.held) == (
        RunState.UNDONE, "a person asked for it; step 1 `act` can't be taken back",
    )  # fmt: skip


def test_a_person_says_what_became_of_a_step() -> None:
    asked = saw(intended(make_run(None, None)), 1, Seen(None, "nobody knows"), ONCE, T0)
    assert next_move(asked, traits_are(ONCE), T0) == Rest()
    assert next_move(resolve_step(asked, 1, True, T0), traits_are(ONCE), T0) == Intend(2)
    assert next_move(resolve_step(asked, 1, False, T0), traits_are(ONCE), T0) == Intend(1)
    with pytest.raises(ConflictError, match="only an unknown one"):
        resolve_step(asked, 2, True, T0)
    assert next_move(replace(asked, released=True), traits_are(ONCE), T0) == BeginUndo()


def test_a_person_says_whether_a_step_was_taken_back() -> None:
    done = saw(intended(make_run(None)), 1, Seen(True, "there"), ONCE, T0)
    undoing = take_back(begin_undo(replace(done, released=True), None, T0), 1, T0)
    asked = saw_undone(undoing, 1, Seen(None, "nobody knows"), ONCE, T0)
    assert (asked.state, next_move(asked, traits_are(ONCE), T0)) == (RunState.NEEDS_PERSON, Rest())
    assert next_move(resolve_step(asked, 1, True, T0), traits_are(ONCE), T0) == Finish()
    assert next_move(resolve_step(asked, 1, False, T0), traits_are(ONCE), T0) == TakeBack(1)
