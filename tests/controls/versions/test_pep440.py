from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from holdfast.controls.versions.pep440 import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

small = st.integers(0, 12) | st.sampled_from([99, 240, 20240101, 10**20])
optional = st.just("")


@st.composite
def valid(draw: st.DrawFn) -> str:
    separator = st.sampled_from(["", ".", "-", "_"])
    numbered = st.just("") | small.map(str)
    epoch = draw(optional | small.map("{}!".format))
    release = ".".join(map(str, draw(st.lists(small, min_size=1, max_size=5))))
    pre_words = st.sampled_from(["a", "b", "rc", "c", "alpha", "BETA", "pre", "preview"])
    pre = draw(optional | st.builds("{}{}{}{}".format, separator, pre_words, separator, small))
    post_words = st.sampled_from(["post", "rev", "r", "POST"])
    post = draw(optional | small.map("-{}".format) | st.builds(".{}{}{}".format, post_words, separator, small))
    dev = draw(optional | st.builds("{}dev{}".format, separator, numbered))
    local = draw(optional | st.lists(st.sampled_from(["a", "b1", "0", "01", "7", "Ubuntu"]), max_size=3).map(".".join))
    return draw(st.sampled_from(["", "v", " "])) + epoch + release + pre + post + dev + (f"+{local}" if local else "")


legacy = st.text("01239.-_abcdefinprvl@*\x00\x01\x02é", min_size=1, max_size=12)
anything = valid() | legacy | st.text(max_size=20)


@given(valid(), valid())
def test_key_orders_as_packaging_does(a: str, b: str) -> None:
    expected = (Version(a) > Version(b)) - (Version(a) < Version(b))
    assert compare(a, b) == expected


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


@given(valid())
def test_legacy_strings_sort_below_every_valid_version(version: str) -> None:
    for old in ("0.1-bulbasaur", "zzz", "999-final-zz"):
        assert compare(old, version) == -1


def test_legacy_strings_have_keys_in_their_own_order() -> None:
    ordered = ["1.0-alpha-", "1.0-dev-x", "1.0-foo", "1.1-foo", "2-foo"]
    keys = [key(version) for version in ordered]
    assert None not in keys
    assert keys[2:] == sorted(keys[2:], key=bytes)  # type: ignore[arg-type]  # none is None, as asserted above
    assert key("1.0-foo") == key("1-0-foo".replace("-0", ".0"))


def test_spellings_of_one_version_have_one_key() -> None:
    assert len({key(text) for text in ("1.0rc1", "v1.0-RC.1", "1.0.0_c1", " 1preview1 ", "01.0pre01")}) == 1
    assert key("1.0") == key("1") == key("1.0.0") != key("1.0.post0")


def test_local_version_follows_its_public_one_and_precedes_the_next() -> None:
    assert compare("1.0", "1.0+a") == -1
    assert compare("1.0+a", "1.0.1.dev0") == -1
    assert compare("1.0+a.b", "1.0+a.0") == -1


def test_empty_is_no_version() -> None:
    assert key("") is None
    assert key("  ") is None
    assert compare("", "1") is None


def test_nul_and_great_length_are_handled() -> None:
    assert compare("1.0\x00", "1.0") == -1
    assert compare("1" * 10_000, "1" * 9_999) == 1
    assert key("1." * 5_000) is not None
