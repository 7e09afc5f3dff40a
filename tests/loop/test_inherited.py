"""What was accepted has its term from the acceptance; what measures count from stays what it was."""

from datetime import datetime, timedelta

from holdfast.findings.clocks import time_to_repair
from holdfast.gate.deadlines import Deadline
from holdfast.loop.builds import BuildAsk, Judged, judge_build
from holdfast.loop.inherited import Accepted, accept_inherited
from holdfast.model.tenancy import Permission
from tests.loop.world import World, open_world, record, sbom

OLD, NEW = "pkg:pypi/acme-pdf@1", "pkg:pypi/acme-img@1"
DAY_S = 86400.0
TERM = timedelta(days=14)  # exposed, not known exploited, not automatable, total impact: what is not decided


def accept(world: World, *purls: str, replace: bool = False) -> Accepted:
    with world.turn(world.token(Permission.POLICY_WRITE, Permission.FACTS_WRITE)) as turn:
        return accept_inherited(turn, "shop", sbom(*purls), replace=replace)


def judged(world: World, *purls: str, environment: str = "") -> Judged:
    with world.turn() as turn:
        return judge_build(turn, BuildAsk("shop", sbom(*purls), environment=environment))


def deadline(one: Judged, name: str = "CVE-2026-1") -> Deadline:
    found = next(each.deadline for each in one.decision.judged if name in each.finding.ids)
    assert found is not None
    return found


def overdue(one: Judged) -> list[str]:
    return [each.finding.id for each in one.decision.judged if each.because == "its repair is overdue"]


def production_since(world: World) -> datetime:
    return next(one.clocks.detected_at for one in world.exposures() if "CVE-2026-1" in one.advisories)


def test_an_acceptance_grants_a_term_to_what_production_had_for_long_and_measures_go_on() -> None:
    """Day 0 it runs with a hole, day 90 it is accepted, day 103 nothing is late, day 105 it is."""
    with open_world() as world:
        world.push(record("CVE-2026-1", ("0", None)))
        world.ship("shop", "1.0", OLD)
        known = production_since(world)
        world.clock.tick(90 * DAY_S)
        before = judged(world, OLD, environment="production")
        assert (overdue(before), deadline(before).granted_at) == (["CVE-2026-1"], None)
        at = accept(world, OLD).inherited.accepted_at
        for environment in ("", "production"):
            fresh = judged(world, OLD, environment=environment)
            found = deadline(fresh)
            assert overdue(fresh) == []
            assert (found.known_since, found.granted_at, found.due_at) == (known, at, at + TERM)
        assert found.clock == f"known since {known:%Y-%m-%d}, accepted {at:%Y-%m-%d}, due {at + TERM:%Y-%m-%d}"
        world.clock.tick(15 * DAY_S)
        assert overdue(judged(world, OLD)) == ["CVE-2026-1"]
        (exposure,) = world.exposures()
        repair = time_to_repair(exposure, world.clock.now())
        assert repair is not None
        assert (exposure.clocks.detected_at, repair.started_at, repair.exit_s) == (known, known, 105 * DAY_S)


def test_an_alias_that_came_later_does_not_bring_back_the_clock_of_production() -> None:
    with open_world() as world:
        world.push(record("CVE-2026-1", ("0", None)))
        world.ship("shop", "1.0", OLD)
        world.clock.tick(90 * DAY_S)
        at = accept(world, OLD).inherited.accepted_at
        world.push(record("PYSEC-2026-1", ("0", None), aliases=["CVE-2026-1"]))
        world.clock.tick(DAY_S)
        found = judged(world, OLD, environment="production")
        assert (overdue(found), deadline(found).granted_at) == ([], at)


def test_what_became_known_later_counts_from_when_it_was_known_where_it_runs() -> None:
    """Accepted on day 0, disclosed on day 1 of the record's own date, learnt of on day 40: late on day 55, not 41."""
    with open_world() as world:
        world.ship("shop", "1.0", OLD)
        accept(world, OLD)
        world.clock.tick(40 * DAY_S)
        published = (world.clock.now() - timedelta(days=39)).strftime("%Y-%m-%dT%H:%M:%SZ")
        world.push(record("CVE-2026-1", ("0", None), published=published))
        found = judged(world, OLD)
        assert (overdue(found), deadline(found).granted_at) == ([], None)
        assert deadline(found).known_since == production_since(world)
        world.clock.tick(15 * DAY_S)
        assert overdue(judged(world, OLD)) == ["CVE-2026-1"]


def test_a_malicious_package_is_due_at_the_acceptance() -> None:
    with open_world() as world:
        world.push(record("MAL-2026-1", ("0", None)))
        at = accept(world, OLD).inherited.accepted_at
        world.clock.tick(1)
        found = judged(world, OLD)
        assert (overdue(found), deadline(found, "MAL-2026-1").due_at) == (["MAL-2026-1"], at)


def test_accepting_again_grants_no_second_term() -> None:
    with open_world() as world:
        world.push(record("CVE-2026-1", ("0", None)))
        at = accept(world, OLD).inherited.accepted_at
        world.clock.tick(10 * DAY_S)
        accept(world, OLD, NEW, replace=True)
        assert deadline(judged(world, OLD, NEW)).granted_at == at
