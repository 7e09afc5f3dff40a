import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.semver import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

number = st.sampled_from(["0", "1", "2", "10", "11", "999999999999999999999"])
identifier = number | st.sampled_from(["a", "b", "alpha", "rc", "-", "0a", "A", "x-1", "00x"])


@st.composite
def valid(draw: st.DrawFn) -> str:
    core = ".".join((draw(number), draw(number), draw(number)))
    prerelease = ".".join(draw(st.lists(identifier, max_size=3)))
    build = draw(st.sampled_from(["", "+build", "+1.2", "+incompatible"]))
    return core + (f"-{prerelease}" if prerelease else "") + build


loose = st.builds(
    "{}{}".format, st.sampled_from(["1", "1.2", "1.0.0.1", "01.0.0", "v1.0", "1.0.0-01"]), st.just("") | valid()
)
anything = valid() | loose | st.text("01.-+av", max_size=12) | st.text(max_size=12)


def reference(version: str) -> tuple[object, ...]:
    """Say the specification's rule 11 in Python's own order."""
    core, _, prerelease = version.partition("+")[0].partition("-")
    rank = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in prerelease.split(".")]
    return (*map(int, core.split(".")), not prerelease, rank if prerelease else [])


@given(valid(), valid())
def test_key_orders_as_the_specification_says(a: str, b: str) -> None:
    a_key, b_key = key(a), key(b)
    assert a_key is not None
    assert b_key is not None
    assert (a_key < b_key) == (reference(a) < reference(b))
    assert (a_key == b_key) == (reference(a) == reference(b))


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_build_metadata_does_not_count() -> None:
    assert key("1.2.3+a") == key("1.2.3+b") == key("v1.2.3")


@pytest.mark.parametrize("text", ["1.2", "1", "01.2.3", "1.2.3-01", "1.2.3-a..b", "1.2.3-", "1.2.3.4", "", "1.2.3\n"])
def test_what_is_not_strict_has_no_key(text: str) -> None:
    assert key(text) is None


def test_what_is_not_strict_is_compared_leniently() -> None:
    assert compare("0.4", "0.4.0") == 0
    assert compare("1.2.3.4", "1.2.3") == 1
    assert compare("1.0.0-beta.01", "1.0.0-beta.1") == 0
    assert compare("1.0.0.beta2", "1.0.0") == -1


@pytest.mark.parametrize("text", ["", "latest", "main", "1\x00", "-1"])
def test_what_has_no_number_cannot_be_compared(text: str) -> None:
    assert compare(text, "1.0.0") is None


def test_great_length_is_handled() -> None:
    assert compare("1.0.0-" + "a." * 5_000 + "a", "1.0.0") == -1
    assert compare("9" * 10_000 + ".0.0", "1.0.0") == 1
