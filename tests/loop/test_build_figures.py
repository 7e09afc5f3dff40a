"""How often the gate held builds: rates, percentiles, weeks, groups."""

from datetime import timedelta

from holdfast.loop.build_figures import Figures, percentile, trend_of
from holdfast.model.build import Answer, BuildFilter, Override
from holdfast.model.tenancy import Group, Team
from holdfast.testing.clocks import START
from holdfast.testing.stores_gate import build
from tests.loop.world import ORG, open_world


def test_a_rate_of_nothing_is_not_known() -> None:
    nothing = Figures(START, 0, 0, 0, 0)
    assert (nothing.block_rate, nothing.override_rate, percentile([], 0.5)) == (None, None, None)
    assert [percentile([3.0, 1.0, 2.0], part) for part in (0.0, 0.5, 0.9)] == [1.0, 2.0, 3.0]


def test_figures_are_told_by_week_and_by_group() -> None:
    """Three builds in one week, one of them let go; one more three weeks later."""
    now = START + timedelta(days=30)
    with open_world() as world, world.store.write(ORG, now) as tx:
        tx.teams.save_group(Group(ORG, "grp_1", "retail", None))
        tx.teams.save_team(Team(ORG, "team_1", "pay", "grp_1"))
        tx.builds.save(build(1, org=ORG, team="pay", took_s=0.1))
        tx.builds.save(build(2, org=ORG, team="pay", answer=Answer.BLOCKED, score=20.0, took_s=0.3))
        let_go = Override("usr_1", START, "it is down")
        tx.builds.save(build(3, org=ORG, team="web", answer=Answer.UNKNOWN, override=let_go))
        tx.builds.save(build(4, org=ORG, team="web", at=START + timedelta(days=21)))
        trend = trend_of(tx, START, now, BuildFilter(), "group")
        whole = trend.whole
        assert (whole.builds, whole.held, whole.block_rate, whole.override_rate) == (4, 2, 0.5, 0.5)
        assert (whole.score_p50, whole.took_p50_s, whole.took_p90_s) == (81.5, 0.1, 0.3)
        assert [one.builds for one in trend.weeks] == [3, 0, 0, 1, 0]
        assert all(one.since.weekday() == 0 for one in trend.weeks)
        assert [(name, one.builds, one.held) for name, one in trend.groups] == [("", 2, 1), ("retail", 2, 1)]
        by_team = trend_of(tx, START, now, BuildFilter(team="pay"), "team")
        assert [(name, one.builds) for name, one in by_team.groups] == [("pay", 2)]
