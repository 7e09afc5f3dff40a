"""Facts that come in late, twice, wrong, or out of order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import ConflictError, ForbiddenError, NotFoundError, PlanError, UsageError
from holdfast.facts.manifest import manifest_to_json, parse_manifest
from holdfast.loop.declare import declare_service
from holdfast.loop.flags import define_flag
from holdfast.loop.intake import expire_hosts, register_release
from holdfast.loop.requests import ReleaseRequest
from holdfast.model.component import Sbom
from holdfast.model.exposure import Ending
from holdfast.model.inventory import Artifact
from holdfast.model.plan import ServiceManifest
from holdfast.model.tenancy import Permission
from tests.facts.manifest_texts import GOOD
from tests.loop.world import OTHER, World, open_world, record, sbom

BAD, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.4.2"
ADVISORY = record("ACME-1", ("1.0", "1.4.2"))
INDEX = Artifact("sha256:" + "0" * 64, "image-index")
AMD = Artifact("sha256:" + "a" * 64, "image", "linux/amd64")
ARM = Artifact("sha256:" + "b" * 64, "image", "linux/arm64")
ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


@pytest.fixture
def manifest() -> ServiceManifest:
    return parse_manifest(GOOD.encode(), file="holdfast.yaml").services[0]


class TestReleases:
    def test_the_same_release_twice_is_one(self, world: World) -> None:
        first = world.release("shop", "1", BAD, commit="c0ffee")
        again = world.release("shop", "1", BAD, commit="c0ffee")
        assert (first.created, again.created) == (True, False)
        assert again.release == first.release
        assert world.kinds().count("release.registered") == 1

    def test_a_change_of_code_alone_is_a_new_release(self, world: World) -> None:
        first = world.release("shop", "1", BAD, commit="c0ffee")
        second = world.release("shop", "1", BAD, commit="decade")
        assert second.created
        assert second.release.id != first.release.id

    def test_the_same_release_with_another_composition_is_refused(self, world: World) -> None:
        world.release("shop", "1", BAD, commit="c0ffee")
        with pytest.raises(ConflictError, match="another composition"):
            world.release("shop", "1", FIXED, commit="c0ffee")
        assert world.kinds().count("release.registered") == 1

    def test_one_digest_has_one_content(self, world: World) -> None:
        world.release("shop", "1", BAD, artifacts=(AMD,))
        with pytest.raises(ConflictError, match="another composition"):
            world.release("shop", "1", FIXED, artifacts=(AMD,))
        with pytest.raises(ConflictError, match="another composition"):
            world.release("shop", "2", FIXED, artifacts=(AMD,))
        assert world.release("shop", "2", BAD, artifacts=(AMD,)).created  # the same image under another name

    def test_one_digest_may_belong_to_several_services(self, world: World) -> None:
        one = world.release("shop", "1", BAD, artifacts=(AMD,))
        two = world.release("till", "1", FIXED, artifacts=(AMD,))
        assert one.release.id != two.release.id
        assert world.deploy("till", digest=AMD.digest).deployment.release_id == two.release.id
        assert world.deploy("shop", digest=AMD.digest).deployment.release_id == one.release.id

    @pytest.mark.parametrize("digest", [INDEX.digest, AMD.digest, ARM.digest])
    def test_an_index_and_its_platforms_are_one_release(self, world: World, digest: str) -> None:
        release = world.release("shop", "1", BAD, artifacts=(ARM, INDEX, AMD)).release
        assert world.deploy("shop", digest=digest).deployment.release_id == release.id

    def test_an_index_that_comes_after_its_platform_joins_it(self, world: World) -> None:
        first = world.release("shop", "1", BAD, artifacts=(AMD,))
        second = world.release("shop", "1", BAD, artifacts=(INDEX, AMD, ARM))
        third = world.release("shop", "1", BAD, artifacts=(INDEX,))
        assert (second.created, third.created) == (False, False)
        assert second.release.id == third.release.id == first.release.id
        assert {one.digest for one in third.release.artifacts} == {AMD.digest, INDEX.digest, ARM.digest}
        assert world.deploy("shop", digest=ARM.digest).deployment.release_id == first.release.id

    def test_a_commit_that_comes_later_is_kept(self, world: World) -> None:
        world.release("shop", "1", BAD, artifacts=(AMD,))
        for _ in range(2):
            assert world.release("shop", "1", BAD, artifacts=(AMD,), commit="c0ffee").release.commit == "c0ffee"
        assert world.deploy("shop", "1", commit="c0ffee").created
        assert world.kinds().count("release.registered") == 2

    def test_what_may_follow_a_release_is_kept_and_does_not_change(self, world: World) -> None:
        world.release("shop", "1", BAD)
        for _ in range(2):
            assert world.release("shop", "1", BAD, min_compatible="0.9").release.min_compatible == "0.9"
        assert world.release("shop", "1", BAD).release.min_compatible == "0.9", "silence takes nothing back"
        with pytest.raises(ConflictError, match=r"with `0\.9` as the oldest version that may follow it, not `0\.8`"):
            world.release("shop", "1", BAD, min_compatible="0.8")
        assert world.kinds().count("release.registered") == 2

    def test_a_platform_that_comes_after_its_index_adds_to_it(self, world: World) -> None:
        first = world.release("shop", "1", BAD, artifacts=(INDEX, AMD))
        again = world.release("shop", "1", BAD, artifacts=(AMD, ARM))
        assert again.release.id == first.release.id
        assert world.deploy("shop", digest=ARM.digest).deployment.release_id == first.release.id

    def test_a_release_from_the_future_is_refused_but_for_a_little_skew(self, world: World) -> None:
        with pytest.raises(UsageError, match="future"):
            world.release("shop", "1", BAD, built_at=world.clock.now() + timedelta(minutes=6))
        late = world.release("shop", "1", BAD, built_at=world.clock.now() + timedelta(minutes=4))
        assert late.created
        assert world.deploy("shop", "1").created  # our clock is the one that is behind

    def test_a_composition_that_comes_after_the_deployment_is_judged_at_once(self, world: World) -> None:
        world.push(ADVISORY)
        with world.turn() as turn:
            register_release(turn, ReleaseRequest("shop", "1"))
        world.deploy("shop", "1")
        assert world.live() == {}
        world.release("shop", "1", BAD)
        assert list(world.live()) == [("shop", "ACME-1")]
        assert world.recompute() == []

    def test_a_release_is_known_in_its_own_org_alone(self, world: World) -> None:
        world.release("shop", "1", BAD, artifacts=(AMD,))
        other = World(world.store, org=OTHER)
        with pytest.raises(NotFoundError, match="no release"):
            other.deploy("shop", "1")
        with pytest.raises(NotFoundError, match="no release"):
            other.deploy(None, digest=AMD.digest)  # type: ignore[arg-type]  # a digest alone names it as well
        assert other.release("shop", "1", FIXED, artifacts=(AMD,)).created  # another's content is none of our business

    def test_telling_facts_needs_the_permission(self, world: World) -> None:
        with pytest.raises(ForbiddenError, match="facts:write"), world.turn(world.token(Permission.READ)) as turn:
            register_release(turn, ReleaseRequest("shop", "1"))


class TestPlans:
    def test_a_plan_is_checked_when_its_release_is_registered(self, world: World, manifest: ServiceManifest) -> None:
        with pytest.raises(PlanError, match="receipts-off") as caught:
            world.release("shop", "1", BAD, manifest=manifest)
        assert "shop.receipts" in str(caught.value)
        with world.store.read(world.org) as tx:
            assert tx.services.find("shop") is None  # nothing is half-written

    def test_a_plan_in_order_is_kept_with_its_release(self, world: World, manifest: ServiceManifest) -> None:
        self._flags(world)
        outcome = world.release("shop", "1", BAD, manifest=manifest)
        assert outcome.created
        with world.turn() as turn:
            assert turn.tx.releases.manifest(outcome.release.id) == manifest_to_json(manifest)

    def test_a_safe_variant_that_is_not_there_is_an_error_now(self, world: World, manifest: ServiceManifest) -> None:
        self._flags(world)
        unsafe = replace(manifest, features=(replace(manifest.features[0], safe="nowhere"),))
        with pytest.raises(PlanError, match="nowhere"):
            world.release("shop", "1", BAD, manifest=unsafe)

    def test_a_plan_without_probe_or_coverage_is_an_error_now(self, world: World, manifest: ServiceManifest) -> None:
        self._flags(world)
        for plan in (replace(manifest.plans[0], verify=()), replace(manifest.plans[0], coverage=None)):
            with pytest.raises(PlanError, match="receipts-off"):
                world.release("shop", "1", BAD, manifest=replace(manifest, plans=(plan,)))

    def test_a_manifest_of_another_service_is_refused(self, world: World, manifest: ServiceManifest) -> None:
        self._flags(world)
        with pytest.raises(UsageError, match="declares `shop`"):
            world.release("till", "1", BAD, manifest=manifest)

    def test_the_plans_of_a_service_declared_elsewhere_are_checked_too(
        self, world: World, manifest: ServiceManifest
    ) -> None:
        world.ship("other", "1")
        with world.turn() as turn:
            declare_service(turn, manifest)
        with pytest.raises(PlanError, match=r"unknown flag `shop\.receipts`"):
            world.release("shop", "1", BAD)
        self._flags(world)
        assert world.release("shop", "1", BAD).created

    def _flags(self, world: World) -> None:
        world.ship("other", "1")
        with world.turn() as turn:
            define_flag(turn.tx, "production", "shop.receipts", ON_OFF, turn.now)


class TestHosts:
    def test_a_host_that_stays_the_same_is_journaled_once(self, world: World) -> None:
        first = world.report("m1", BAD)
        world.clock.tick(300)
        again = world.report("m1", BAD)
        assert again.id == first.id
        assert again.lease_until == first.lease_until + timedelta(seconds=300)
        assert world.kinds().count("host.seen") == 1

    def test_a_thousand_hosts_with_the_same_packages_hold_one_composition(self, world: World) -> None:
        digests = {world.report(f"m{number}", BAD, FIXED).sbom for number in range(20)}
        assert len(digests) == 1

    def test_a_host_whose_lease_is_over_is_gone_and_its_return_is_judged(self, world: World) -> None:
        world.push(ADVISORY)
        world.report("m1", BAD)
        assert list(world.live()) == [("m1", "ACME-1")]
        world.clock.tick(901)
        with world.turn() as turn:
            assert [host.name for host in expire_hosts(turn)] == ["m1"]
            assert expire_hosts(turn) == []
        assert world.live() == {}
        world.clock.tick(60)
        world.report("m1", BAD)
        assert list(world.live()) == [("m1", "ACME-1")]
        assert world.recompute() == []

    def test_a_host_that_was_late_but_not_yet_expired_goes_on(self, world: World) -> None:
        world.push(ADVISORY)
        world.report("m1", BAD)
        world.clock.tick(901)
        world.report("m1", BAD)
        assert list(world.live()) == [("m1", "ACME-1")]
        assert world.recompute() == []

    def test_a_host_that_moves_leaves_nothing_behind(self, world: World) -> None:
        world.push(ADVISORY)
        world.report("m1", BAD, environment="staging")
        world.clock.tick(60)
        world.report("m1", BAD, environment="production")
        assert {one.environment: one.is_live for one in world.exposures()} == {"staging": False, "production": True}
        assert world.recompute() == []

    def test_an_updated_host_is_fixed(self, world: World) -> None:
        world.push(ADVISORY)
        world.report("m1", BAD)
        world.clock.tick(60)
        world.report("m1", FIXED)
        assert [one.ending for one in world.exposures()] == [Ending.FIXED]


def test_an_empty_composition_is_not_a_missing_one(world: World) -> None:
    with world.turn() as turn:
        known = register_release(turn, ReleaseRequest("shop", "1", sbom=Sbom(()))).release
        missing = register_release(turn, ReleaseRequest("shop", "2")).release
    assert known.sbom is not None
    assert missing.sbom is None
    with world.turn() as turn, pytest.raises(ConflictError):
        register_release(turn, ReleaseRequest("shop", "1", sbom=sbom(BAD)))
    assert world.deploy("shop", "2").created
