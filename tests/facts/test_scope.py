"""How occurrences of one component become one."""

import pytest

from holdfast.facts.scope import merge_occurrences, strongest
from holdfast.model.component import Component, Location, Occurrence, Scope

COMPONENT = Component("npm", "a", "1")


def _at(
    line: int, *, direct: bool | None = None, path: tuple[str, ...] = (), scope: Scope = Scope.RUNTIME
) -> Occurrence:
    return Occurrence(COMPONENT, (Location("f", line),), direct, path, scope)


@pytest.mark.parametrize(
    ("one", "other", "wins"),
    [
        (Scope.DEVELOPMENT, Scope.RUNTIME, Scope.RUNTIME),
        (Scope.DEVELOPMENT, Scope.OPTIONAL, Scope.OPTIONAL),
        (Scope.RUNTIME, Scope.OPTIONAL, Scope.RUNTIME),
    ],
)
def test_scope_that_asks_for_more_care_wins(one: Scope, other: Scope, wins: Scope) -> None:
    assert strongest(one, other) is wins
    assert strongest(other, one) is wins


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [(True, False, True), (None, False, False), (None, None, None), (None, True, True), (False, False, False)],
)
def test_merge_is_direct_if_any_place_says_so_and_unknown_only_if_none_knows(
    one: bool | None, other: bool | None, both: bool | None
) -> None:
    assert merge_occurrences([_at(1, direct=one), _at(2, direct=other)])[0].direct is both


def test_merge_unites_places_without_repeats() -> None:
    (merged,) = merge_occurrences([_at(1), _at(2), _at(1)])
    assert [place.line for place in merged.locations] == [1, 2]


def test_merge_keeps_the_shorter_path_and_none_for_a_direct_one() -> None:
    long, short = _at(1, direct=False, path=("x", "y")), _at(2, direct=False, path=("z",))
    assert merge_occurrences([long, short])[0].path == ("z",)
    assert merge_occurrences([long, _at(3, direct=True)])[0].path == ()


def test_merge_keeps_other_components_apart() -> None:
    other = Occurrence(Component("npm", "a", "2"), (Location("f", 1),))
    assert merge_occurrences([_at(1), other]) == (_at(1), other)


@pytest.mark.parametrize(
    ("one", "other", "alias"),
    [((True, "a"), (False, "b"), "a"), ((False, "a"), (True, ""), ""), ((True, "a"), (True, "b"), "a")],
)
def test_merge_keeps_the_alias_of_the_direct_place(one: tuple[bool, str], other: tuple[bool, str], alias: str) -> None:
    places = [Occurrence(COMPONENT, (Location("f", 1),), direct, alias=name) for direct, name in (one, other)]
    assert merge_occurrences(places)[0].alias == alias


def test_merged_occurrences_have_the_licences_of_all_their_places() -> None:
    one = Occurrence(Component("npm", "a", "1"), (Location("x", 1),), licenses=("MIT",))
    other = Occurrence(Component("npm", "a", "1"), (Location("y", 1),), licenses=("Apache-2.0", "MIT"))
    (merged,) = merge_occurrences([one, other])
    assert merged.licenses == ("MIT", "Apache-2.0")


def test_occurrences_on_a_hundred_thousand_lines_are_merged_at_once() -> None:
    """Pairwise, this would copy five thousand million places."""
    (merged,) = merge_occurrences(_at(line) for line in range(1, 100_001))
    assert len(merged.locations) == 100_000
