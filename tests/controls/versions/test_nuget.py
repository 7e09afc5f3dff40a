from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.nuget import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

number = st.sampled_from(["0", "1", "01", "10", "99999999999"])
label = st.lists(number | st.sampled_from(["a", "B", "beta", "RC", "-", "x-1"]), max_size=3).map(".".join)
version = st.builds(
    "{}{}".format, st.lists(number, min_size=1, max_size=5).map(".".join), label.map("-{}".format) | st.just("")
)
anything = version | st.text("01.-+aBv", max_size=10) | st.text(max_size=8)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_versions_of_four_numbers_are_in_order() -> None:
    ordered = [
        "1.0-alpha",
        "1.0-Beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0.0-rc",
        "1.0",
        "1.0.0.1-a",
        "1.0.0.1",
        "1.1",
    ]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


def test_letter_case_missing_numbers_and_builds_do_not_count() -> None:
    assert len({key(text) for text in ("1.0-RC", "1.0.0.0-rc", "01.00-Rc+build", "1-rC")}) == 1


@pytest.mark.parametrize(("text", "sign"), [("v1.0", 0), ("1.0.0.0.1", 1), ("1.0-a..b", -1)])
def test_what_nuget_would_not_read_is_compared_without_a_key(text: str, sign: int) -> None:
    assert key(text) is None
    assert compare(text, "1.0") == sign


@pytest.mark.parametrize("text", ["", "latest", "[1.0]", "1\x00", "$(Version)"])
def test_what_has_no_number_cannot_be_compared(text: str) -> None:
    assert compare(text, "1.0") is None
