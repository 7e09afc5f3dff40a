"""Releases rolled back and forward by the engine: the inventory follows, the clocks stop, and what ended it stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from holdfast.loop.intake import register_release
from holdfast.loop.release_choice import ReleaseChooser
from holdfast.loop.requests import ReleaseRequest
from holdfast.loop.respond import approve, undo
from holdfast.loop.respond_engine import Engine
from holdfast.loop.respond_outside import At
from holdfast.loop.view_debt import debt_view
from holdfast.model.exposure import Exposure, State
from holdfast.model.inventory import Status
from holdfast.model.plan import Autonomy, Coverage, OnExpiry, Plan, Probe, ServiceManifest, Step
from holdfast.model.run import Run, RunState, StepState
from holdfast.ports.store import Store
from holdfast.testing.http import FakeHttp, Reply
from tests.loop.releases import Releases, pdf
from tests.loop.world import World, record, sbom

URL = "http://shop.example/healthz"


def _pass_by(_name: str, _run: Run, _step: int) -> None:
    return None


def _step(engine: Engine, org: str) -> None:
    for _ in range(20):
        engine.step(org)


def make_plan(*actions: str, **more: Any) -> Plan:
    """Return a plan that one person approves."""
    steps = tuple(Step(action, ()) for action in actions)
    plan = Plan("away", "true", 3, 11, steps, Coverage.FULL, (Probe("http", URL),), (("default", Autonomy.APPROVE_1),))
    return replace(plan, **more)


class Stage:
    """A shop that runs 2.0, to which it came from 1.0, with a plan; and an engine."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self.shop = Releases(World(store))
        self.world = self.shop.world
        self.http = FakeHttp()
        self.status = 200
        self.http.answer_by("GET", URL, lambda: Reply(self.status))
        self.shop.ship("1.0", pdf("1.0"))
        manifest = ServiceManifest("shop", (), None, 1, "internet", (), (plan,), (), 1)
        with self.world.turn() as turn:
            register_release(turn, ReleaseRequest("shop", "2.0", sbom=sbom(pdf("2.0")), manifest=manifest))
        self.shop.outside.whole.add("2.0")
        self.world.deploy("shop", "2.0")
        self.shop.outside.current = self.shop.outside.running = "2.0"
        self.world.clock.tick(3600)

    def engine(self, at: At = _pass_by) -> Engine:
        """Return an engine as after a start."""
        world = self.world
        chooser = ReleaseChooser(world.store, world.org, self.shop.targets(), world.clock)
        return Engine(
            world.store,
            world.clock,
            world.ids,
            self.http,
            targets=self.shop.targets(),
            releases=lambda _: chooser,
            at=at,
        )

    def expose(self) -> Run:
        """Let the hole be known, and the run that answers it be approved."""
        self.world.push(record("EX-1", ("2.0", "3.0")))
        (run,) = self.runs()
        with self.world.turn() as turn:
            approve(turn.tx, run.id, "per_1", turn.now)
        return run

    def go(self, seconds: int = 40) -> Run:
        """Let the engine work for a while, the target settling meanwhile."""
        engine = self.engine()
        for _ in range(seconds * 5):
            while engine.step(self.world.org):
                pass
            self.shop.outside.settle()
            self.world.clock.tick(0.2)
        return self.runs()[0]

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        with self.world.store.read(self.world.org) as tx:
            return sorted(tx.runs.list(), key=lambda run: run.id)

    def exposure(self) -> Exposure:
        """Return the newest episode of the only exposure."""
        return self.world.exposures()[-1]


@pytest.fixture
def stage(store: Store) -> Stage:
    return Stage(store, make_plan("deploy.rollback"))


def test_a_bad_release_is_rolled_back_and_stays_so(stage: Stage) -> None:
    stage.expose()
    run = stage.go()
    assert (run.state, run.released) == (RunState.EFFECTIVE, False), run.held
    assert stage.shop.outside.running == "1.0"
    assert stage.shop.outside.starts == ["1.0"]
    clocks = stage.exposure().clocks
    assert stage.exposure().state is State.RESOLVED
    assert clocks.mitigated_at is not None
    assert clocks.resolved_at is not None
    assert clocks.mitigated_at <= clocks.resolved_at
    with stage.world.store.read(stage.world.org) as tx:
        assert debt_view(tx, stage.world.clock.now()).rows == ()
    assert stage.go(600).state is RunState.EFFECTIVE, "nothing goes back to the bad release"
    assert stage.shop.outside.running == "1.0"
    assert stage.world.recompute() == []


def test_a_person_may_go_back_to_it(stage: Stage) -> None:
    stage.expose()
    run = stage.go()
    with stage.world.turn() as turn:
        undo(turn.tx, run.id, "per_1", turn.now)
    undone = stage.go()
    assert undone.state is RunState.UNDONE, undone.held
    assert stage.shop.outside.running == "2.0"
    assert stage.exposure().state is State.REGRESSED


def test_an_expiry_does_not_go_back_to_the_bad_release(store: Store) -> None:
    stage = Stage(store, make_plan("deploy.rollback", expires_s=60.0, on_expiry=OnExpiry.REVERT))
    stage.expose()
    assert stage.go(120).state is RunState.EFFECTIVE
    assert stage.shop.outside.running == "1.0"


def test_a_release_that_does_not_turn_healthy_is_taken_back(stage: Stage) -> None:
    stage.shop.outside.sick.add("1.0")
    stage.expose()
    run = stage.go(300)
    assert run.state is RunState.FAILED, run.held
    assert run.steps[0].state is StepState.UNDONE
    assert stage.shop.outside.running == "2.0"
    assert stage.exposure().state is State.OPEN
    with stage.world.store.read(stage.world.org) as tx:
        slot = tx.deployments.slot(stage.shop.service, "production", "default")
    assert [one.status for one in slot] == [Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED]


def test_what_is_chosen_is_fixed_with_the_intent(stage: Stage) -> None:
    """1.0 was chosen; a better one that appears while it is on its way changes nothing."""
    stage.expose()
    engine = stage.engine()
    while not stage.shop.outside.starts:
        engine.step(stage.world.org)
    stage.world.release("shop", "2.1", pdf("3.0"))
    stage.shop.outside.whole.add("2.1")
    run = stage.go()
    assert stage.shop.outside.running == "1.0"
    assert '"to_version": "1.0"' in (run.steps[0].before or "")


def test_a_fixed_release_is_rolled_forward_to(store: Store) -> None:
    stage = Stage(store, make_plan("deploy.forward"))
    stage.shop.register("2.1", pdf("3.0"))
    stage.expose()
    run = stage.go()
    assert (run.state, stage.shop.outside.running) == (RunState.EFFECTIVE, "2.1"), run.held
    assert stage.exposure().state is State.RESOLVED


def test_without_a_candidate_the_run_fails_with_every_reason(stage: Stage) -> None:
    stage.shop.outside.whole.discard("1.0")
    stage.expose()
    run = stage.go()
    assert run.state is RunState.FAILED
    assert "`1.0`: its artifact is not there, or not whole" in (run.held or "")
    assert stage.shop.outside.starts == []


def test_a_crash_between_switch_and_commit_is_found_in_place(stage: Stage) -> None:
    """The worker ends after the target was told: the next one finds it, and the inventory learns it once."""
    stage.expose()

    class Crash(BaseException):
        pass

    def at(name: str, _run: Run, _step: int) -> None:
        if name == "after-act":
            raise Crash

    dying = stage.engine(at)
    with pytest.raises(Crash):
        _step(dying, stage.world.org)
    stage.world.clock.tick(timedelta(minutes=1).total_seconds())
    assert stage.go().state is RunState.EFFECTIVE
    assert stage.shop.outside.starts == ["1.0"]
    assert stage.world.kinds().count("deployment.recorded") == 3
