"""What a release is compared with: everything that runs where it is bound for."""

from holdfast.loop.build_bases import MOST_RUNNING
from holdfast.loop.builds import BuildAsk, Judged, judge_build
from holdfast.loop.intake import register_release
from holdfast.loop.policies import find_subject
from holdfast.loop.policy_change import change_policy
from holdfast.loop.policy_replay import replay_policy
from holdfast.loop.requests import ReleaseRequest
from holdfast.model.build import Answer, Basis, Level
from tests.loop.world import World, open_world, record, sbom

OLD, NEW = "pkg:pypi/acme-pdf@1", "pkg:pypi/acme-img@1"
STRICT = "min_score: {default: 0}\ndata: {on_unknown: pass}\nrules: [{id: all, when: 'true', then: block}]\n"


def judged(world: World, *purls: str, environment: str = "production") -> Judged:
    with world.turn() as turn:
        return judge_build(turn, BuildAsk("shop", sbom(*purls), environment=environment))


def advise(world: World) -> None:
    world.push(record("CVE-2026-1", ("0", None)))
    world.push(record("CVE-2026-2", ("0", None), name="acme-img"))
    with world.turn() as turn:
        change_policy(turn, Level.ORG, find_subject(turn.tx, Level.ORG, ""), STRICT)


def blocking(one: Judged) -> list[str]:
    return [each.finding.id for each in one.decision.blocking]


def test_what_a_canary_alone_has_is_new_wherever_the_rest_runs() -> None:
    """The canary's target sorts last and first in turn: no order decides."""
    for canary in ("a-canary", "z-canary"):
        with open_world() as world:
            advise(world)
            world.ship("shop", "1.0", OLD, target="main")
            world.ship("shop", "2.0", OLD, NEW, target=canary)
            said = judged(world, OLD, NEW)
            assert (said.decision.basis, blocking(said)) == (Basis.RELEASE, ["CVE-2026-2"])
            note = "2 releases run in `production` at once (1.0, 2.0): only what all of them have was there before"
            assert note in said.decision.notes
            world.deploy("shop", "2.0", target="main")
            said = judged(world, OLD, NEW)
            assert (said.decision.answer, said.decision.existing) == (Answer.PASS, 2)
            assert not any("at once" in one for one in said.decision.notes)


def test_the_score_is_held_against_the_best_of_what_runs() -> None:
    with open_world() as world:
        advise(world)
        world.ship("shop", "1.0", OLD, target="main")
        world.ship("shop", "2.0", OLD, NEW, target="canary")
        both, one = judged(world, OLD, NEW).decision, judged(world, OLD).decision
        assert both.base_score is not None
        assert one.base_score is not None
        assert both.base_score.value == one.score.value == one.base_score.value
        assert both.score.value < both.base_score.value


def test_what_runs_without_a_composition_is_told_and_not_compared_with() -> None:
    with open_world() as world:
        advise(world)
        world.ship("shop", "1.0", OLD, target="main")
        with world.turn() as turn:
            register_release(turn, ReleaseRequest("shop", "0.9"))
        world.deploy("shop", "0.9", target="odd")
        said = judged(world, OLD)
        assert said.decision.answer is Answer.PASS
        assert "1 of what runs in `production` has no known composition: not compared with" in said.decision.notes


def test_a_fleet_of_releases_is_bounded_and_that_is_told() -> None:
    with open_world() as world:
        advise(world)
        for number in range(MOST_RUNNING + 1):
            world.ship("shop", f"{number}.0", OLD, target=f"host-{number}")
            world.clock.tick(60)
        notes = judged(world, OLD).decision.notes
        assert f"of those only the {MOST_RUNNING} that began first are compared with" in notes


def test_a_policy_is_tried_on_all_that_a_build_was_compared_with() -> None:
    with open_world() as world:
        advise(world)
        world.ship("shop", "1.0", OLD, target="main")
        world.ship("shop", "2.0", OLD, NEW, target="canary")
        judged(world, OLD, NEW)
        with world.turn() as turn:
            (row,) = replay_policy(turn, Level.ORG, "", STRICT, 1).rows
        assert (row.would_be, row.caught) == (Answer.BLOCKED, ("CVE-2026-2 in pkg:pypi/acme-img@1",))
