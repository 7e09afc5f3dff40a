"""The choice of a release by proof, over what CI and feeds told."""

import pytest

from holdfast.errors import PlanError
from holdfast.loop.intake import register_release
from holdfast.loop.release_choice import ReleaseChooser
from holdfast.loop.release_switch import record_switch
from holdfast.loop.requests import ReleaseRequest
from holdfast.mitigations.action import Switched
from holdfast.model.component import Sbom, Unparsed
from holdfast.model.exposure import State
from holdfast.model.inventory import Origin, Status
from holdfast.ports.store import Store
from tests.loop.releases import Releases, pdf
from tests.loop.world import World, record, sbom


@pytest.fixture
def shop(store: Store) -> Releases:
    return Releases(World(store))


def test_the_newest_release_without_the_hole_is_gone_back_to(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("1.1", pdf("1.1"))
    shop.ship("2.0", pdf("2.0"))
    shop.ship("2.1", pdf("2.1"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    choice = shop.back()
    assert choice.version == "1.1"
    assert choice.proof[0].startswith("`1.1` ran healthy here until it was replaced at ")
    assert choice.proof[1:4] == (
        "Its artifact is there, whole.",
        "No release that ran since forbids it.",
        "It closes 1 of 1 known holes and brings none.",
    )
    assert "`2.0` was passed over: it is as exposed as what runs." in choice.proof
    with shop.world.store.read(shop.world.org) as tx:
        assert tx.releases.get(choice.running).version == "2.1"


def test_it_can_be_narrowed_to_one_version(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("1.1", pdf("1.1"))
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    assert shop.back(version="1.0").version == "1.0"
    assert "there is no other release `9.9`" in shop.refusal(version="9.9")


def test_every_refused_candidate_says_why(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("1.1", pdf("1.1"))
    shop.ship("1.2", pdf("1.2"))
    shop.ship("1.3", pdf("2.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.outside.whole.discard("1.2")
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    shop.world.push(record("EX-2", ("0", "1.2"), database_specific={}))
    told = shop.refusal()
    assert "nothing to go back to from `shop 2.0` in `production`" in told
    assert "`1.3`: it is as exposed as what runs" in told
    assert "`1.2`: its artifact is not there, or not whole" in told
    assert "`1.1`: it would bring what is exploited, or may be: `acme-pdf` (EX-2)" in told
    assert "`1.0`: it would bring" in told


def test_a_release_without_composition_is_not_less_exposed(shop: Releases) -> None:
    with shop.world.turn() as turn:
        register_release(turn, ReleaseRequest("shop", "1.0"))
    shop.outside.whole.add("1.0")
    shop.world.deploy("shop", "1.0")
    shop.world.clock.tick(3600)
    with shop.world.turn() as turn:
        partial = Sbom(sbom(pdf("1.1")).occurrences, (), (Unparsed("x.lock", 1, "not read"),))
        register_release(turn, ReleaseRequest("shop", "1.1", sbom=partial))
    shop.outside.whole.add("1.1")
    shop.world.deploy("shop", "1.1")
    shop.world.clock.tick(3600)
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    told = shop.refusal()
    assert "`1.0`: how exposed it is can't be told: it came without an SBOM" in told
    assert "`1.1`: how exposed it is can't be told: parts of its composition were not read: x.lock" in told


def test_a_release_that_failed_here_last_is_refused(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.world.deploy("shop", "1.0", status=Status.FAILED)
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    assert "`1.0`: its last deployment here, at " in shop.refusal()


def test_what_ran_since_may_forbid_it(shop: Releases) -> None:
    """1.5 moved the data: 2.0 does not say it again, and 1.0 may not follow either."""
    shop.ship("1.0", pdf("1.0"))
    shop.ship("1.4", pdf("1.0"))
    shop.ship("1.5", pdf("2.0"), min_compatible="1.4")
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    assert shop.back().version == "1.4"
    shop.outside.whole.discard("1.4")
    assert "`1.0`: the data of `1.5`, which ran here since, needs `1.4` or later" in shop.refusal()


def test_the_hole_in_question_is_not_in_what_is_chosen(shop: Releases) -> None:
    """1.0 closes another hole, and is less exposed; it does not close the one that this is about."""
    shop.ship("0.9", pdf("0.9"))
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"), "pkg:pypi/acme-tax@1.0")
    shop.world.push(record("EX-1", ("1.0", "3.0")))
    shop.world.push(record("EX-2", ("0", None), name="acme-tax"))
    about = shop.world.live()["shop", "EX-1"].id
    assert shop.back().version == "1.0"
    assert shop.back(exposure=about).version == "0.9"
    assert "the same hole: `acme-pdf` (EX-1)" in " ".join(shop.back(exposure=about).proof)


def test_records_that_the_target_contradicts_choose_nothing(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.outside.running = "1.9"
    assert "runs `1.9`, and `2.0` is recorded" in shop.refusal()


def test_without_a_way_back_nothing_is_switched(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.outside.whole.discard("2.0")
    assert "there would be no way back" in shop.refusal()


def test_nothing_recorded_is_told(shop: Releases) -> None:
    shop.register("1.0", pdf("1.0"))
    assert "nothing is recorded to run `shop` on `default` in `production`" in shop.refusal()


def test_two_releases_of_one_name_are_not_guessed_between(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"), commit="aaa")
    shop.register("1.0", pdf("1.0"), commit="bbb")
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    assert "2 releases are called `1.0`, and which one is there can't be told" in shop.refusal()


def test_forward_takes_the_newest_that_is_less_exposed(shop: Releases) -> None:
    shop.ship("2.0", pdf("2.0"))
    shop.register("2.1", pdf("3.0"))
    shop.register("2.2", pdf("3.0"))
    shop.register("2.3", pdf("2.9"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    choice = shop.forward()
    assert choice.version == "2.2"
    assert choice.proof[0].startswith("`2.2` was registered at ")
    assert shop.forward("2.1").version == "2.1"
    with pytest.raises(PlanError, match=r"`2\.3`: it is as exposed as what runs"):
        shop.forward("2.3")


def test_forward_goes_never_to_what_is_older(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    with pytest.raises(PlanError, match="there is no other release"):
        shop.forward()


def test_feeds_that_are_missing_are_named(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    assert "Advisories for PyPI are not up to date: no feed was synced for it." in shop.back().proof


def test_a_rehearsal_finds_the_way_back_while_nothing_is_wrong(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    assert "`1.0`: it is as exposed as what runs" in shop.refusal()
    rehearsing = ReleaseChooser(shop.world.store, shop.world.org, shop.targets(), shop.world.clock, rehearsal=True)
    choice = rehearsing.find_rollback(shop.service, "production")
    assert choice.version == "1.0"
    assert "It is no more exposed than what runs." in choice.proof
    shop.world.push(record("EX-1", ("1.0", "2.0")))
    with pytest.raises(PlanError, match="it would bring"):
        rehearsing.find_rollback(shop.service, "production")


def test_choosing_writes_nothing(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    before = len(shop.world.kinds())
    shop.back()
    assert (len(shop.world.kinds()), shop.outside.starts) == (before, [])


def test_a_switch_that_was_read_back_ends_the_exposure(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    switched = Switched(shop.back().release, "default")
    with shop.world.turn() as turn:
        outcome = record_switch(turn, "production", switched)
    assert outcome is not None
    assert outcome.deployment.origin is Origin.OBSERVED
    (exposure,) = shop.world.exposures()
    assert exposure.state is State.RESOLVED
    with shop.world.turn() as turn:
        assert record_switch(turn, "production", switched) is None, "told twice, it is one deployment"
    assert shop.world.recompute() == []


def test_going_back_to_the_bad_release_opens_it_again(shop: Releases) -> None:
    shop.ship("1.0", pdf("1.0"))
    shop.ship("2.0", pdf("2.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    choice = shop.back()
    for release in (choice.release, choice.running):
        shop.world.clock.tick(3600)
        with shop.world.turn() as turn:
            record_switch(turn, "production", Switched(release, "default"))
    assert [one.state for one in shop.world.exposures()] == [State.REGRESSED]


def test_a_release_that_was_tried_in_vain_is_recorded_as_failed(shop: Releases) -> None:
    shop.ship("2.0", pdf("2.0"))
    shop.register("2.1", pdf("3.0"))
    shop.world.push(record("EX-1", ("2.0", "3.0")))
    choice = shop.forward()
    with shop.world.turn() as turn:
        outcome = record_switch(turn, "production", Switched(choice.release, "default", failed=True))
    assert outcome is not None
    assert outcome.deployment.status is Status.FAILED
    assert [one.state for one in shop.world.exposures()] == [State.OPEN]
    with pytest.raises(PlanError, match=r"`2\.1`: its last deployment here, at .*, failed"):
        shop.forward()


def test_a_release_that_nobody_registered_is_not_recorded(shop: Releases) -> None:
    shop.ship("2.0", pdf("2.0"))
    with shop.world.turn() as turn:
        assert record_switch(turn, "production", Switched("rel_gone", "default")) is None
