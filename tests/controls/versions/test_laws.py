"""What every scheme must keep, whatever text it is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions import SchemeSpec
from holdfast.registry import load_room
from tests.controls.versions.laws import assert_keeps_the_laws

SPECS: tuple[SchemeSpec, ...] = load_room("controls.versions")
NO_ORDER_WITHOUT_KEYS = {"conan", "maven", "packagist"}
NUMBERS = ["0", "00", "1", "01", "2", "10", "99999999999999999999"]
SIGNS = [*".-+_~^:#", ".", "-", " ", "\x00"]
WORDS = ["a", "b", "rc", "alpha", "beta", "dev", "pre", "p", "SNAPSHOT", "final", "x", "v", "é", "²"]
PIECES = [*NUMBERS, *SIGNS, *WORDS]
made = st.builds(
    "{}{}".format,
    st.sampled_from(["", "1", "1.0", "1.0.0", "v1.2.3"]),
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
)
anything = made | st.text(max_size=12)
schemes = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)


@schemes
@given(anything, anything, anything)
def test_any_text_is_ordered_by_the_laws_or_is_no_version(spec: SchemeSpec, a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(spec, a, b, c, transitive=spec.id not in NO_ORDER_WITHOUT_KEYS)


@schemes
@given(made, made)
def test_keys_are_equal_exactly_for_versions_that_are_equal(spec: SchemeSpec, a: str, b: str) -> None:
    left, right = spec.key(a), spec.key(b)
    if left is not None and right is not None:
        assert (left == right) == (spec.compare(a, b) == 0)


@schemes
@given(made, made)
def test_no_key_lies_between_a_key_and_the_one_just_after_it(spec: SchemeSpec, a: str, b: str) -> None:
    left, right = spec.key(a), spec.key(b)
    if left is not None and right is not None and left != right:
        assert not left < right < left + b"\x00"


LONG = 10_000
LONG_TEXTS = {
    "digits": "1" * LONG,
    "zeros": "0" * LONG,
    "letters": "a" * LONG,
    "numbers": "1." * LONG,
    "words": "1" + ".a" * LONG,
    "changes": "1a" * LONG,
    "dashes": "1" + "-" * LONG,
    "dots": "1" + "." * LONG,
    "suffixes": "1" + "_p1" * LONG,
    "pre-releases": "1.0.0-" + "a." * LONG + "a",
    "builds": "1.0.0" + "+1" * LONG,
    "tildes": "1" + "~" * LONG,
    "blanks": "1" + " " * LONG + "1",
    "surrogates": "1" + "\ud800" * LONG,
}


@schemes
@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_great_length_is_looked_at_once(spec: SchemeSpec, kind: str) -> None:
    """A scheme that went back over what it has read would not come through a hundred times the length in the time."""
    text = LONG_TEXTS[kind]
    assert spec.compare(text, text) in (0, None)
    assert spec.compare(text, text + "!") == _turned(spec.compare(text + "!", text))
    assert spec.key(text) is None or spec.compare(text, text) == 0


def _turned(sign: int | None) -> int | None:
    return None if sign is None else -sign


@schemes
def test_longer_numbers_are_greater(spec: SchemeSpec) -> None:
    shorter, longer = "1." + "9" * (LONG - 1) + ".0", "1." + "1" * LONG + ".0"
    assert spec.compare(shorter, longer) == -1
    assert spec.key(shorter) is None or (spec.key(shorter) or b"") < (spec.key(longer) or b"")
