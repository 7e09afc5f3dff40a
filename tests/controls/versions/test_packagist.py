from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.packagist import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

HEADS = ["1", "1.0", "v1.2", "2.0.0.1", "20240131", "2024.01.31", "2.x", "dev-"]
TAILS = ["", "-alpha", "a1", "-beta2.1", "RC3", "-p1", "pl2", "-dev", "-stable", "+build", "@dev", ".1", "-foo", ".#"]
version = st.builds("{}{}{}".format, *(st.sampled_from(part) for part in (HEADS, TAILS, TAILS)))
anything = version | st.text("01a.-#vd ", max_size=8) | st.text(max_size=8)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c, transitive=False)


def test_stabilities_are_in_order() -> None:
    ordered = [
        "1.0-dev",
        "1.0-alpha1",
        "1.0-alpha2",
        "1.0b1",
        "1.0-RC1-dev",
        "1.0RC1",
        "1.0",
        "1.0-p1",
        "1.0.0.1",
        "1.x-dev",
    ]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise([*keys, key("2")]))


@pytest.mark.parametrize(
    "same",
    [
        "1 1.0 1.0.0 1.0.0.0 v1.0 V1.0.0 1.0+build 1.0@beta 1.0-stable",
        "1.0-beta2.1 1.0-b.2.1 1.0beta2.1 1.0.0_BETA2.1 1.0-beta2.1@dev",
        "1.0-p1 1.0pl1 1.0.0-patch1",
        "2024.01.31.0 v2024.1.31 2024.01.31",
        "20240131 v20240131 20240131@beta",
    ],
)
def test_spellings_that_composer_normalizes_are_equal(same: str) -> None:
    keys = {key(text) for text in same.split()}
    assert len(keys) == 1
    assert None not in keys


def test_an_alias_is_what_it_stands_in_for() -> None:
    assert key("1.2.3 as 2.0.0") == key("1.2.3")


@pytest.mark.parametrize(("text", "sign"), [("dev-main", -1), ("1.0.0.0.1", 1), ("1.0-foo", -1)])
def test_what_composer_cannot_normalize_is_compared_as_php_does(text: str, sign: int) -> None:
    assert key(text) is None
    assert compare(text, "1.0") == sign
    assert compare("1.0", text) == -sign


def test_phps_own_order_is_none() -> None:
    assert compare("1.0.0.1", "1.0.0.#") == compare("1.0.0.#", "1.0.0.2") == 0
    assert compare("1.0.0.1", "1.0.0.2") == -1


def test_great_length_is_handled() -> None:
    assert compare("1." + "1" * 10_000, "1.1") == 1
    assert compare("1.0-beta" + ".1" * 10_000, "1.0") == -1
    assert compare("1" * 10_000, "2" * 9_999) == 1
