"""L0 and L1: plans looked at and simulated, where nothing may be changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from holdfast.errors import ConflictError, HoldfastError, NotFoundError, UsageError
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_signer, ed25519_verifier
from holdfast.loop.drills import find_unproven
from holdfast.loop.drills_begin import LIMIT, DrillAsk
from holdfast.loop.drills_inputs import note_configured
from holdfast.loop.drills_runner import begin, end_left_behind, play
from holdfast.loop.drills_shadow import CANARY
from holdfast.loop.drills_stage import Stage
from holdfast.mitigations.drill_statement import verify_drill
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.model.plan import Probe, Step
from holdfast.model.target import Target
from holdfast.testing.canary import FakeCanary
from holdfast.testing.http import Reply
from tests.loop.shop import ENVIRONMENT, ORG, URL, Shop, make_plan, open_shop

KEY = bytes(range(32))


@dataclass
class Theatre:
    """A shop with a stage in it."""

    shop: Shop
    canary: FakeCanary = field(init=False)

    def __post_init__(self) -> None:
        self.canary = FakeCanary(self.shop.server, self.shop.clock)

    def stage(self) -> Stage:
        """Return what a drill is played on."""
        public = ed25519_public_key(KEY)
        return Stage(
            self.shop.store,
            self.shop.clock,
            self.shop.ids,
            self.shop.http,
            self.shop.clock.tick,
            ed25519_signer(KEY),
            ed25519_verifier(public),
            public,
            self.canary,
        )

    def rehearse(self, level: DrillLevel = DrillLevel.L1, **ask: object) -> DrillEvidence:
        """Hold a drill."""
        asked = DrillAsk("shop", level=level, environment=ENVIRONMENT, **ask)  # type: ignore[arg-type]  # fields by name
        return play(self.stage(), begin(self.stage(), ORG, asked, "tok_1"))

    def saw(self, evidence: DrillEvidence, name: str) -> tuple[bool, str]:
        """Return whether a step of a drill held, and what it saw."""
        return next((step.passed, step.detail) for step in evidence.steps if step.name == name)


@pytest.fixture
def theatre(store_url: str) -> Iterator[Theatre]:
    with open_shop(url=store_url, rehearsed=False) as shop:
        yield Theatre(shop)


def test_shadow_drill_shows_every_step_and_changes_no_real_flag(theatre: Theatre) -> None:
    with theatre.shop.store.read(ORG) as tx:
        before = tx.flags.list(ENVIRONMENT)
    done = theatre.rehearse()
    assert (done.outcome, done.because) == (DrillOutcome.PASSED, None)
    assert [step.name for step in done.steps] == [
        "plan",
        "target of step 1",
        "dry run of step 1",
        "probe before",
        "canary",
    ]
    assert "flag tax in production: variant on → variant off" in theatre.saw(done, "dry run of step 1")[1]
    with theatre.shop.store.read(ORG) as tx:
        assert [flag for flag in tx.flags.list(ENVIRONMENT) if flag.key != CANARY] == list(before)
        assert tx.overlays.active(ENVIRONMENT) == []
        assert tx.runs.list(drills=True) == []
    assert theatre.shop.served() == "on"


def test_shadow_drill_earns_auto(theatre: Theatre) -> None:
    theatre.rehearse()
    with theatre.shop.store.read(ORG) as tx:
        assert find_unproven(tx, make_plan(), "svc_1", ENVIRONMENT, theatre.shop.clock.now()) is None


def test_canary_is_measured_and_journaled(theatre: Theatre) -> None:
    theatre.canary.meanwhile = lambda: theatre.shop.clock.tick(0.25)
    done = theatre.rehearse()
    assert done.propagation_s == 0.25
    assert "effective after 250 ms" in theatre.saw(done, "canary")[1]
    kinds = [kind for kind in theatre.shop.kinds() if kind.startswith(("drill.", "flag."))]
    assert kinds[-5:] == ["drill.begun", "flag.defined", "drill.canary", "drill.canary", "drill.ended"]


def test_evidence_is_signed_by_the_house(theatre: Theatre) -> None:
    done = theatre.rehearse()
    statement = verify_drill(done.envelope, ed25519_verifier(ed25519_public_key(KEY)))
    assert statement["predicate"]["outcome"] == "passed"
    assert statement["subject"][0]["digest"]["sha256"] == done.plan_digest.removeprefix("sha256:")
    assert [one["name"] for one in statement["subject"]] == ["plan:shop/tax-off", "release:shop"]


def test_static_drill_asks_nothing_outside(theatre: Theatre) -> None:
    done = theatre.rehearse(DrillLevel.L0)
    assert (done.outcome, len(done.steps)) == (DrillOutcome.PASSED, 2)
    assert theatre.shop.http.requests == []


def test_canary_that_is_not_delivered_fails_the_drill_and_is_lifted(theatre: Theatre) -> None:
    theatre.canary.deaf = True
    done = theatre.rehearse()
    assert done.outcome is DrillOutcome.FAILED
    assert "not served as `on`" in (done.because or "")
    with theatre.shop.store.read(ORG) as tx:
        assert tx.overlays.active(ENVIRONMENT) == []


def test_canary_that_breaks_on_the_way_is_lifted(theatre: Theatre) -> None:
    looks = iter([None, HoldfastError("the reader fell over")])

    def fall() -> None:
        error = next(looks, None)
        if error is not None:
            raise error

    theatre.canary.meanwhile = fall
    done = theatre.rehearse()
    assert theatre.saw(done, "canary") == (False, "the reader fell over")
    with theatre.shop.store.read(ORG) as tx:
        assert tx.overlays.active(ENVIRONMENT) == []


def test_cut_stream_is_in_the_evidence(theatre: Theatre) -> None:
    done = theatre.rehearse(faults=("stream-cut",))
    assert (done.outcome, done.faults, theatre.canary.cuts) == (DrillOutcome.PASSED, ("stream-cut",), ["cut"])


def test_silent_application_fails_the_drill(theatre: Theatre) -> None:
    theatre.shop.http.answer("GET", URL, Reply(broken="connection refused"))
    done = theatre.rehearse()
    assert done.outcome is DrillOutcome.FAILED
    assert "whether the plan works could not be seen" in (done.because or "")


def test_probe_that_holds_before_proves_nothing() -> None:
    probe = Probe("http", URL, expect_status=200)
    with open_shop(make_plan(verify=(probe,))) as shop:
        done = Theatre(shop).rehearse()
    assert done.outcome is DrillOutcome.FAILED
    assert "it holds before anything is done" in (done.because or "")


def test_plan_of_an_unknown_flag_fails_the_static_look() -> None:
    plan = make_plan(steps=(Step("flag.off", (("flag", "nowhere"), ("variant", "off"))),))
    with open_shop(plan) as shop:
        done = Theatre(shop).rehearse(DrillLevel.L0)
    assert done.outcome is DrillOutcome.FAILED
    assert "nowhere" in (done.because or "")


def test_second_drill_of_a_service_waits(theatre: Theatre) -> None:
    begin(theatre.stage(), ORG, DrillAsk("shop", environment=ENVIRONMENT), "tok_1")
    with pytest.raises(ConflictError, match="under way"):
        begin(theatre.stage(), ORG, DrillAsk("shop", environment=ENVIRONMENT), "tok_1")


def test_drill_that_a_crash_left_behind_has_failed(theatre: Theatre) -> None:
    begun = begin(theatre.stage(), ORG, DrillAsk("shop", environment=ENVIRONMENT), "tok_1")
    assert end_left_behind(theatre.stage(), ORG) == []
    theatre.shop.clock.tick(LIMIT.total_seconds())
    (ended,) = end_left_behind(theatre.stage(), ORG)
    assert (ended.id, ended.outcome) == (begun.id, DrillOutcome.FAILED)
    assert "whoever held it was gone" in (ended.because or "")
    assert theatre.rehearse().outcome is DrillOutcome.PASSED


def test_frozen_player_that_wakes_turns_no_failed_drill_into_a_passed_one(theatre: Theatre) -> None:
    begun = begin(theatre.stage(), ORG, DrillAsk("shop", environment=ENVIRONMENT), "tok_1")
    theatre.shop.clock.tick(LIMIT.total_seconds())
    (ended,) = end_left_behind(theatre.stage(), ORG)
    with pytest.raises(ConflictError, match="has ended meanwhile"):
        play(theatre.stage(), begun)
    with theatre.shop.store.read(ORG) as tx:
        assert tx.drills.get(begun.id) == ended


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (DrillAsk("nobody"), NotFoundError, "nobody"),
        (DrillAsk("shop", plan="other", environment=ENVIRONMENT), NotFoundError, "tax-off"),
        (DrillAsk("shop", environment="mars"), NotFoundError, "mars"),
        (DrillAsk("shop"), NotFoundError, "runs nowhere"),
        (DrillAsk("shop", environment=ENVIRONMENT, level=DrillLevel.L2), UsageError, "internet"),
        (DrillAsk("shop", environment=ENVIRONMENT, faults=("engine-killed",)), UsageError, "no sense at L1"),
        (DrillAsk("shop", environment=ENVIRONMENT, faults=("meteor",)), UsageError, "no fault `meteor`"),
    ],
)
def test_impossible_drill_is_refused(ask: DrillAsk, error: type[HoldfastError], words: str) -> None:
    with open_shop() as shop, pytest.raises(error, match=words) as caught:
        begin(Theatre(shop).stage(), ORG, ask, "tok_1")
    assert words in str(caught.value)
    assert replace(ask) == ask


def test_probe_that_the_operator_does_not_allow_fails_the_static_look(theatre: Theatre) -> None:
    with theatre.shop.write() as tx:
        note_configured(tx, [Target("probes", "other.example", "host", None, None, (), "t.yaml:1:1")])
    done = theatre.rehearse(DrillLevel.L0)
    assert done.outcome is DrillOutcome.FAILED
    assert f"the probe of {URL} may not be sent: the operator lets no probe ask `shop.example:80`" in (
        done.because or ""
    )
    with theatre.shop.write() as tx:
        note_configured(tx, [Target("probes", "*.example", "host", None, None, (), "t.yaml:1:1")])
    assert theatre.rehearse(DrillLevel.L0).outcome is DrillOutcome.PASSED
