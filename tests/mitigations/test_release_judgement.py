"""The judgement of releases: a strict order on exposure, and the reasons in words."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.mitigations.release_judgement import (
    Danger,
    Exposed,
    Hole,
    explain_less,
    find_failed,
    find_forbidding,
    find_never_healthy,
    find_not_less,
)
from holdfast.model.inventory import Deployment, Release, Status
from tests.mitigations.flag_texts import T0

HOLES = [Hole("PyPI", name, f"clu_{name}") for name in "abcd"]
dangers = st.builds(
    Danger,
    severity=st.none() | st.floats(0, 10),
    known_exploited=st.none() | st.booleans(),
    epss=st.none() | st.floats(0, 1),
)
# a hole is as dangerous wherever it is: the danger is of its cluster
WORLDS = st.lists(dangers, min_size=4, max_size=4)
PARTS = st.sets(st.integers(0, 3))
DOUBTS = st.frozensets(st.sampled_from(["x 1", "y 2"]))
UNKNOWN = st.none() | st.just("it came without an SBOM")


def exposed(
    world: list[Danger], part: set[int], doubts: frozenset[str] = frozenset(), because: str | None = None
) -> Exposed:
    return Exposed({HOLES[number]: world[number] for number in part}, doubts, because)


@given(WORLDS, PARTS, DOUBTS, UNKNOWN)
def test_nothing_is_less_exposed_than_itself(
    world: list[Danger], part: set[int], doubts: frozenset[str], because: str | None
) -> None:
    one = exposed(world, part, doubts, because)
    assert find_not_less(one, one) is not None


@given(WORLDS, PARTS, PARTS, DOUBTS, DOUBTS)
def test_of_two_only_one_can_be_less_exposed(
    world: list[Danger], part: set[int], other: set[int], doubts: frozenset[str], others: frozenset[str]
) -> None:
    one, two = exposed(world, part, doubts), exposed(world, other, others)
    assert find_not_less(one, two) is not None or find_not_less(two, one) is not None


@given(WORLDS, PARTS, PARTS, DOUBTS, UNKNOWN)
def test_what_can_not_be_told_is_never_less_exposed(
    world: list[Danger], part: set[int], other: set[int], doubts: frozenset[str], because: str | None
) -> None:
    running = exposed(world, other)
    found = find_not_less(exposed(world, part, doubts, because), running)
    if because is not None or doubts:
        assert "can't be told" in (found or "")


@given(WORLDS, PARTS, PARTS)
def test_what_is_chosen_brings_nothing_exploited_and_no_higher_risk(
    world: list[Danger], part: set[int], other: set[int]
) -> None:
    candidate, running = exposed(world, part), exposed(world, other)
    if find_not_less(candidate, running) is None:
        assert all(world[number].known_exploited is False for number in part - other)
        assert candidate.risk <= running.risk
        assert part != other
        assert explain_less(candidate, running)


@given(WORLDS, PARTS, PARTS, st.integers(0, 3))
def test_what_has_the_hole_that_is_to_be_closed_is_never_chosen(
    world: list[Danger], part: set[int], other: set[int], about: int
) -> None:
    found = find_not_less(exposed(world, part), exposed(world, other), HOLES[about])
    assert (about not in part) or found is not None


@given(WORLDS, PARTS, PARTS)
def test_a_strict_part_is_less_exposed(world: list[Danger], part: set[int], other: set[int]) -> None:
    whole = part | other
    if part < whole:
        assert find_not_less(exposed(world, part), exposed(world, whole)) is None


def test_gaps_of_what_runs_do_not_count_for_it() -> None:
    world = [Danger(9.0)] * 4
    running = exposed(world, {0, 1}, frozenset({"x 1"}), "parts were not read")
    assert find_not_less(exposed(world, {0}), running) is None
    assert find_not_less(exposed(world, {0}), Exposed(unknown="it came without an SBOM")) is not None


@pytest.mark.parametrize(
    ("danger", "because"),
    [
        (Danger(9.0, True, 0.5, "CVE-1"), "it would bring what is exploited, or may be: `b` (CVE-1)"),
        (Danger(9.0, None, 0.5), "it would bring what is exploited, or may be: `b` (clu_b)"),
        (Danger(9.9, False, 0.5), "it would bring `b` (clu_b), at no lower risk (59, now 54)"),
        (Danger(1.0, False, 0.001), None),
    ],
)
def test_another_hole_is_weighed(danger: Danger, because: str | None) -> None:
    running = Exposed({HOLES[0]: Danger(9.0, False, 0.5)})
    assert find_not_less(Exposed({HOLES[1]: danger}), running) == because


def test_risk_counts_what_is_not_known_as_the_worse() -> None:
    assert Danger().risk == pytest.approx(42.0)
    assert Danger(10.0, True).risk == 100.0
    assert Danger(10.0, False, 0.02).risk == pytest.approx(30.0)
    assert Danger(10.0, False, 0.0001).risk == pytest.approx(15.0)
    assert Exposed().risk == 0.0


def deployed(
    release: str | None, hour: float, end: float | None = None, status: Status = Status.SUCCEEDED
) -> Deployment:
    begin = T0 + timedelta(hours=hour)
    until = None if end is None else T0 + timedelta(hours=end)
    return Deployment(
        "org_1", f"dep_{release}_{hour}", "svc_1", release, "production", "default", status, 1.0, begin, until, begin
    )


@pytest.mark.parametrize(
    ("slot", "because"),
    [
        ([deployed("a", 0, 1), deployed("b", 1)], None),
        ([deployed("b", 0)], "it never ran here"),
        ([deployed("a", 0)], "it runs here now"),
        ([deployed("a", 0, status=Status.IN_PROGRESS), deployed("b", 1)], "it never ran here"),
        ([deployed("a", 0, 1), deployed("b", 1), deployed("a", 2, status=Status.FAILED)], "is `failed`"),
        ([deployed("a", 0, 1), deployed(None, 1, status=Status.REMOVED)], "it was taken away"),
        ([deployed("a", 0, 0), deployed("b", 0)], "it was replaced the instant it started"),
        ([deployed("a", 0, 1), deployed("b", 1, 2), deployed("a", 2, 3), deployed("b", 3)], None),
    ],
)
def test_a_release_ran_healthy_when_another_took_its_place(slot: list[Deployment], because: str | None) -> None:
    found = find_never_healthy("a", slot)
    assert (found is None) == (because is None)
    assert because is None or because in (found or "")


def test_only_the_last_try_of_a_release_counts() -> None:
    failed, well = deployed("a", 0, status=Status.FAILED), deployed("a", 1, 2)
    assert find_failed("a", [well, replace(failed, started_at=T0 + timedelta(hours=3))]) is not None
    assert find_failed("a", [failed, well]) is None
    assert find_failed("a", []) is None


def release(version: str, day: int = 0, marker: str | None = None) -> Release:
    at = T0 + timedelta(days=day)
    return Release("org_1", f"rel_{version}", "svc_1", "shop", version, None, None, at, None, (), marker)


@pytest.mark.parametrize(
    ("version", "marker", "allowed"),
    [
        ("1.9.0", "1.10.0", False),
        ("1.10.0", "1.9.0", True),
        ("1.10", "1.10.0", True),
        ("v2.0.1", "2.0.0", True),
        ("2.0.0-rc.1", "2.0.0", False),
        ("2.0.0", "2.0.0", True),
    ],
)
def test_versions_with_dots_compare_by_their_numbers(version: str, marker: str, allowed: bool) -> None:
    found = find_forbidding(release(version), [release("3.0.0", 9, marker)], [])
    assert (found is None) is allowed
    assert allowed or f"needs `{marker}` or later" in (found or "")


def test_other_versions_compare_by_when_they_were_registered() -> None:
    """`4e5f1` begins with a digit and is no number: a commit's hash says nothing of its age."""
    old, middle, new = release("9c0ffee", 1), release("4e5f1aa", 2), release("1234567", 3, "4e5f1aa")
    known = [old, middle, new]
    assert find_forbidding(middle, [new], known) is None
    assert "needs `4e5f1aa` or later" in (find_forbidding(old, [new], known) or "")
    lost = replace(new, min_compatible="gone")
    assert "can't be told" in (find_forbidding(middle, [lost], known) or "")


def test_every_release_since_must_allow_it() -> None:
    """2.5 moved the data; 3.0, which does not say so again, does not take that back."""
    since = [release("2.5", 5, "2.3"), release("3.0", 6)]
    assert "the data of `2.5`" in (find_forbidding(release("2.0"), since, []) or "")
    assert find_forbidding(release("2.4"), since, []) is None
