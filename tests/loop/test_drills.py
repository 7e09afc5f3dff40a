"""What drills say of plans, day by day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.facts.manifest_json import manifest_to_json
from holdfast.loop.drills import MANY, DrillReader, find_unproven
from holdfast.loop.drills_inputs import note_configured, note_observed
from holdfast.loop.flags import define_flag
from holdfast.model.drill import DrillLevel, Readiness
from holdfast.model.inventory import Deployment, Release, Status
from holdfast.model.plan import Drill, Probe, Step
from holdfast.model.target import Target
from holdfast.ports.store import Transaction
from holdfast.testing.drills import rehearse
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, Shop, make_plan, open_shop

PLAN = make_plan()
DAY = timedelta(days=1)


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    with open_shop(PLAN, url=store_url, rehearsed=False) as opened:
        yield opened


def standing(tx: Transaction, days: float = 0.0, environment: str = ENVIRONMENT) -> tuple[Readiness, str]:
    """Return what the plan's drills say some days later."""
    found = DrillReader(tx, T0 + days * DAY).standing(PLAN, "svc_1", environment)
    return found.readiness, found.because


def declare_drill(tx: Transaction, level: str, every: str = "7d") -> None:
    """Let the service ask for a drill."""
    reader = DrillReader(tx, T0)
    manifest = reader.manifest("svc_1")
    assert manifest is not None
    document = manifest_to_json(replace(manifest, drills=(Drill(PLAN.id, every, level),)))
    tx.services.save(tx.services.get("svc_1"), document)


def test_plan_that_was_never_rehearsed_says_so(shop: Shop) -> None:
    with shop.write() as tx:
        assert standing(tx) == (Readiness.NEVER, "it was never rehearsed at L1")
        why = find_unproven(tx, PLAN, "svc_1", ENVIRONMENT, T0)
    assert why == "plan `tax-off` in `production`: it was never rehearsed at L1"


def test_proven_plan_earns_auto_until_its_evidence_is_too_old(shop: Shop) -> None:
    """Day 0: L1 passes. Day 29: proven. Day 30: stale."""
    with shop.write() as tx:
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        assert find_unproven(tx, PLAN, "svc_1", ENVIRONMENT, T0 + 29 * DAY) is None
        readiness, because = standing(tx, 30)
    assert readiness is Readiness.STALE
    assert "older than 30d" in because


def test_declared_drill_says_how_old_evidence_may_be(shop: Shop) -> None:
    with shop.write() as tx:
        declare_drill(tx, "L1", "36h")
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        assert standing(tx, 1)[0] is Readiness.PROVEN
        assert standing(tx, 1.5)[0] is Readiness.STALE


def test_static_look_does_not_earn_auto(shop: Shop) -> None:
    with shop.write() as tx:
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0, level=DrillLevel.L0)
        assert standing(tx)[0] is Readiness.NEVER


def test_evidence_of_another_environment_does_not_count(shop: Shop) -> None:
    with shop.write() as tx:
        rehearse(tx, PLAN, "svc_1", "staging", T0)
        assert standing(tx)[0] is Readiness.NEVER


def test_failed_drill_takes_auto_away_and_the_next_one_gives_it_back(shop: Shop) -> None:
    """Day 0 passed, day 1 failed, day 2 passed."""
    with shop.write() as tx:
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        failed = rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0 + DAY, number=2, because="no answer")
        assert standing(tx, 1) == (Readiness.FAILED, f"its last drill, {failed.id}, failed: no answer")
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0 + 2 * DAY, number=3)
        assert standing(tx, 2)[0] is Readiness.PROVEN


def test_changed_flag_release_or_plan_makes_evidence_stale(shop: Shop) -> None:
    with shop.write() as tx:
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        changed = DrillReader(tx, T0).standing(replace(PLAN, when="false"), "svc_1", ENVIRONMENT)
        assert (changed.readiness, "`plan`" in changed.because) == (Readiness.STALE, True)
        define_flag(tx, ENVIRONMENT, "tax", ON_OFF.replace("}, ", "},  "), T0)
        assert "`flag:production/tax`" in standing(tx)[1]
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0, number=2)
        assert standing(tx)[0] is Readiness.PROVEN
        tx.releases.save(Release(ORG, "rel_2", "svc_1", "shop", "2.0", None, None, T0, None), "identity-x", None)
        run = ("dep_1", "svc_1", "rel_2", ENVIRONMENT, "main", Status.SUCCEEDED, 1.0, T0, None, T0)
        tx.deployments.save(Deployment(ORG, *run))
        assert "`release`" in standing(tx)[1]


def test_changed_target_or_foreign_flag_makes_evidence_stale(shop: Shop) -> None:
    target = Target("flags", "unleash", "unleash", ENVIRONMENT, None, (("url", '"http://one"'),), "targets.toml:1")
    with shop.write() as tx:
        assert note_configured(tx, [target])
        assert not note_configured(tx, [target])
        note_observed(tx, ENVIRONMENT, {"tax": "{}"})
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        assert standing(tx)[0] is Readiness.PROVEN
        note_observed(tx, ENVIRONMENT, {"tax": '{"changed": true}'})
        assert "`flag:production/tax`" in standing(tx)[1]
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0, number=2)
        note_configured(tx, [replace(target, options=(("url", '"http://two"'),))])
        assert "`target:flags/unleash`" in standing(tx)[1]


@pytest.mark.parametrize(("kind", "section"), [("command", "commands"), ("prometheus", "metrics"), ("flag", "flags")])
def test_what_a_probe_looks_with_is_an_input(shop: Shop, kind: str, section: str) -> None:
    """What tells that it worked is changed: nobody knows whether the same would be seen."""
    one = Target(section, "look", "process", None, None, (("url", '"http://one"'),), "targets.toml:1")
    by_step = Step("probe", (({"prometheus": "query"}.get(kind, kind), "look"),))
    with shop.write() as tx:
        note_configured(tx, [one])
        for plan in (make_plan(steps=(by_step,)), make_plan(steps=(), verify=(Probe(kind, ""),))):
            assert f"target:{section}/look" in DrillReader(tx, T0).inputs(plan, "svc_1", ENVIRONMENT)
        plain = make_plan(steps=(Step("wait", (("for", "1s"),)),))
        assert f"target:{section}/look" not in DrillReader(tx, T0).inputs(plain, "svc_1", ENVIRONMENT)


def test_whole_rehearsal_in_staging_counts_beside_a_shadow_here(shop: Shop) -> None:
    """L2 is asked for: neither staging's L2 nor production's L1 is enough by itself."""
    with shop.write() as tx:
        declare_drill(tx, "L2")
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        assert standing(tx) == (Readiness.NEVER, "it was never rehearsed at L2 in a test environment")
        rehearse(tx, PLAN, "svc_1", "staging", T0, level=DrillLevel.L2)
        assert standing(tx)[0] is Readiness.PROVEN
        rehearse(tx, PLAN, "svc_1", "staging", T0, level=DrillLevel.L2, number=2, because="not undone")
        assert standing(tx)[0] is Readiness.FAILED


def test_whole_rehearsal_counts_only_where_the_same_release_runs(shop: Shop) -> None:
    with shop.write() as tx:
        declare_drill(tx, "L2")
        rehearse(tx, PLAN, "svc_1", "staging", T0, level=DrillLevel.L2)
        tx.releases.save(Release(ORG, "rel_2", "svc_1", "shop", "2.0", None, None, T0, None), "identity-x", None)
        run = ("dep_1", "svc_1", "rel_2", ENVIRONMENT, "main", Status.SUCCEEDED, 1.0, T0, None, T0)
        tx.deployments.save(Deployment(ORG, *run))
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        readiness, because = standing(tx)
    assert readiness is Readiness.STALE
    assert "`release`" in because


def test_plans_of_one_name_are_judged_each_by_itself(shop: Shop) -> None:
    """The release that runs may declare a plan otherwise than the newest declaration does."""
    other = replace(PLAN, when="false")
    with shop.write() as tx:
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        reader = DrillReader(tx, T0)
        assert reader.find_unproven(PLAN, "svc_1", ENVIRONMENT) is None
        assert "`plan`" in (reader.find_unproven(other, "svc_1", ENVIRONMENT) or "")


def test_many_questions_are_answered_as_few_are(shop: Shop) -> None:
    with shop.write() as tx:
        places = [f"place-{number}" for number in range(MANY + 5)]
        plans = [replace(PLAN, id=f"plan-{number}") for number in range(MANY + 5)]
        for number, (plan, place) in enumerate(zip(plans, places, strict=True)):
            define_flag(tx, place, "tax", ON_OFF, T0)
            rehearse(tx, plan, "svc_1", place, T0, number=number, because="broken" if number % 2 else None)
        reader = DrillReader(tx, T0)
        many = [reader.find_unproven(plan, "svc_1", place) for plan, place in zip(plans, places, strict=True)]
        one_by_one = [find_unproven(tx, plan, "svc_1", p, T0) for plan, p in zip(plans, places, strict=True)]
    assert many == one_by_one
    assert many.count(None) == (MANY + 6) // 2
