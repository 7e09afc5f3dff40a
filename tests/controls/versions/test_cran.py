from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.cran import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

anything = st.text("01.-", max_size=8) | st.text(max_size=6)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_the_longer_of_two_is_later() -> None:
    ordered = ["0.9", "0.10", "0.10.0", "0.10-1", "1", "1.0", "1-0-1"]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


def test_dots_and_dashes_are_the_same() -> None:
    assert key("1.2-3") == key("1-2.3") == key("01.2.3")


@pytest.mark.parametrize("text", ["", "1.", "1.0-beta", "v1.0", "1..2"])
def test_what_r_would_not_read_is_no_version(text: str) -> None:
    assert key(text) is None
    assert compare(text, "1.0") is None
