from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.go import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

anything = (
    st.from_regex(
        r"(go|v)?[0-9]{1,2}(\.[0-9]{1,2}){0,2}((rc|beta|-rc\.)[0-9])?(\+incompatible|-custom)?", fullmatch=True
    )
    | st.from_regex(r"v0\.0\.0-2019[0-9]{10}-[0-9a-f]{12}", fullmatch=True)
    | st.text(max_size=10)
)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_v_and_incompatible_do_not_count() -> None:
    assert key("v2.0.0+incompatible") == key("2.0.0")
    assert key("v1.22") == key("1.22.0") == key("go1.22")


def test_pseudo_versions_sort_by_base_then_time() -> None:
    ordered = [
        "v0.0.0-20180101000000-ffffffffffff",
        "v0.0.0-20190822182118-27ea5d92de30",
        "v0.1.0",
        "v0.1.1-0.20200101000000-27ea5d92de30",
        "v0.1.1",
    ]
    assert [compare(a, b) for a, b in pairwise(ordered)] == [-1, -1, -1, -1]


def test_releases_of_go_stand_where_advisories_place_them() -> None:
    assert key("1.22rc1") == key("1.22.0-rc.1")
    assert key("go1.21.3") == key("1.21.3") == key("go1.21.3-vendor")
    assert key("go1.21.3 X:boringcrypto") == key("1.21.3")
    assert compare("1.22.0-0", "go1.22beta1") == -1
    assert compare("go1.22rc2", "go1.22.0") == -1


@pytest.mark.parametrize("text", ["latest", "master", "27ea5d92de30", "", "v", "go"])
def test_queries_and_commits_have_no_key(text: str) -> None:
    assert key(text) is None
