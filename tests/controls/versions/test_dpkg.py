import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.controls.versions.dpkg import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

part = st.text("0019ab.+~", max_size=6)
valid = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "0:", "1:", "02:"]),
    st.sampled_from("0129"),
    part,
    st.just("") | st.text("0019ab.+~", min_size=1, max_size=5).map("-{}".format),
)
anything = valid | st.text("01a.-:~+_/ ", max_size=8) | st.text(max_size=8)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg on this machine to compare with")
@settings(max_examples=150, deadline=None)
@given(valid, valid)
def test_order_is_what_dpkg_says(a: str, b: str) -> None:
    def holds(relation: str) -> bool:
        return subprocess.run(["dpkg", "--compare-versions", a, relation, b], check=False).returncode == 0

    expected = 0 if holds("eq") else -1 if holds("lt") else 1
    assert compare(a, b) == expected
    assert key(a) is not None


def test_tilde_precedes_the_end_which_precedes_letters_which_precede_signs() -> None:
    ordered = ["1~~", "1~~a", "1~", "1", "1a", "1+", "1-1", "1.", "1.0a"]
    assert all(compare(a, b) == -1 for a, b in pairwise(["1~~", "1~~a", "1~", "1", "1a", "1+", "1."]))
    assert all(key(version) for version in ordered)


def test_missing_revision_is_revision_zero() -> None:
    assert key("1.0") == key("1.0-0") == key("0:1.0-00")


@pytest.mark.parametrize("text", ["", "a:1", "1:", "1-", ":1", "1:-1", "2147483648:1", "9" * 5_000 + ":1"])
def test_what_dpkg_refuses_cannot_be_compared(text: str) -> None:
    assert key(text) is None
    assert compare(text, "1") is None


@pytest.mark.parametrize(("text", "sign"), [("abc", 1), ("1_0", 1), ("1a:1", None)])
def test_what_dpkg_warns_of_is_compared_without_a_key(text: str, sign: int | None) -> None:
    assert key(text) is None
    assert compare(text, "1.0") == sign


def test_great_length_and_nul_are_handled() -> None:
    assert compare("1" * 10_000, "1" * 9_999) == 1
    assert key("1\x00") is None
    assert compare("1\x00", "1") is None
