from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.pub import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

PIECES = ["-", "+", ".", "0", "1", "10", "a", "beta", "01"]
version = st.builds(
    "1.0.{}{}".format, st.sampled_from("01"), st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
)
anything = version | st.text("01.-+av", max_size=10) | st.text(max_size=8)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_builds_count() -> None:
    ordered = [
        "1.0.0-a",
        "1.0.0-a+1",
        "1.0.0-a+b",
        "1.0.0-b",
        "1.0.0",
        "1.0.0+1",
        "1.0.0+1.1",
        "1.0.0+2",
        "1.0.0+a",
        "1.0.1",
    ]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


@pytest.mark.parametrize(("text", "sign"), [("1.0", 0), ("1", 0), ("1.0.0.1", 1), ("1.0.0-", 0)])
def test_what_is_not_three_numbers_is_compared_without_a_key(text: str, sign: int) -> None:
    assert key(text) is None
    assert compare(text, "1.0.0") == sign


def test_what_has_no_number_cannot_be_compared() -> None:
    assert compare("any", "1.0.0") is None
    assert compare("1\x00", "1.0.0") is None
