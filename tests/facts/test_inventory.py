"""Which deployment occupies a target until when; minutes of one hour stand for valid time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.facts.inventory import occupancy, release_identity, shares_at
from holdfast.model.inventory import Artifact, Deployment, Origin, Status

HOUR = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(minute: float) -> datetime:
    return HOUR + timedelta(minutes=minute)


def deployment(
    name: str,
    minute: float,
    share: float = 1.0,
    *,
    status: Status = Status.SUCCEEDED,
    origin: Origin = Origin.CLAIMED,
    release: str | None = "same name",
) -> Deployment:
    release_id = name.rstrip("'") if release == "same name" else release
    return Deployment("o", name, "svc", release_id, "production", "eu", status, share, at(minute), None, at(59), origin)


def ends(*deployments: Deployment) -> dict[str, float | None]:
    return {
        name: None if end is None else (end - HOUR) / timedelta(minutes=1)
        for name, end in occupancy(deployments).items()
    }


def test_later_successful_one_ends_the_earlier_one() -> None:
    assert ends(deployment("a", 1), deployment("b", 5)) == {"a": 5, "b": None}


def test_order_of_arrival_does_not_matter() -> None:
    assert ends(deployment("b", 5), deployment("a", 1)) == {"a": 5, "b": None}


def test_late_claim_inserts_into_history() -> None:
    assert ends(deployment("a", 1), deployment("c", 9), deployment("b", 5)) == {"a": 5, "b": 9, "c": None}


@pytest.mark.parametrize("status", [Status.FAILED, Status.IN_PROGRESS])
def test_unsuccessful_one_ends_nothing_and_occupies_nothing(status: Status) -> None:
    assert ends(deployment("a", 1), deployment("b", 5, status=status)) == {"a": None}


def test_part_of_the_traffic_leaves_the_rest_to_the_earlier_one() -> None:
    canary = [deployment("a", 1), deployment("b", 5, 0.25)]
    assert ends(*canary) == {"a": None, "b": None}
    assert shares_at(canary, at(6)) == {"b": 0.25, "a": 0.75}


def test_earlier_one_ends_when_later_ones_together_hold_the_whole() -> None:
    assert ends(deployment("a", 1), deployment("b", 5, 0.5), deployment("c", 9, 0.5)) == {"a": 9, "b": None, "c": None}


def test_share_update_of_the_same_release_takes_its_place() -> None:
    steps = [deployment("a", 1), deployment("b", 5, 0.1), deployment("b'", 7, 0.5), deployment("b''", 9, 1.0)]
    assert ends(*steps) == {"a": 9, "b": 7, "b'": 9, "b''": None}


def test_share_that_goes_back_leaves_room_to_the_earlier_one() -> None:
    steps = [deployment("a", 1), deployment("b", 5, 0.5), deployment("b'", 7, 0.1)]
    assert shares_at(steps, at(8)) == {"b'": 0.1, "a": 0.9}


def test_rollback_is_a_new_deployment_of_the_old_release() -> None:
    assert ends(deployment("a", 1), deployment("b", 5), deployment("a'", 9)) == {"a": 5, "b": 9, "a'": None}


def test_removal_ends_all() -> None:
    gone = deployment("gone", 9, status=Status.REMOVED, release=None)
    assert ends(deployment("a", 1), deployment("b", 5, 0.5), gone) == {"a": 9, "b": 9}


def test_what_starts_after_a_removal_occupies_again() -> None:
    gone = deployment("gone", 5, status=Status.REMOVED, release=None)
    assert ends(deployment("a", 1), gone, deployment("a'", 9)) == {"a": 5, "a'": None}


def test_removal_of_one_release_leaves_the_other() -> None:
    gone = deployment("gone", 9, status=Status.REMOVED, release="b")
    assert ends(deployment("a", 1), deployment("b", 5, 0.5), gone) == {"a": None, "b": 9}


def test_observation_takes_the_claims_place_without_a_gap() -> None:
    seen = deployment("a'", 3, origin=Origin.OBSERVED)
    assert ends(deployment("a", 1), seen, deployment("b", 9)) == {"a": 3, "a'": 9, "b": None}


def test_claim_does_not_take_the_place_of_an_observation() -> None:
    seen = deployment("a", 1, 0.5, origin=Origin.OBSERVED)
    claimed = deployment("a'", 5, 1.0)
    assert ends(seen, claimed) == {"a": None, "a'": 5}
    assert shares_at([seen, claimed], at(6)) == {"a": 0.5}


def test_claim_counts_again_once_another_release_was_there() -> None:
    seen = deployment("a", 1, origin=Origin.OBSERVED)
    assert ends(seen, deployment("b", 5), deployment("a'", 9)) == {"a": 5, "b": 9, "a'": None}


def test_nothing_deployed_is_nothing_occupied() -> None:
    assert occupancy([]) == {}
    assert shares_at([], HOUR) == {}


_DEPLOYMENTS = st.lists(
    st.builds(
        deployment,
        st.just("x"),
        st.integers(0, 40),
        st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 1.0]),
        status=st.sampled_from([Status.SUCCEEDED] * 4 + [Status.FAILED, Status.IN_PROGRESS, Status.REMOVED]),
        origin=st.sampled_from(Origin),
        release=st.sampled_from(["a", "b", "c"]),
    ),
    max_size=12,
).map(lambda found: [replace(one, id=f"d{number}") for number, one in enumerate(found)])


@settings(deadline=None)
@given(_DEPLOYMENTS, st.randoms())
def test_any_order_of_arrival_gives_the_same_history(deployments: list[Deployment], random: object) -> None:
    shuffled = list(deployments)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert occupancy(shuffled) == occupancy(deployments)


@settings(deadline=None)
@given(_DEPLOYMENTS, st.integers(0, 41))
def test_shares_never_exceed_the_whole_and_are_held_by_what_has_not_ended(found: list[Deployment], minute: int) -> None:
    instant = at(minute)
    shares = shares_at(found, instant)
    assert sum(shares.values()) <= 1 + 1e-9
    history = occupancy(found)
    started = {one.id: one.started_at for one in found}
    running = {name for name, end in history.items() if started[name] <= instant and (end is None or end > instant)}
    assert set(shares) == running


@settings(deadline=None)
@given(_DEPLOYMENTS)
def test_nothing_ends_before_it_starts(deployments: list[Deployment]) -> None:
    started = {one.id: one.started_at for one in deployments}
    assert all(end is None or end >= started[name] for name, end in occupancy(deployments).items())


@settings(deadline=None)
@given(_DEPLOYMENTS, st.integers(0, 11))
def test_late_arrival_changes_nothing_before_its_start(deployments: list[Deployment], which: int) -> None:
    if which >= len(deployments):
        return
    late = deployments[which]
    without = occupancy([one for one in deployments if one is not late])
    with_it = occupancy(deployments)
    for name, end in without.items():
        if end is not None and end < late.started_at:
            assert with_it[name] == end


INDEX = Artifact("sha256:1", "image-index")
AMD, ARM = Artifact("sha256:2", "image", "linux/amd64"), Artifact("sha256:3", "image", "linux/arm64")


def test_identity_is_that_of_the_index_whatever_platforms_come_with_it() -> None:
    assert release_identity("shop", "1", None, [INDEX, AMD]) == release_identity("shop", "1", "c", [ARM, AMD, INDEX])


def test_identity_does_not_hang_on_the_order_of_artifacts() -> None:
    assert release_identity("shop", "1", None, [AMD, ARM]) == release_identity("shop", "1", None, [ARM, AMD])


def test_identity_without_artifact_includes_the_commit() -> None:
    assert release_identity("shop", "1", "abc", []) != release_identity("shop", "1", "abd", [])
    assert release_identity("shop", "1", None, []) != release_identity("shop", "1", "abd", [])


def test_identity_differs_by_service_version_and_content() -> None:
    identities = {
        release_identity("shop", "1", "c", [AMD]),
        release_identity("shop", "2", "c", [AMD]),
        release_identity("api", "1", "c", [AMD]),
        release_identity("shop", "1", "c", [ARM]),
        release_identity("shop", "1", "c", []),
    }
    assert len(identities) == 5
    assert all(len(identity) == 64 for identity in identities)
