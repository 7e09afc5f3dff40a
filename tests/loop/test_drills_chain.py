"""L2: a signed synthetic finding goes through the whole chain in staging, and leaves nothing behind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from openfeature.evaluation_context import EvaluationContext

from holdfast.errors import ConflictError, ForbiddenError, HoldfastError, NotFoundError, UsageError
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_signer, ed25519_verifier
from holdfast.findings.dsse import seal
from holdfast.loop.drills import DrillReader
from holdfast.loop.drills_begin import LIMIT, DrillAsk
from holdfast.loop.drills_finding import (
    FINDING_TYPE,
    SyntheticFinding,
    accept_finding,
    fabricate,
    finding_to_bytes,
)
from holdfast.loop.drills_injected import Injected
from holdfast.loop.drills_inputs import load_seen
from holdfast.loop.drills_runner import begin, end_left_behind, play
from holdfast.loop.drills_stage import Stage, load_piece
from holdfast.loop.flags import define_flag
from holdfast.loop.respond_engine import Engine
from holdfast.loop.turn import Turn
from holdfast.loop.view_metrics import metrics_view
from holdfast.loop.view_runs import runs_view
from holdfast.metrics.recompute import exposures_from_journal
from holdfast.mitigations.drill_faults import FAULTS
from holdfast.mitigations.evaluation import Evaluated
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome, Readiness
from holdfast.model.exposure import State
from holdfast.model.inventory import Environment, Reach
from holdfast.model.plan import Autonomy, Step
from holdfast.model.run import RunState
from holdfast.model.target import Target
from holdfast.testing.canary import FakeCanary
from holdfast.testing.http import Reply
from holdfast.testing.targets import MemoryHttpTarget, MemoryTargets, Receiver
from tests.loop.shop import ON_OFF, ORG, URL, Shop, make_plan, open_shop

STAGING = "staging"
KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
PLAN = make_plan(autonomy=(("default", Autonomy.OBSERVE),))


@dataclass
class Theatre:
    """A shop with a staging environment, and an engine that goes round while a drill waits."""

    shop: Shop
    stuck: bool = False

    def __post_init__(self) -> None:
        shop = self.shop
        with shop.write() as tx:
            tx.environments.save(Environment(ORG, "env_2", STAGING, 3, Reach.INTERNAL))
            define_flag(tx, STAGING, "tax", ON_OFF, shop.clock.now())
        shop.http.answer_by("GET", URL, self.checkout)
        self.engine = shop.engine()

    def checkout(self) -> Reply:
        """Answer as the application in staging does."""
        found = self.shop.server.evaluate_one(ORG, STAGING, "tax", EvaluationContext())
        served = found.variant if isinstance(found, Evaluated) and not self.stuck else "on"
        return Reply(body=json.dumps({"tax": "exact" if served == "on" else "flat"}).encode())

    def wait(self, seconds: float) -> None:
        """Let time pass: the house's engine goes round meanwhile."""
        self.engine.step(ORG)
        self.shop.clock.tick(seconds)

    def stage(self, key: bytes = KEY) -> Stage:
        """Return what a drill is played on."""
        shop, public = self.shop, ed25519_public_key(key)
        return Stage(
            shop.store,
            shop.clock,
            shop.ids,
            shop.http,
            self.wait,
            ed25519_signer(key),
            ed25519_verifier(public),
            public,
            FakeCanary(shop.server, shop.clock),
        )

    def begin(self, *faults: str) -> DrillEvidence:
        """Begin a drill."""
        ask = DrillAsk("shop", environment=STAGING, level=DrillLevel.L2, faults=faults)
        return begin(self.stage(), ORG, ask, "tok_1")

    def rehearse(self, *faults: str) -> DrillEvidence:
        """Hold a drill."""
        return play(self.stage(), self.begin(*faults))

    def finding(self, evidence: DrillEvidence, **fields: object) -> SyntheticFinding:
        """Return the finding of a drill, changed."""
        with self.shop.store.read(ORG) as tx:
            now = self.shop.clock.now()
            piece = load_piece(tx, "svc_1", PLAN.id, STAGING, now)
            made = fabricate(tx, evidence, piece, now)
        return replace(made, **fields)  # type: ignore[arg-type]  # fields by name

    def hand_in(self, evidence: DrillEvidence, finding: SyntheticFinding, key: bytes = KEY) -> str:
        """Hand a signed finding to the intake; returns the run's id."""
        envelope = seal(FINDING_TYPE, finding_to_bytes(finding), ed25519_public_key(key), ed25519_signer(key))
        with self.shop.write() as tx:
            turn = Turn(tx, self.shop.clock.now(), self.shop.ids)
            return accept_finding(turn, evidence.id, envelope, self.stage().verify).id


@pytest.fixture
def theatre(store_url: str) -> Iterator[Theatre]:
    with open_shop(PLAN, url=store_url, rehearsed=False) as shop:
        yield Theatre(shop)


def saw(evidence: DrillEvidence, name: str) -> tuple[bool, str]:
    """Return whether a step of a drill held, and what it saw."""
    return next((step.passed, step.detail) for step in evidence.steps if step.name == name)


def test_whole_chain_acts_in_staging_and_is_taken_back(theatre: Theatre) -> None:
    done = theatre.rehearse()
    assert (done.outcome, done.because) == (DrillOutcome.PASSED, None)
    names = [step.name for step in done.steps][-6:]
    assert names == ["finding", "effect", "black box", "end of the finding", "undo", "as it was"]
    assert "flat" in saw(done, "black box")[1]
    with theatre.shop.store.read(ORG) as tx:
        (exposure,) = tx.exposures.of_drill(done.id)
        (run,) = tx.runs.of_exposures([exposure.id])
        assert (exposure.state, exposure.drill) == (State.RESOLVED, done.id)
        assert (run.state, run.drill, run.requested_by) == (RunState.UNDONE, done.id, "tok_1")
        assert tx.overlays.active(STAGING) == []
    assert done.mitigate_s is not None


def test_drill_never_enters_the_real_figures(theatre: Theatre) -> None:
    theatre.rehearse()
    with theatre.shop.store.read(ORG) as tx:
        assert metrics_view(tx, theatre.shop.clock.now()).whole.n == 0
        assert exposures_from_journal(tx.journal.read()) == []
        assert list(tx.exposures.all(current=False)) == []
        assert list(tx.runs.list()) == []
        assert sum(tx.queries.counts().by_state.values()) == 0


def test_whole_chain_earns_auto_only_beside_a_shadow_where_it_is_asked_for(theatre: Theatre) -> None:
    theatre.rehearse()
    with theatre.shop.store.read(ORG) as tx:
        here = DrillReader(tx, theatre.shop.clock.now()).standing(PLAN, "svc_1", STAGING)
        there = DrillReader(tx, theatre.shop.clock.now()).standing(PLAN, "svc_1", "production")
    assert (here.readiness, there.readiness) == (Readiness.PROVEN, Readiness.NEVER)


def test_effect_that_the_application_does_not_show_fails_and_is_taken_back(theatre: Theatre) -> None:
    begun = theatre.begin()
    theatre.stuck = True
    done = play(theatre.stage(), begun)
    assert done.outcome is DrillOutcome.FAILED
    assert not saw(done, "effect")[0]
    assert saw(done, "as it was")[0]
    with theatre.shop.store.read(ORG) as tx:
        assert tx.overlays.active(STAGING) == []
        assert [one.state for one in tx.exposures.of_drill(done.id)] == [State.RESOLVED]


def test_chain_is_not_begun_where_the_shadow_failed(theatre: Theatre) -> None:
    theatre.shop.http.answer("GET", URL, Reply(broken="connection refused"))
    done = theatre.rehearse()
    assert done.outcome is DrillOutcome.FAILED
    assert "finding" not in [step.name for step in done.steps]


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_drill_with_a_fault_still_ends_well(theatre: Theatre, fault: str) -> None:
    done = theatre.rehearse(fault)
    assert (done.outcome, done.because, done.faults) == (DrillOutcome.PASSED, None, (fault,))
    if fault != "stream-cut":
        assert "it ended well all the same" in saw(done, "faults")[1]
    with theatre.shop.store.read(ORG) as tx:
        (exposure,) = tx.exposures.of_drill(done.id)
        assert [run.state for run in tx.runs.of_exposures([exposure.id])] == [RunState.UNDONE]
        assert tx.overlays.active(STAGING) == []


@pytest.mark.parametrize("boundary", range(1, 7))
def test_engine_killed_at_any_boundary_is_taken_over(boundary: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The killed engine holds its lease for three seconds more; another takes over then."""

    def at(stage: Stage, evidence: DrillEvidence, kill_at: int | None = None) -> Injected:
        return Injected(stage, evidence, kill_at or boundary)

    monkeypatch.setattr("holdfast.loop.drills_chain.inject", at)
    with open_shop(PLAN, rehearsed=False) as shop:
        done = Theatre(shop).rehearse("engine-killed")
    assert (done.outcome, done.because) == (DrillOutcome.PASSED, None)


def test_several_faults_at_once_end_well(theatre: Theatre) -> None:
    done = theatre.rehearse("engine-killed", "target-500", "stream-cut", "database-restarted")
    assert done.outcome is DrillOutcome.PASSED


def test_fault_does_not_touch_real_runs(theatre: Theatre) -> None:
    """While a drill's engine meets faults, the house's own engine drives everything else."""
    stage, evidence = theatre.stage(), theatre.begin("database-restarted")
    injected = Injected(stage, evidence)
    with theatre.shop.store.read(ORG) as tx:
        assert tx.runs.ready("wrk_1", theatre.shop.clock.now()) == []
    injected.go_on(ORG)
    assert isinstance(theatre.engine, Engine)
    with pytest.raises(HoldfastError, match="never came to pass"):
        injected.see()


def test_finding_of_another_key_is_refused(theatre: Theatre) -> None:
    evidence = theatre.begin()
    with pytest.raises(ForbiddenError, match="did not sign"):
        theatre.hand_in(evidence, theatre.finding(evidence), OTHER_KEY)


@pytest.mark.parametrize("seconds", [61, -6])
def test_finding_that_is_old_or_of_the_future_is_refused(theatre: Theatre, seconds: int) -> None:
    evidence = theatre.begin()
    finding = theatre.finding(evidence)
    theatre.shop.clock.tick(seconds)
    with pytest.raises(ConflictError, match="too old, or of the future"):
        theatre.hand_in(evidence, finding)


@pytest.mark.parametrize(
    "field", [{"environment": "production"}, {"drill": "drl_other"}, {"org": "other"}, {"plan": "other"}]
)
def test_finding_for_something_else_is_refused(theatre: Theatre, field: dict[str, str]) -> None:
    evidence = theatre.begin()
    with pytest.raises(ConflictError, match="not for this drill"):
        theatre.hand_in(evidence, theatre.finding(evidence, **field))


def test_finding_is_taken_in_once(theatre: Theatre) -> None:
    evidence = theatre.begin()
    finding = theatre.finding(evidence)
    theatre.hand_in(evidence, finding)
    with pytest.raises(ConflictError, match="taken in already"):
        theatre.hand_in(evidence, finding)


def test_finding_for_what_the_internet_reaches_is_refused(theatre: Theatre) -> None:
    evidence = theatre.begin()
    finding = theatre.finding(evidence)
    with theatre.shop.write() as tx:
        tx.environments.save(Environment(ORG, "env_2", STAGING, 3, Reach.INTERNET))
    with pytest.raises(ConflictError, match="the internet may reach it"):
        theatre.hand_in(evidence, finding)


def test_finding_of_a_drill_that_has_ended_is_refused(theatre: Theatre) -> None:
    evidence = theatre.begin()
    finding = theatre.finding(evidence)
    with theatre.shop.write() as tx:
        tx.drills.save(replace(evidence, outcome=DrillOutcome.FAILED))
    with pytest.raises(ConflictError, match="takes in no finding"):
        theatre.hand_in(evidence, finding)


def test_what_is_no_finding_is_refused(theatre: Theatre) -> None:
    evidence = theatre.begin()
    envelope = seal(FINDING_TYPE, b'{"schema": "other"}', ed25519_public_key(KEY), ed25519_signer(KEY))
    with theatre.shop.write() as tx, pytest.raises(UsageError, match="expected a drill's finding"):
        accept_finding(Turn(tx, theatre.shop.clock.now(), theatre.shop.ids), evidence.id, envelope, lambda *_: True)
    with theatre.shop.write() as tx, pytest.raises(NotFoundError):
        accept_finding(Turn(tx, theatre.shop.clock.now(), theatre.shop.ids), "drl_9", envelope, lambda *_: True)


def test_crash_in_mid_drill_is_cleaned_up(theatre: Theatre) -> None:
    """The finding was taken in, the flag is off, and whoever held the drill is gone."""
    evidence = theatre.begin()
    run_id = theatre.hand_in(evidence, theatre.finding(evidence))
    theatre.wait(1)
    assert theatre.shop.run(run_id).state is RunState.EFFECTIVE
    theatre.shop.clock.tick(LIMIT.total_seconds())
    (ended,) = end_left_behind(theatre.stage(), ORG)
    for _ in range(10):
        theatre.wait(1)
    assert ended.outcome is DrillOutcome.FAILED
    assert theatre.shop.run(run_id).state is RunState.UNDONE
    with theatre.shop.store.read(ORG) as tx:
        assert tx.overlays.active(STAGING) == []


def test_finding_fits_what_the_plan_asks_for() -> None:
    plan = make_plan(when='component.name == "taxlib" && finding.severity >= 7.0 && environment.name == "staging"')
    with open_shop(plan, rehearsed=False) as shop:
        theatre = Theatre(shop)
        finding = theatre.finding(theatre.begin())
    assert (finding.name, finding.ecosystem) == ("taxlib", "PyPI")
    assert (finding.severity or 0) >= 7


def test_plan_that_no_finding_fits_fails_with_its_when() -> None:
    plan = make_plan(when='component.name == "nothing-of-the-kind"')
    with open_shop(plan, rehearsed=False) as shop:
        done = Theatre(shop).rehearse()
    assert done.outcome is DrillOutcome.FAILED
    assert "nothing-of-the-kind" in (done.because or "")


def test_running_list_of_people_shows_no_drill(theatre: Theatre) -> None:
    evidence = theatre.begin()
    theatre.hand_in(evidence, theatre.finding(evidence))
    with theatre.shop.store.read(ORG) as tx:
        view = runs_view(tx)
    assert view.rows == ()


@pytest.mark.parametrize(("environment", "refused"), [(None, True), (STAGING, False)])
def test_chain_uses_no_target_of_every_environment(environment: str | None, refused: bool) -> None:
    receiver = Receiver()
    plan = make_plan(steps=(Step("http", (("target", "orders"), ("undo", "on"))),), autonomy=PLAN.autonomy)
    entry = Target("http", "orders", "signed", environment, None, (), "targets.yaml:3:5")
    with open_shop(plan, rehearsed=False) as shop:
        theatre, targets = Theatre(shop), MemoryTargets(receivers={"orders": MemoryHttpTarget(receiver)})
        theatre.engine = shop.engine(targets=targets)
        shop.http.answer_by("GET", URL, lambda: Reply(body=b'{"tax": "flat"}' if _is_on(receiver) else b"{}"))
        stage = replace(theatre.stage(), targets=targets, entries=lambda _org: [entry])
        done = play(stage, begin(stage, ORG, DrillAsk("shop", environment=STAGING, level=DrillLevel.L2), "tok_1"))
        shadow = play(stage, begin(stage, ORG, DrillAsk("shop", environment=STAGING, level=DrillLevel.L1), "tok_1"))
    assert shadow.outcome is DrillOutcome.PASSED
    if refused:
        assert done.outcome is DrillOutcome.FAILED
        assert saw(done, "targets")[1].startswith("step 1 `http`: `orders` of `http` is for every environment")
        assert "give it `environment: staging` (targets.yaml:3:5)" in saw(done, "targets")[1]
        assert receiver.arrived == 0
    else:
        assert (done.outcome, done.because, receiver.arrived) == (DrillOutcome.PASSED, None, 2)


def test_drill_notes_the_operators_file_that_its_next_plans_are_held_to(theatre: Theatre) -> None:
    entry = Target("http", "orders", "signed", STAGING, None, (), "targets.yaml:3:5")
    stage = replace(theatre.stage(), entries=lambda _org: [entry])
    done = play(stage, begin(stage, ORG, DrillAsk("shop", environment=STAGING, level=DrillLevel.L2), "tok_1"))
    with theatre.shop.store.read(ORG) as tx:
        noted = [(one["section"], one["name"], one["environment"]) for one in load_seen(tx).configured]
    assert (done.outcome, noted) == (DrillOutcome.PASSED, [("http", "orders", STAGING)])


def _is_on(receiver: Receiver) -> bool:
    return len(receiver.done) == 1
