from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.maven import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

PIECES = ["0", "1", "2", "10", ".", "-", ".", "-", "a", "alpha", "b", "beta", "m", "rc", "cr", "ga", "final", "sp", "x"]
version = st.builds("{}{}".format, st.sampled_from("12"), st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
anything = version | st.text("01a.-RS ", max_size=8) | st.text(max_size=8)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c, transitive=False)


@given(version, version)
def test_nulls_at_the_end_do_not_count(a: str, b: str) -> None:
    for null in (".0", "-ga", ".Final", "-RELEASE", ".0.0"):
        if key(a) is not None and a[-1] not in "-." and key(a + null) is not None:
            assert compare(a + null, b) == compare(a, b)


def test_releases_of_real_projects_are_in_order() -> None:
    for line in [
        "2.0.0.M1 2.0.0.RC1 2.0.0.RELEASE 2.0.1.RELEASE",
        "4.1.0.Alpha1 4.1.0.Beta3 4.1.0.CR2 4.1.0.Final 4.1.0.SP1 4.1.1.Final",
        "31.1-android 31.1-jre 32.0.0-android 32.0.0-jre",
        "1.0.0.Final 1.0.0.Final-redhat-00001 1.0.0.Final-redhat-00002 1.0.1.Final",
        "2.17.0-rc1 2.17.0 2.17.1",
        "9.4.31.v20200723 9.4.32.v20200930",
        "42.2.5 42.2.5.jre6 42.2.5.jre7 42.2.26",
        "0.9.0-alpha-1 0.9.0-beta-1 0.9.0-rc-2 0.9.0-SNAPSHOT 0.9.0 0.9.0-1",
    ]:
        keys = [key(text) for text in line.split()]
        assert all(one is not None and two is not None and one < two for one, two in pairwise(keys)), line


@pytest.mark.parametrize("text", ["1.x.1", "1.sp.1", "1.Alpha-1", "1-0-rc", "Hoxton.SR1", "r09", "1-é"])
def test_where_maven_has_no_order_there_is_no_key(text: str) -> None:
    assert key(text) is None
    assert compare(text, "1.0") in (-1, 0, 1)


def test_mavens_own_order_goes_round_in_a_circle() -> None:
    assert compare("1-rc-1", "1") == compare("1", "1.sp.1") == compare("1.sp.1", "1-rc-1") == -1
    assert [key(text) is None for text in ("1-rc-1", "1", "1.sp.1")] == [False, False, True]


@given(st.lists(st.sampled_from(["0", "1", "00", "01", "10"]), min_size=1, max_size=5).map(".".join))
def test_versions_of_numbers_alone_take_the_short_way_to_the_same_key(plain: str) -> None:
    assert key(plain) == key(plain + "-") == key(plain + ".Final") == key(plain + "-ga")


def test_release_trains_are_compared_by_name() -> None:
    assert compare("Greenwich.SR6", "Hoxton.RELEASE") == -1
    assert compare("Hoxton.SR1", "Hoxton.SR12") == -1


def test_letter_case_and_leading_zeros_do_not_count() -> None:
    for one, two in permutations(["1.01-RC1", "1.1-rc01", "1.1.0-cr1"], 2):
        assert key(one) == key(two)


def test_great_length_is_handled() -> None:
    assert compare("1" * 10_000, "1" * 9_999) == 1
    assert compare("1" + "-1" * 10_000, "1") == 1
    assert compare("1" + "a1" * 10_000, "1") == -1
    assert compare("1" + ".0" * 10_000, "1") == 0
