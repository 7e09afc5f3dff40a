"""Which drill is due, day by day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.facts.manifest_json import manifest_to_json
from holdfast.loop.drills import DrillReader
from holdfast.loop.drills_begin import DrillAsk, begin_drill
from holdfast.loop.drills_due import RETRY, find_due, find_releases, moment_of, note_seen
from holdfast.loop.flags import define_flag
from holdfast.loop.guards import add_freeze
from holdfast.loop.respond import pause
from holdfast.model.drill import DrillLevel
from holdfast.model.guard import Freeze
from holdfast.model.inventory import Deployment, Environment, Reach, Status
from holdfast.model.plan import Drill
from holdfast.ports.store import Transaction
from holdfast.testing.drills import rehearse
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, Shop, make_plan, open_shop

PLAN = make_plan()
DAY = timedelta(days=1)
STAGING = "staging"


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    with open_shop(PLAN, url=store_url, rehearsed=False) as opened:
        yield opened


def declare(tx: Transaction, *drills: Drill) -> None:
    """Let the shop declare drills, and run in production and staging."""
    manifest = DrillReader(tx, T0).manifest("svc_1")
    assert manifest is not None
    tx.services.save(tx.services.get("svc_1"), manifest_to_json(replace(manifest, drills=drills)))
    tx.environments.save(Environment(ORG, "env_2", STAGING, 3, Reach.INTERNAL))
    for number, place in enumerate((ENVIRONMENT, STAGING)):
        run = (f"dep_{number}", "svc_1", "rel_1", place, "main", Status.SUCCEEDED, 1.0, T0, None, T0)
        tx.deployments.save(Deployment(ORG, *run))


def due(tx: Transaction, after: timedelta = timedelta(0)) -> tuple[str, str] | None:
    """Return (environment, level) of what is due then."""
    found = find_due(tx, T0 + after)
    return (str(found.ask.environment), str(found.ask.level)) if found else None


def test_declared_drill_that_was_never_held_is_due_at_once(shop: Shop) -> None:
    with shop.write() as tx:
        assert find_due(tx, T0) is None
        declare(tx, Drill(PLAN.id, "7d", "L1"))
        assert due(tx) == (ENVIRONMENT, "L1")


def test_drill_is_due_again_before_it_is_stale(shop: Shop) -> None:
    """Between three quarters of seven days and all of them."""
    with shop.write() as tx:
        declare(tx, Drill(PLAN.id, "7d", "L1"))
        for place in (ENVIRONMENT, STAGING):
            rehearse(tx, PLAN, "svc_1", place, T0)
        assert due(tx, 7 * DAY * 0.74) is None
        assert due(tx, 7 * DAY) is not None
        then = T0 + 7 * DAY * moment_of(f"svc_1/{PLAN.id}/{ENVIRONMENT}")
        assert DrillReader(tx, then).standing(PLAN, "svc_1", ENVIRONMENT).is_proven


def test_moments_are_spread_and_stay(shop: Shop) -> None:
    moments = [moment_of(f"service-{number}") for number in range(200)]
    assert all(0.75 <= one < 1 for one in moments)
    assert max(moments) - min(moments) > 0.2
    assert moment_of("service-1") == moments[1]
    assert shop.kinds()


def test_changed_flag_makes_a_drill_due_after_a_minute(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, Drill(PLAN.id, "7d", "L1"))
        for place in (ENVIRONMENT, STAGING):
            rehearse(tx, PLAN, "svc_1", place, T0)
        define_flag(tx, ENVIRONMENT, "tax", ON_OFF.replace("}, ", "},  "), T0)
        assert due(tx, timedelta(seconds=59)) is None
        assert due(tx, timedelta(seconds=60)) == (ENVIRONMENT, "L1")


def test_failed_drill_is_tried_again_after_an_hour(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, Drill(PLAN.id, "7d", "L1"))
        rehearse(tx, PLAN, "svc_1", STAGING, T0)
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0, because="broken")
        assert due(tx, RETRY - timedelta(seconds=1)) is None
        assert due(tx, RETRY) == (ENVIRONMENT, "L1")


def test_whole_rehearsal_is_held_in_staging_and_a_shadow_elsewhere(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, Drill(PLAN.id, "7d", "L2"))
        assert due(tx) == (ENVIRONMENT, "L1")
        rehearse(tx, PLAN, "svc_1", ENVIRONMENT, T0)
        assert due(tx) == (STAGING, "L2")


def test_nothing_is_due_while_automation_is_paused_or_frozen(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, Drill(PLAN.id, "7d", "L1"))
        rehearse(tx, PLAN, "svc_1", STAGING, T0)
        pause(tx, on=True, actor="tok_1", reason="an outage", now=T0)
        assert due(tx) is None
        pause(tx, on=False, actor="tok_1", reason="", now=T0)
        add_freeze(tx, Freeze("frz_1", "holidays", T0, T0 + DAY, (ENVIRONMENT,)), "tok_1", T0)
        assert due(tx) is None
        assert due(tx, DAY) == (ENVIRONMENT, "L1")


def test_nothing_is_due_for_a_service_that_is_rehearsed_now(shop: Shop) -> None:
    with shop.write() as tx:
        declare(tx, Drill(PLAN.id, "7d", "L1"))
        begin_drill(tx, DrillAsk("shop", environment=ENVIRONMENT), "tok_1", T0, shop.ids)
        assert due(tx) is None


def test_registered_release_is_looked_at_wherever_its_plans_may_act(shop: Shop) -> None:
    body: dict[str, object] = {"id": "rel_1", "about": "svc_1"}
    with shop.write() as tx:
        declare(tx)
        asks, seen = find_releases(tx)
        assert asks == []
        note_seen(tx, seen)
        tx.journal.append("release.registered", body)
    with shop.store.read(ORG) as tx:
        asks, seen = find_releases(tx)
    wanted = [DrillAsk("svc_1", PLAN.id, place, DrillLevel.L0, release="rel_1") for place in (ENVIRONMENT, STAGING)]
    assert asks == wanted
    with shop.write() as tx:
        note_seen(tx, seen)
        assert find_releases(tx) == ([], seen)
