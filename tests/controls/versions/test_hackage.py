from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.hackage import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

anything = st.text("01.-a", max_size=8) | st.text(max_size=6)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_the_longer_of_two_is_later() -> None:
    keys = [key(text) for text in ["0.9", "0.10", "0.10.0", "1", "1.0", "1.0.0.0", "1.0.1"]]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


@pytest.mark.parametrize("text", ["1.00", "01.0", "1.0-beta", "1.0-a-b"])
def test_what_cabal_no_longer_reads_is_compared_without_a_key(text: str) -> None:
    assert key(text) is None
    assert compare(text, "1.0") == 0


@pytest.mark.parametrize("text", ["", "1.", "v1", "1.0.*"])
def test_anything_else_is_no_version(text: str) -> None:
    assert compare(text, "1.0") is None
