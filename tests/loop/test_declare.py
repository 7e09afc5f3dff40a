"""Who may claim a name, and what declaring twice does."""

from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.facts.manifest import parse_manifest
from holdfast.loop.declare import declare_environment, declare_group, declare_service, declare_team, ensure_service
from holdfast.loop.requests import EnvironmentRequest
from holdfast.model.inventory import Reach
from holdfast.model.plan import ServiceManifest
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Store
from tests.loop.world import OTHER, World, record

TEXT = b"version: 1\nservices:\n  - name: shop\n    team: retail\n    tier: 2\n    exposure: internal\n"


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def manifest() -> ServiceManifest:
    return parse_manifest(TEXT, file="holdfast.yaml").services[0]


def test_a_team_claims_its_service(world: World, manifest: ServiceManifest) -> None:
    with world.turn(world.token(team="retail")) as turn:
        service = declare_service(turn, manifest)
        assert (service.team, service.tier, service.reach, service.claimed) == ("retail", 2, Reach.INTERNAL, True)
        assert turn.tx.services.find("shop") == service
        assert [team.name for team in turn.tx.teams.teams()] == ["retail"]


def test_declaring_the_same_again_journals_nothing(world: World, manifest: ServiceManifest) -> None:
    with world.turn() as turn:
        first = declare_service(turn, manifest)
        declare_environment(turn, EnvironmentRequest("production", 1, Reach.INTERNET))
        declare_group(turn, "engineering")
        declare_team(turn, "retail", "engineering")
    before = world.kinds()
    world.clock.tick(60)
    with world.turn() as turn:
        assert declare_service(turn, manifest) == first
        declare_environment(turn, EnvironmentRequest("production", 1, Reach.INTERNET))
        declare_group(turn, "engineering")
        declare_team(turn, "retail", "engineering")
    assert world.kinds() == before


def test_only_a_token_of_the_team_may_claim_a_name(world: World, manifest: ServiceManifest) -> None:
    for token in (world.token(team="payments"), world.token(), world.token(Permission.FACTS_WRITE, Permission.READ)):
        with pytest.raises(ForbiddenError, match="only a token of team `retail`"), world.turn(token) as turn:
            declare_service(turn, manifest)
    with pytest.raises(ForbiddenError, match="facts:write"), world.turn(world.token(Permission.READ)) as turn:
        declare_service(turn, manifest)
    with world.store.read(world.org) as tx:
        assert tx.services.find("shop") is None


def test_a_claimed_name_is_not_taken_by_another_team(world: World, manifest: ServiceManifest) -> None:
    with world.turn(world.token(team="retail")) as turn:
        declare_service(turn, manifest)
    with (
        pytest.raises(ForbiddenError, match="belongs to team `retail`"),
        world.turn(world.token(team="thieves")) as turn,
    ):
        declare_service(turn, replace(manifest, team="thieves"))
    with pytest.raises(ForbiddenError, match="only a token of team"), world.turn(world.token(team="thieves")) as turn:
        declare_service(turn, manifest)
    with world.store.read(world.org) as tx:
        service = tx.services.find("shop")
        assert service is not None
        assert service.team == "retail"


def test_an_administrator_hands_a_service_over(world: World, manifest: ServiceManifest) -> None:
    with world.turn(world.token(team="retail")) as turn:
        first = declare_service(turn, manifest)
    with world.turn(world.token(Permission.ADMIN)) as turn:
        second = declare_service(turn, replace(manifest, team="payments"))
    assert (second.id, second.team) == (first.id, "payments")
    with world.turn(world.token(team="payments")) as turn:
        assert declare_service(turn, replace(manifest, team="payments", tier=1)).tier == 1


def test_a_manifest_without_a_team_belongs_to_the_tokens_team(world: World, manifest: ServiceManifest) -> None:
    with world.turn(world.token(team="retail")) as turn:
        assert declare_service(turn, replace(manifest, team=None)).team == "retail"
    with pytest.raises(ForbiddenError), world.turn(world.token(team="thieves")) as turn:
        declare_service(turn, replace(manifest, team=None))


def test_a_service_that_was_only_seen_is_unclaimed_until_its_team_claims_it(
    world: World, manifest: ServiceManifest
) -> None:
    world.release("shop", "1")
    with world.store.read(world.org) as tx:
        seen = tx.services.find("shop")
        assert seen is not None
        assert (seen.claimed, seen.team, seen.reach) == (False, None, Reach.UNKNOWN)
    with world.turn(world.token(team="retail")) as turn:
        claimed = declare_service(turn, manifest)
        assert (claimed.id, claimed.claimed) == (seen.id, True)
        assert ensure_service(turn, "shop") == claimed
    assert world.kinds().count("service.seen") == 1


def test_two_orgs_may_use_one_name(world: World, manifest: ServiceManifest) -> None:
    other = World(world.store, org=OTHER)
    with world.turn() as turn:
        ours = declare_service(turn, manifest)
    with other.turn() as turn:
        theirs = declare_service(turn, replace(manifest, team="thieves"))
    assert ours.team == "retail"
    assert theirs.team == "thieves"
    assert other.kinds() == ["team.declared", "service.declared"]


def test_groups_are_a_tree(world: World) -> None:
    with world.turn() as turn:
        top, below = declare_group(turn, "top"), declare_group(turn, "below", "top")
        assert below.parent == top.id
        assert declare_team(turn, "retail", "below").group == below.id
        assert declare_team(turn, "retail").group is None
        for parent in ("below", "top"):
            with pytest.raises(ConflictError, match="lies below"):
                declare_group(turn, "top", parent)
        with pytest.raises(NotFoundError, match="no group `nowhere`"):
            declare_group(turn, "other", "nowhere")
        with pytest.raises(NotFoundError, match="no group `nowhere`"):
            declare_team(turn, "retail", "nowhere")


def test_groups_and_teams_are_an_administrators(world: World) -> None:
    with world.turn(world.token()) as turn:
        with pytest.raises(ForbiddenError, match="admin"):
            declare_group(turn, "top")
        with pytest.raises(ForbiddenError, match="admin"):
            declare_team(turn, "retail")


def test_an_environment_that_was_never_declared_counts_as_reachable_by_anybody(world: World) -> None:
    world.ship("shop", "1")
    with world.store.read(world.org) as tx:
        found = tx.environments.find("production")
        assert found is not None
        assert (found.reach, found.tier) == (Reach.UNKNOWN, None)
    with world.turn() as turn:
        declared = declare_environment(turn, EnvironmentRequest("production", 1, Reach.INTERNAL))
    assert declared.id == found.id


def test_what_is_declared_later_reaches_what_is_exposed_already(world: World, manifest: ServiceManifest) -> None:
    world.push(record("ACME-1", ("0", "1.4.2")))
    world.ship("shop", "1", "pkg:pypi/acme-pdf@1.4.0")
    with world.turn(world.token(team="retail")) as turn:
        declare_service(turn, manifest)
    (claimed,) = world.exposures()
    assert (claimed.team, claimed.tier, claimed.risk.reach) == ("retail", 2, Reach.INTERNAL)
    with world.turn() as turn:
        declare_environment(turn, EnvironmentRequest("production", 1, Reach.INTERNET))
    (known,) = world.exposures()
    assert (known.id, known.risk.reach) == (claimed.id, Reach.INTERNET)
    assert world.recompute() == []
