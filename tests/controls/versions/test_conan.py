from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.conan import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

PIECES = ["0", "1", "10", "01", "1k", "rc", "a", ".", ".", "-", "+", "_", "cci"]
version = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join)
anything = version | st.text("01a.-+k ", max_size=8) | st.text(max_size=8)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c, transitive=False)


def test_versions_are_in_order() -> None:
    ordered = [
        "1.0-alpha.1",
        "1.0-alpha.2",
        "1.0-rc",
        "1.0",
        "1.0+1",
        "1.0+2",
        "1.0.1",
        "1.1-pre",
        "1.1",
        "1.10",
        "cci.2020",
    ]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


def test_zeros_do_not_count_at_the_end_and_at_the_start() -> None:
    assert key("1") == key("1.0.0") == key("01.0")
    assert key("1.0-rc.0") == key("1-rc")


def test_an_openssl_letter_makes_no_order() -> None:
    assert compare("9", "10") == compare("10", "1k") == compare("1k", "9") == -1
    assert key("1.1.1k") is None
    assert compare("1.1.1k", "1.1.1l") == compare("1.1.1", "1.1.1k") == -1


@pytest.mark.parametrize("text", ["", "system", "[>=1.0 <2]", "~1.2", "1\x00"])
def test_a_range_and_a_word_are_no_versions(text: str) -> None:
    assert key(text) is None
    assert compare(text, "1.0") is None


def test_great_length_is_handled() -> None:
    assert compare("1" * 10_000, "1" * 9_999) == 1
    assert compare("1" + "-1" * 10_000, "1") in (-1, 1)
    assert compare("1" + "+1" * 10_000, "1") in (-1, 1)
    assert compare("1" + ".0" * 10_000, "1") == 0
