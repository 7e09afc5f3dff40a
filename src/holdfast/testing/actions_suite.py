"""The suite of `holdfast.testing.actions`: subclass `ActionSuite` where a fixture `case` gives a `Case`."""

# ruff: noqa: S101 - a suite of tests
from collections.abc import Callable

import pytest

from holdfast.errors import PlanError
from holdfast.ports.world import World
from holdfast.testing.action_worlds import Crash, Fuse, Recording, deaf
from holdfast.testing.actions import Case, Scene, Worker, stripped

MAX_POINTS = 400


def _crash_at(point: int, scene: Scene, deed: Callable[[World], object]) -> bool:
    """Do it in a world that ends at a point; returns whether it did end there."""
    fuse = Fuse(point)
    try:
        deed(fuse.see(scene.open_world()))
    except Crash:
        return True
    return False


class ActionSuite:
    """What holds of every action."""

    def test_it_says_what_it_is(self, case: Case) -> None:
        with case.open() as scene:
            worker = Worker(scene)
            spec = worker.spec
            assert spec.about
            assert spec.blast_radius
            assert not scene.changes or spec.target(worker.call(scene.open_world()))
            assert spec.find_problem(worker.call(scene.open_world())) is None

    def test_planning_writes_nothing(self, case: Case) -> None:
        with case.open() as scene:
            worker, glass, before = Worker(scene), Recording(), scene.effect()
            call = worker.call(glass.see(scene.open_world()))
            assert worker.spec.plan(call), "planning says what would change"
            worker.spec.capture(call)
            worker.spec.target(call)
            worker.spec.within(call)
            worker.spec.find_problem(call)
            worker.spec.read_back(call)
            assert glass.written == []
            assert scene.effect() == before

    def test_it_is_not_there_before_it_was_done(self, case: Case) -> None:
        with case.open() as scene:
            worker, world = Worker(scene), scene.open_world()
            worker.intend(world)
            back = worker.spec.read_back(worker.call(world, fresh=True))
            assert not back.present, back.detail
            assert back.detail

    def test_what_was_swallowed_is_not_an_effect(self, case: Case) -> None:
        with case.open() as scene:
            if not scene.changes and scene.times is None:
                return
            worker, world, before = Worker(scene), deaf(scene.open_world()), scene.effect()
            worker.intend(world)
            worker.spec.apply(worker.call(world, fresh=True))
            back = worker.spec.read_back(worker.call(world))
            assert not back.present, f"nothing happened, and it says: {back.detail}"
            assert scene.effect() == before

    def test_it_is_read_back_once_done(self, case: Case) -> None:
        with case.open() as scene:
            worker, before = Worker(scene), scene.effect()
            assert worker.carry_out(scene.open_world()), worker.details
            assert (scene.effect() != before) is scene.changes
            assert scene.times is None or scene.times() == 1

    def test_applying_twice_is_once(self, case: Case) -> None:
        with case.open() as scene:
            worker = Worker(scene)
            worker.carry_out(scene.open_world())
            after = scene.effect()
            if not worker.spec.idempotent and not scene.provable:
                return
            if worker.spec.idempotent:
                worker.spec.apply(worker.call(scene.open_world()))
            worker.carry_out(scene.open_world())
            assert scene.effect() == after
            assert scene.times is None or scene.times() == 1

    def test_undoing_restores_to_the_bit(self, case: Case) -> None:
        with case.open() as scene:
            worker, before, world = Worker(scene), scene.effect(), scene.open_world()
            worker.carry_out(world)
            if not worker.spec.can_undo(worker.call(world)):
                return
            worker.take_back(world)
            assert scene.effect() == before
            worker.spec.undo(worker.call(world))
            assert scene.effect() == before, "undoing twice is once"

    def test_it_is_not_undone_before_it_was(self, case: Case) -> None:
        with case.open() as scene:
            worker, world = Worker(scene), scene.open_world()
            worker.carry_out(world)
            if scene.changes and worker.spec.can_undo(worker.call(world)):
                back = worker.spec.read_undone(worker.call(world))
                assert not back.present, back.detail

    def test_capture_is_enough_for_a_fresh_process(self, case: Case) -> None:
        with case.open() as scene:
            worker, before = Worker(scene), scene.effect()
            worker.carry_out(scene.open_world())
            if worker.spec.can_undo(worker.call(scene.open_world())):
                Worker(scene, worker.before, worker.intended_at).take_back(scene.open_world())
                assert scene.effect() == before

    def test_undoing_what_was_never_done_changes_nothing(self, case: Case) -> None:
        with case.open() as scene:
            worker, before, world = Worker(scene), scene.effect(), scene.open_world()
            worker.intend(world)
            if worker.spec.can_undo(worker.call(world)):
                worker.take_back(world)
                assert scene.effect() == before

    def test_a_crash_at_any_point_ends_right(self, case: Case) -> None:
        with case.open() as scene:
            Worker(scene).carry_out(scene.open_world())
            wanted = scene.effect()
        for point in range(1, MAX_POINTS):
            with case.open() as scene:
                worker, before = Worker(scene), scene.effect()
                if not _crash_at(point, scene, worker.carry_out):
                    assert point > 1 or not scene.changes, "it never went outside"
                    return
                other = Worker(scene, worker.before, worker.intended_at)
                there = other.carry_out(scene.open_world())
                assert there or (other.asked and not scene.provable), f"point {point}: {other.details}"
                assert scene.effect() in ((wanted,) if there else (wanted, before)), f"point {point}"
                assert scene.times is None or scene.times() <= 1, f"done twice after a crash at point {point}"
        raise AssertionError(f"it does not end within {MAX_POINTS} calls")

    def test_a_crash_while_undoing_ends_right(self, case: Case) -> None:
        for point in range(1, MAX_POINTS):
            with case.open() as scene:
                worker, before = Worker(scene), scene.effect()
                worker.carry_out(scene.open_world())
                if not worker.spec.can_undo(worker.call(scene.open_world())):
                    return
                crashed = _crash_at(point, scene, worker.take_back)
                Worker(scene, worker.before, worker.intended_at).take_back(scene.open_world())
                assert scene.effect() == before, f"point {point}"
                if not crashed:
                    return
        raise AssertionError(f"it does not end within {MAX_POINTS} calls")

    def test_what_a_crash_left_can_be_undone(self, case: Case) -> None:
        for point in range(1, MAX_POINTS):
            with case.open() as scene:
                worker, before = Worker(scene), scene.effect()
                if not _crash_at(point, scene, worker.carry_out):
                    return
                world = scene.open_world()
                if worker.intended_at is None or not worker.spec.can_undo(worker.call(world)):
                    continue
                Worker(scene, worker.before, worker.intended_at).take_back(world)
                assert scene.effect() == before, f"point {point}"
        raise AssertionError(f"it does not end within {MAX_POINTS} calls")

    def test_a_missing_argument_is_refused(self, case: Case) -> None:
        with case.open() as scene:
            worker, world = Worker(scene), scene.open_world()
            for argument in worker.spec.arguments:
                if argument.required:
                    with pytest.raises(PlanError) as caught:
                        worker.spec.plan(stripped(worker.call(world), argument.name))
                    assert argument.name in str(caught.value)
