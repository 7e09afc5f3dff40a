"""What is affected: by a record, an alias, a package, a record that is not stored; now and as of then."""

from collections.abc import Iterator

import pytest

from holdfast.errors import ControlError, FactError, ForbiddenError, NotFoundError, UsageError
from holdfast.loop.impact import ImpactQuestion, find_impact
from holdfast.model.tenancy import Permission
from holdfast.ports.queries import ImpactPage
from holdfast.ports.store import Store
from tests.loop.world import OTHER, World, open_world, record

BAD, FIXED = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-pdf@1.4.2"
ADVISORY = record("GHSA-1", ("1.0", "1.4.2"), aliases=["CVE-2026-1"])


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def small() -> Iterator[World]:
    with open_world() as opened:
        yield opened


def ask(world: World, question: ImpactQuestion) -> ImpactPage:
    with world.store.read(world.org) as tx:
        from holdfast.loop.turn import Turn

        return find_impact(Turn(tx, world.clock.now(), world.ids), question)


def names(page: ImpactPage) -> list[tuple[str, str]]:
    return [(row.subject, row.version) for row in page.rows]


def test_impact_as_of_yesterday_is_what_ran_then(world: World) -> None:
    """1 is bad and ran until noon today; since then 2 runs, which is not affected; the advisory is of this evening."""
    world.ship("shop", "1", BAD)
    world.clock.set(world.at(24))
    world.ship("shop", "2", FIXED)
    world.clock.set(world.at(30))
    world.push(ADVISORY)
    assert ask(world, ImpactQuestion("GHSA-1")).total == 0
    yesterday = ask(world, ImpactQuestion("GHSA-1", as_of=world.at(12)))
    assert names(yesterday) == [("shop", "1")]
    assert yesterday.rows[0].since == world.at(0)
    assert ask(world, ImpactQuestion("GHSA-1", as_of=world.at(-1))).total == 0
    assert ask(world, ImpactQuestion("GHSA-1", as_of=world.at(24))).total == 0  # the end belongs to the next one


def test_a_deployment_claimed_late_changes_what_ran_then(world: World) -> None:
    world.push(ADVISORY)
    world.ship("shop", "1", FIXED)
    world.clock.set(world.at(48))
    world.ship("shop", "3", FIXED)
    then = ImpactQuestion("GHSA-1", as_of=world.at(30))
    assert ask(world, then).total == 0
    world.clock.set(world.at(50))
    world.ship("shop", "2", BAD, started_at=world.at(24))
    assert names(ask(world, then)) == [("shop", "2")]
    assert ask(world, ImpactQuestion("GHSA-1")).total == 0


def test_an_alias_is_as_good_a_name(small: World) -> None:
    small.ship("shop", "1", BAD)
    small.push(ADVISORY)
    assert names(ask(small, ImpactQuestion("CVE-2026-1"))) == names(ask(small, ImpactQuestion("GHSA-1")))
    with pytest.raises(NotFoundError):
        ask(small, ImpactQuestion("CVE-2026-2"))


def test_a_record_that_is_not_stored_is_answered_and_stays_so(small: World) -> None:
    small.ship("shop", "1", BAD)
    before = small.kinds()
    page = ask(small, ImpactQuestion(record=ADVISORY))
    assert [(row.subject, row.advisory, row.purl) for row in page.rows] == [("shop", "GHSA-1", BAD)]
    assert small.kinds() == before
    with pytest.raises(NotFoundError):
        ask(small, ImpactQuestion("GHSA-1"))
    with pytest.raises(ControlError):
        ask(small, ImpactQuestion(record=b"{"))


def test_a_package_at_a_version_is_found_wherever_it_runs(small: World) -> None:
    small.ship("shop", "1", BAD)
    small.ship("till", "1", FIXED)
    small.report("m1", BAD)
    page = ask(small, ImpactQuestion(purl=BAD))
    assert sorted(row.subject for row in page.rows) == ["m1", "shop"]
    assert {row.advisory for row in page.rows} == {None}
    assert ask(small, ImpactQuestion(purl="pkg:pypi/acme_PDF@1.4")).total == 2  # 1.4 and 1.4.0 are equal
    with pytest.raises(FactError, match="without a version"):
        ask(small, ImpactQuestion(purl="pkg:pypi/acme-pdf"))


def test_a_package_of_a_distribution_is_found_by_its_own_name(small: World) -> None:
    binary = "pkg:deb/debian/libssl3@3.0.1-1%2Bb1?distro=debian-12"
    from dataclasses import replace

    from holdfast.loop.deployment_intake import record_deployment
    from holdfast.loop.intake import register_release
    from holdfast.loop.requests import DeploymentRequest, ReleaseRequest
    from tests.loop.world import sbom

    plain = sbom(binary)
    (occurrence,) = plain.occurrences
    component = replace(occurrence.component, source_package="openssl", source_version="3.0.1-1")
    with small.turn() as turn:
        composition = replace(plain, occurrences=(replace(occurrence, component=component),))
        register_release(turn, ReleaseRequest("shop", "1", sbom=composition))
        record_deployment(turn, DeploymentRequest("production", service="shop", version="1"))
    assert ask(small, ImpactQuestion(purl=binary)).total == 1


def test_pages_together_are_everything(small: World) -> None:
    for number in range(7):
        small.ship(f"s{number}", "1", BAD)
    small.push(ADVISORY)
    seen: list[str] = []
    after = None
    while True:
        page = ask(small, ImpactQuestion("GHSA-1", after=after, limit=3))
        assert page.total == 7
        seen += [row.subject for row in page.rows]
        if page.next is None:
            break
        after = page.next
    assert seen == sorted(f"s{number}" for number in range(7))
    with pytest.raises(UsageError):
        ask(small, ImpactQuestion("GHSA-1", after="not a cursor"))


def test_a_withdrawn_record_has_no_impact(small: World) -> None:
    small.ship("shop", "1", BAD)
    small.push(ADVISORY | {"withdrawn": "2026-01-01T11:00:00Z"})
    assert ask(small, ImpactQuestion("GHSA-1")).total == 0


def test_a_question_is_one_question_about_what_can_be_known(small: World) -> None:
    for question in (ImpactQuestion(), ImpactQuestion("A", purl=BAD), ImpactQuestion(record=ADVISORY, purl=BAD)):
        with pytest.raises(UsageError, match="exactly one"):
            ask(small, question)
    with pytest.raises(UsageError, match="nobody knows"):
        ask(small, ImpactQuestion(purl=BAD, as_of=small.at(1)))
    with pytest.raises(ForbiddenError, match="read"), small.turn(small.token(Permission.FACTS_WRITE)) as turn:
        find_impact(turn, ImpactQuestion(purl=BAD))


def test_another_orgs_running_is_not_found(world: World) -> None:
    world.ship("shop", "1", BAD)
    other = World(world.store, org=OTHER)
    assert ask(other, ImpactQuestion(purl=BAD)).total == 0
    assert ask(other, ImpactQuestion(record=ADVISORY, as_of=world.clock.now())).total == 0
