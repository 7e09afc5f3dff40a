from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.apk import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

PIECES = [
    ".0",
    ".1",
    ".05",
    ".10",
    "a",
    "b",
    "_alpha",
    "_pre2",
    "_rc",
    "_p1",
    "_git0",
    "~0a1b",
    "-r0",
    "-r1",
    "-r",
    "_x",
    ".",
]
version = st.builds("{}{}".format, st.sampled_from("012"), st.lists(st.sampled_from(PIECES), max_size=5).map("".join))
anything = version | st.text("01ar.-_~ ", max_size=8) | st.text(max_size=8)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_parts_are_in_order() -> None:
    ordered = [
        *("1_alpha", "1_alpha0", "1_beta", "1_pre", "1_rc1", "1_rc1-r1", "1", "1-r0", "1-r10", "1~0a", "1~0a-r1"),
        *(
            "1_cvs",
            "1_svn",
            "1_git",
            "1_hg",
            "1_p",
            "1_p-r0",
            "1_p0",
            "1_p1_alpha",
            "1_p1",
            "1_p1_p2",
            "1a",
            "1b",
            "1.0",
        ),
        *("1.05", "1.06", "1.1", "1.1a", "1.1.0", "1.2", "1.10"),
    ]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


def test_first_number_and_revision_are_numbers() -> None:
    assert key("01-r01") == key("1-r1")
    assert key("1.01") != key("1.1")


@pytest.mark.parametrize(
    "text", ["1a1", "1.", "1..2", "1ab", "1_x", "1-r", "1-1", "1A", ".1", "a", "1-r1-r2", "1~", "1~xyz"]
)
def test_what_apk_calls_invalid_is_compared_without_a_key(text: str) -> None:
    assert key(text) is None
    assert compare(text, "0") == 1
    assert compare(text, text) == 0


@pytest.mark.parametrize("text", ["", "latest", "-x1", "_x1", "é"])
def test_what_cannot_be_read_before_a_digit_is_no_version(text: str) -> None:
    assert compare(text, "1") is None


def test_great_length_is_handled() -> None:
    assert compare("1" * 10_000, "1" * 9_999) == 1
    assert compare("1" + ".1" * 10_000, "1") == 1
    assert compare("1" + "_p1" * 10_000 + "_", "1") == 1
