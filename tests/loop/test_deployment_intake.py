"""Deployments that come in late, twice, wrong, or out of order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.requests import DeploymentRequest
from holdfast.model.exposure import Ending, State
from holdfast.model.inventory import Artifact, Origin, Status
from holdfast.model.tenancy import Binding
from holdfast.model.trust import System, Trust
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from tests.loop.world import World, record

BAD, FIXED, NEWER = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.4.2", "pkg:pypi/acme-pdf@1.5.0"
ADVISORY = record("ACME-1", ("1.0", "1.4.2"))
AMD = Artifact("sha256:" + "a" * 64, "image", "linux/amd64")


class TestDeployments:
    @pytest.fixture
    def world(self, store: Store) -> World:
        return World(store)

    def test_a_deployment_of_a_release_that_is_not_there_is_refused(self, world: World) -> None:
        for named in ({"version": "9"}, {"release": "rel_9"}, {"digest": AMD.digest}):
            with pytest.raises(NotFoundError):
                world.deploy("shop", **named)
        with pytest.raises(NotFoundError):
            world.deploy("shop", id="dep_9")
        with pytest.raises(UsageError, match="nothing names a release"):
            world.deploy("shop")
        assert world.kinds() == []

    def test_a_deployment_whose_names_disagree_is_refused(self, world: World) -> None:
        release = world.release("shop", "1", BAD, commit="abc").release.id
        world.release("till", "1", BAD)
        for said in ({"service": "till"}, {"version": "2"}, {"commit": "def"}, {"digest": AMD.digest}):
            with pytest.raises(UsageError, match=f"`{release}` is not of"):
                world.deploy(**{"service": "shop", "release": release, **said})
        assert world.deploy("shop", "1", release=release, commit="abc").created

    def test_a_digest_of_two_services_names_neither(self, world: World) -> None:
        for service in ("shop", "till"):
            world.release(service, "1", BAD, artifacts=(AMD,))
        with pytest.raises(UsageError, match="belongs to `shop` and `till`"):
            world.deploy(None, digest=AMD.digest)  # type: ignore[arg-type]  # a digest alone names it as well
        assert world.deploy("till", digest=AMD.digest).created

    def test_a_pipeline_does_not_claim_that_it_deployed_long_ago(self, world: World) -> None:
        world.ship("shop", "1", BAD, target="another")
        trust = Trust(world.org, "tru_1", "test", System.GITHUB, "i", "a", (), frozenset(), (), None, START, "tok_9")
        with world.turn() as turn:
            turn.tx.trusts.save(trust)
        bound = replace(world.token(), binding=Binding("tru_1", "i", "acme/shop", "99", environment="production"))
        world.clock.tick(30 * 86400)
        for days, refused in ((2, True), (0.1, False)):
            began = world.clock.now() - timedelta(days=days)
            request = DeploymentRequest("production", "shop", version="1", started_at=began)
            with world.turn(bound) as turn:
                if refused:
                    with pytest.raises(ForbiddenError, match="just deployed"):
                        record_deployment(turn, request)
                else:
                    assert record_deployment(turn, request).created

    def test_a_removal_never_becomes_what_runs(self, world: World) -> None:
        ran = world.ship("shop", "1", BAD).deployment
        world.clock.tick(60)
        removed = world.deploy("shop", status=Status.REMOVED).deployment
        with pytest.raises(ConflictError, match="cannot become `succeeded`"):
            world.deploy("shop", id=removed.id, status=Status.SUCCEEDED)
        with pytest.raises(ConflictError, match="cannot become `removed`"):
            world.deploy("shop", id=ran.id, status=Status.REMOVED)
        world.deploy("shop", id=removed.id, status=Status.FAILED)
        with world.store.read(world.org) as tx:
            assert tx.deployments.get(ran.id).ended_at is None  # what failed to remove it did not end it

    def test_a_deployment_from_before_its_release_was_built_is_refused(self, world: World) -> None:
        world.release("shop", "1", BAD, built_at=world.at(-1))
        with pytest.raises(ConflictError, match="built at"):
            world.deploy("shop", "1", started_at=world.at(-2))
        assert world.deploy("shop", "1", started_at=world.at(-1)).created

    def test_a_deployment_from_the_future_is_refused(self, world: World) -> None:
        world.release("shop", "1", BAD)
        with pytest.raises(UsageError, match="future"):
            world.deploy("shop", "1", started_at=world.at(1))

    def test_a_deployment_by_a_clock_that_runs_ahead_is_seen_now(self, world: World) -> None:
        world.push(ADVISORY)
        world.release("shop", "1", BAD)
        world.deploy("shop", "1", started_at=world.clock.now() + timedelta(minutes=4))
        assert list(world.live()) == [("shop", "ACME-1")]  # nobody would look again once it had begun

    @pytest.mark.parametrize("share", [0.0, -0.5, 1.01, float("nan"), float("inf")])
    def test_a_share_is_above_nothing_and_up_to_all(self, world: World, share: float) -> None:
        world.release("shop", "1", BAD)
        with pytest.raises(UsageError, match="share"):
            world.deploy("shop", "1", share=share)

    def test_the_same_deployment_told_twice_is_one(self, world: World) -> None:
        world.release("shop", "1", BAD)
        first = world.deploy("shop", "1", started_at=world.at(-1))
        world.clock.tick(60)
        again = world.deploy("shop", "1", started_at=world.at(-1))
        assert (first.created, again.created) == (True, False)
        assert again.deployment.id == first.deployment.id
        assert world.kinds().count("deployment.recorded") == 1

    def test_a_later_one_ends_the_earlier_one_on_its_target_alone(self, world: World) -> None:
        eu = world.ship("shop", "1", BAD, target="eu")
        us = world.deploy("shop", "1", target="us")
        world.clock.tick(3600)
        after = world.ship("shop", "2", FIXED, target="eu")
        assert after.changed == (eu.deployment.id,)
        with world.store.read(world.org) as tx:
            assert tx.deployments.get(eu.deployment.id).ended_at == world.at(1)
            assert tx.deployments.get(us.deployment.id).ended_at is None

    def test_a_claim_that_arrives_late_inserts_into_history(self, world: World) -> None:
        """1 runs from 0 h and 3 from 10 h; at 20 h CI says that 2 ran from 5 h on."""
        one = world.ship("shop", "1", BAD, started_at=world.at(0))
        world.clock.set(world.at(10))
        three = world.ship("shop", "3", NEWER)
        world.clock.set(world.at(20))
        two = world.ship("shop", "2", FIXED, started_at=world.at(5))
        assert (two.deployment.started_at, two.deployment.ended_at) == (world.at(5), world.at(10))
        assert two.deployment.recorded_at == world.at(20)
        assert two.changed == (one.deployment.id,)
        with world.store.read(world.org) as tx:
            assert tx.deployments.get(one.deployment.id).ended_at == world.at(5)
            assert tx.deployments.get(three.deployment.id).ended_at is None
            runs = {hour: [one.release.version for one in tx.queries.running(world.at(hour))[0]] for hour in (4, 6, 12)}
        assert runs == {4: ["1"], 6: ["2"], 12: ["3"]}

    def test_a_late_claim_of_what_is_over_opens_nothing(self, world: World) -> None:
        world.push(ADVISORY)
        world.ship("shop", "2", FIXED)
        world.clock.set(world.at(5))
        world.ship("shop", "1", BAD, started_at=world.at(-5))
        assert world.live() == {}
        assert world.recompute() == []

    def test_a_failed_or_unfinished_deployment_ends_nothing_and_runs_nothing(self, world: World) -> None:
        world.push(ADVISORY)
        good = world.ship("shop", "1", FIXED)
        world.clock.tick(60)
        for status in (Status.FAILED, Status.IN_PROGRESS):
            assert world.ship("shop", "2", BAD, status=status).changed == ()
        assert world.live() == {}
        with world.store.read(world.org) as tx:
            assert tx.deployments.get(good.deployment.id).ended_at is None

    def test_a_deployment_that_succeeds_later_runs_since_it_began(self, world: World) -> None:
        world.push(ADVISORY)
        first = world.ship("shop", "1", FIXED)
        world.clock.set(world.at(1))
        begun = world.ship("shop", "2", BAD, status=Status.IN_PROGRESS)
        world.clock.set(world.at(2))
        done = world.deploy("shop", id=begun.deployment.id, status=Status.SUCCEEDED)
        assert (done.created, done.changed) == (False, (first.deployment.id,))
        (exposure,) = world.live().values()
        assert (exposure.clocks.introduced_at, exposure.clocks.detected_at) == (world.at(1), world.at(2))
        world.clock.set(world.at(3))
        world.deploy("shop", id=begun.deployment.id, status=Status.FAILED)  # it was not so after all
        assert world.live() == {}
        with world.store.read(world.org) as tx:
            assert tx.deployments.get(first.deployment.id).ended_at is None

    def test_a_canary_leaves_the_rest_running(self, world: World) -> None:
        world.push(ADVISORY)
        world.ship("shop", "1", BAD)
        world.clock.tick(60)
        assert world.ship("shop", "2", FIXED, share=0.1).changed == ()
        assert list(world.live()) == [("shop", "ACME-1")]
        world.clock.tick(60)
        assert world.deploy("shop", "2", share=1.0).changed
        assert world.live() == {}

    def test_removing_a_service_decommissions_its_exposures(self, world: World) -> None:
        world.push(ADVISORY)
        world.ship("shop", "1", BAD)
        world.clock.tick(60)
        removed = world.deploy("shop", status=Status.REMOVED)
        assert removed.deployment.release_id is None
        (exposure,) = world.exposures()
        assert (exposure.state, exposure.ending) == (State.RESOLVED, Ending.DECOMMISSIONED)
        with pytest.raises(NotFoundError, match="no service `till`"):
            world.deploy("till", status=Status.REMOVED)

    def test_an_observation_stands_above_a_claim(self, world: World) -> None:
        world.ship("shop", "1", BAD, started_at=world.at(-2), origin=Origin.OBSERVED)
        claimed = world.deploy("shop", "1", started_at=world.at(-1))
        assert claimed.deployment.ended_at == world.at(-1)

    def test_a_fix_that_ships_resolves_and_a_rollback_regresses(self, world: World) -> None:
        world.push(ADVISORY)
        world.ship("shop", "1", BAD)
        world.clock.set(world.at(1))
        world.ship("shop", "2", FIXED)
        (resolved,) = world.exposures()
        assert (resolved.ending, resolved.clocks.fixed_at, resolved.clocks.resolved_at) == (
            Ending.FIXED,
            world.at(1),
            world.at(1),
        )
        world.clock.set(world.at(2))
        world.deploy("shop", "1")
        again = max(world.exposures(), key=lambda one: one.episode)
        assert (again.state, again.episode, again.backlog) == (State.REGRESSED, 2, False)
        assert len(world.exposures(current=False)) == 2
        assert world.recompute() == []

    def test_a_deployment_by_commit_names_that_commit(self, world: World) -> None:
        one = world.release("shop", "1", BAD, commit="c0ffee").release
        world.release("shop", "1", FIXED, commit="decade")
        with world.turn() as turn:
            outcome = record_deployment(
                turn, DeploymentRequest("production", service="shop", version="1", commit="c0ffee")
            )
        assert outcome.deployment.release_id == one.id
