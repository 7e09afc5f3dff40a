import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.actions import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

anything = st.text("v01.-abf", max_size=9) | st.text("0a", min_size=40, max_size=40) | st.text(max_size=6)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_a_moving_tag_stands_for_its_first_release_and_has_no_key() -> None:
    assert key("v4") is None
    assert compare("v4", "4.0.0") == 0
    assert compare("v4", "v4.1.7") == compare("v3.9", "v4") == -1
    assert key("v4.1.7") == key("4.1.7") is not None


@pytest.mark.parametrize("text", ["11bd71901bbe5b1630ceea73d27597364c9af683", "1" * 64, "main", "releases/v1"])
def test_a_commit_and_a_branch_are_no_versions(text: str) -> None:
    assert key(text) is None
    assert compare(text, "v1.0.0") is None
