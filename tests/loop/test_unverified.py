"""Deployments of releases that no passing verdict allowed: found, explained, and over when a verdict comes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.loop.builds import BuildAsk, judge_build, link_builds, override_build
from holdfast.loop.declare import declare_environment, ensure_service
from holdfast.loop.policies import set_policy
from holdfast.loop.policy_change import change_policy
from holdfast.loop.requests import EnvironmentRequest
from holdfast.mitigations.plan_when import matches_plan
from holdfast.model.build import Answer, Build, Level
from holdfast.model.exposure import Ending, Exposure, State
from holdfast.model.inventory import Artifact, Origin, Reach, Status
from holdfast.model.tenancy import Permission
from holdfast.model.verdict import Fail, Pass
from tests.loop.shop import make_plan
from tests.loop.world import World, open_world, record, sbom

NEVER = "min_score: {default: 0}\ndata: {on_unknown: pass}\n"
HOLDS = NEVER + 'rules: [{id: all, when: "finding.cvss > 0.0", then: block}]\n'
DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def world() -> Iterator[World]:
    """A world whose org asks the gate for verdicts, and a flaw that the gate holds builds for."""
    with open_world() as opened:
        opened.push(record("CVE-2026-1", ("0", "2")))
        with opened.turn() as turn:
            declare_environment(turn, EnvironmentRequest("production", 1, Reach.INTERNET))
            declare_environment(turn, EnvironmentRequest("staging", 3, Reach.INTERNAL))
            set_policy(turn, Level.ORG, "", HOLDS)
        opened.clock.tick(60)
        yield opened


def gate(world: World, *purls: str, service: str = "shop", **more: object) -> Build:
    """Judge a build of these components; one of `acme-pdf` 1 is held."""
    world.clock.tick(60)
    with world.turn() as turn:
        ask = replace(BuildAsk(service, sbom(*purls)), **more)  # type: ignore[arg-type]  # checked by the dataclass
        return judge_build(turn, ask).build


def let_go(world: World, build: Build) -> None:
    token = replace(world.token(Permission.POLICY_WRITE), person="usr_ana")
    world.clock.tick(60)
    with world.turn(token) as turn:
        override_build(turn, build.id, "the shop is down")


def ship(world: World, version: str = "1", commit: str | None = "c0ffee", **more: object) -> None:
    """Register and deploy a release that has no flaw of its own."""
    world.clock.tick(60)
    world.release("shop", version, "pkg:pypi/fine@1", commit=commit)
    world.deploy("shop", version, **more)


def found(world: World) -> list[Exposure]:
    return [one for one in world.exposures(current=False) if one.kind == "deployment"]


def test_a_deployment_that_nobody_judged_is_a_finding_with_clocks(world: World) -> None:
    ship(world)
    [one] = found(world)
    assert (one.state, one.advisories, one.versions) == (State.OPEN, ("deployment-unverified",), ("1",))
    assert (one.environment, one.risk.severity, one.clocks.introduced_at) == ("production", 4.0, world.clock.now())
    assert "no build of it was judged" in one.summary
    assert "exposure.opened" in world.kinds()
    assert world.recompute() == []


def test_a_passing_verdict_of_its_commit_allows_it(world: World) -> None:
    assert gate(world, commit="c0ffee").answer is Answer.PASS
    ship(world)
    assert found(world) == []


def test_what_the_gate_held_is_blocked_and_an_override_ends_it(world: World) -> None:
    held = gate(world, "pkg:pypi/acme-pdf@1", commit="c0ffee")
    ship(world)
    [one] = found(world)
    assert (one.advisories, one.risk.severity) == (("deployment-blocked",), 6.5)
    assert held.id in one.summary
    let_go(world, held)
    [over] = found(world)
    assert (over.state, over.ending) == (State.RESOLVED, Ending.FIXED)
    assert over.clocks.fixed_at == over.clocks.resolved_at == world.clock.now()


def test_a_late_verdict_ends_it_with_both_instants(world: World) -> None:
    """Deployed at one minute, held at two (the finding goes on, as blocked), passed at three."""
    ship(world)
    begun = world.clock.now()
    gate(world, "pkg:pypi/acme-pdf@1", commit="c0ffee")
    [one] = found(world)
    assert (one.state, one.advisories) == (State.OPEN, ("deployment-blocked",))
    passed = gate(world, commit="c0ffee")
    [over] = found(world)
    assert (over.id, over.state, over.ending) == (one.id, State.RESOLVED, Ending.FIXED)
    assert (over.clocks.introduced_at, over.clocks.fixed_at) == (begun, passed.at)


def test_a_verdict_that_was_there_all_along_withdraws_it(world: World) -> None:
    """The index that the gate judged is told only after the deployment: it was allowed, and nobody knew."""
    passed = gate(world, artifact=DIGEST)
    world.clock.tick(60)
    platform = Artifact("sha256:" + "b" * 64, "image", "linux/amd64")
    world.release("shop", "1", "pkg:pypi/fine@1", artifacts=(platform,))
    world.deploy("shop", "1")
    assert found(world)[0].state is State.OPEN
    world.clock.tick(3600)
    world.release("shop", "1", "pkg:pypi/fine@1", artifacts=(Artifact(DIGEST, "image-index"), platform))
    [over] = found(world)
    assert (over.state, over.ending, over.clocks.fixed_at) == (State.RESOLVED, Ending.WITHDRAWN, None)
    assert passed.at < over.clocks.detected_at < world.clock.now() == over.clocks.resolved_at


def test_the_next_release_ends_or_carries_it_on(world: World) -> None:
    ship(world, "1")
    ship(world, "2", "beef")
    [one] = found(world)
    assert (one.state, one.versions) == (State.OPEN, ("2",))
    gate(world, commit="cafe")
    ship(world, "3", "cafe")
    assert found(world)[0].ending is Ending.FIXED
    ship(world, "4", "none")
    assert [(one.episode, one.state) for one in found(world)] == [(1, State.RESOLVED), (2, State.REGRESSED)]


def test_the_same_composition_or_artifact_is_enough_and_another_artifact_is_not(world: World) -> None:
    gate(world, "pkg:pypi/fine@1")
    ship(world, commit=None)
    assert found(world) == []
    gate(world, commit="beef", artifact=DIGEST)
    world.release("shop", "2", "pkg:pypi/other@1", commit="beef", artifacts=(Artifact("sha256:" + "b" * 64, "image"),))
    world.deploy("shop", "2")
    assert [one.advisories for one in found(world)] == [("deployment-unverified",)]


def test_a_verdict_for_staging_does_not_allow_production(world: World) -> None:
    gate(world, commit="c0ffee", environment="staging")
    ship(world, environment="staging")
    assert found(world) == []
    world.deploy("shop", "1")
    assert [one.environment for one in found(world)] == ["production"]
    with world.turn() as turn:
        declare_environment(turn, EnvironmentRequest("staging", 1, Reach.INTERNET))
    world.deploy("shop", "1", target="eu")
    assert not [one for one in found(world) if one.is_live]


def test_the_newest_verdict_before_it_began_decides(world: World) -> None:
    gate(world, commit="c0ffee")
    gate(world, "pkg:pypi/acme-pdf@1", commit="c0ffee")
    ship(world)
    assert found(world)[0].advisories == ("deployment-blocked",)


def test_a_verdict_that_turns_later_leaves_what_runs_alone(world: World) -> None:
    gate(world, commit="c0ffee")
    ship(world)
    gate(world, "pkg:pypi/acme-pdf@1", commit="c0ffee")
    assert found(world) == []


def test_observed_deployments_count_and_what_is_gone_ends(world: World) -> None:
    ship(world, origin=Origin.OBSERVED)
    assert found(world)[0].state is State.OPEN
    world.clock.tick(60)
    world.deploy("shop", None, status=Status.REMOVED, origin=Origin.OBSERVED)
    assert (found(world)[0].state, found(world)[0].ending) == (State.RESOLVED, Ending.DECOMMISSIONED)


def test_what_ran_before_anybody_asked_is_nobodys_fault() -> None:
    with open_world() as world:
        ship(world)
        assert found(world) == []
        gate(world, commit="other")
        assert world.recompute() == []
        ship(world, "2", "beef")
        assert [one.versions for one in found(world)] == [("2",)]


def test_a_policy_says_from_when_on_and_whether(world: World) -> None:
    def say(words: str) -> None:
        world.clock.tick(60)
        with world.turn() as turn:
            set_policy(turn, Level.ORG, "", NEVER + words)

    say("deployments: {unverified: ignore}\n")
    ship(world)
    assert found(world) == []
    say("deployments: {unverified: warn}\n")
    world.release("shop", "2", "pkg:pypi/fine@1", commit="beef")
    assert world.deploy("shop", "2").warnings == ("unverified: no build of it was judged",)
    assert found(world) == []
    tomorrow = world.clock.now() + timedelta(days=1)
    say(f"deployments: {{unverified: finding, since: {tomorrow:%Y-%m-%dT%H:%M:%SZ}}}\n")
    ship(world, "3", "cafe")
    assert found(world) == []
    world.clock.tick(2 * 86400)
    ship(world, "4", "f00d")
    assert [one.versions for one in found(world)] == [("4",)]


@pytest.mark.parametrize("words", ["unverified: ignore", "since: 2099-01-01T00:00:00Z"])
def test_a_service_does_not_free_its_deployments_from_what_the_org_leaves_to_the_usual(
    world: World, words: str
) -> None:
    with world.turn() as turn:
        service = ensure_service(turn, "shop")
        set_policy(turn, Level.SERVICE, service.id, f"deployments: {{{words}}}\n")
    ship(world)
    assert [one.is_live for one in found(world)] == [True]


def test_a_policy_that_changes_is_applied_at_once(world: World) -> None:
    ship(world)
    assert found(world)[0].is_live
    world.clock.tick(60)
    with world.turn() as turn:
        change_policy(turn, Level.ORG, "", NEVER + "deployments: {unverified: ignore}\n")
    assert found(world)[0].ending is Ending.WITHDRAWN
    with world.turn() as turn:
        change_policy(turn, Level.ORG, "", NEVER)
    assert [one.state for one in found(world)] == [State.RESOLVED, State.REGRESSED]
    with world.turn() as turn:
        change_policy(turn, Level.ORG, "", None)
    assert not [one for one in found(world) if one.is_live]  # no policy and no build is left to want a verdict


def test_a_mode_that_does_not_block_finds_nothing(world: World) -> None:
    with world.turn() as turn:
        set_policy(turn, Level.ORG, "", NEVER + "mode: {now: observe}\n")
    ship(world)
    assert found(world) == []


def test_plans_answer_it_only_when_they_look_at_its_kind(world: World) -> None:
    ship(world)
    [one] = found(world)
    now = world.clock.now()
    assert isinstance(matches_plan(make_plan(when="true"), one, None, None, now=now), Fail)
    assert isinstance(matches_plan(make_plan(when="finding.kind == 'deployment'"), one, None, None, now=now), Pass)


def test_builds_are_tied_to_the_newest_release_of_their_commit(world: World) -> None:
    build = gate(world, commit="c0ffee")
    ship(world)
    with world.turn() as turn:
        [release] = turn.tx.releases.find(commit="c0ffee")
        assert turn.tx.builds.get(build.id).release_id == release.id
        assert [one.id for one in link_builds(turn, release)] == [build.id]
    assert gate(world, commit="c0ffee").release_id == release.id
