from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.rpm import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

anything = st.text("0019ab.~^-:_", max_size=9) | st.text(max_size=9)


def segments(text: str) -> list[str]:
    """Cut a version into tilde, caret, words and numbers, dropping the rest."""
    out: list[str] = []
    kind = ""
    for char in text:
        now = "~" if char in "~^" else "9" if char in "0123456789" else "a" if char.isascii() and char.isalpha() else ""
        if now in ("9", "a") and now == kind:
            out[-1] += char
        elif now:
            out.append(char)
        kind = now
    return out


def reference(a: str, b: str) -> int:
    """Compare two versions segment by segment, the way the manual page tells it."""
    ranks = {"~": 0, "": 1, "^": 2}
    left, right = segments(a), segments(b)
    for one, two in zip([*left, ""], [*right, ""], strict=False):
        one_rank = ranks.get(one, 4 if one[:1].isdigit() else 3)
        two_rank = ranks.get(two, 4 if two[:1].isdigit() else 3)
        if one_rank != two_rank:
            return 1 if one_rank > two_rank else -1
        if one_rank == 4 and int(one) != int(two):
            return 1 if int(one) > int(two) else -1
        if one_rank == 3 and one != two:
            return 1 if one > two else -1
    return 0


@given(st.text("0019ab.~^_é", min_size=1, max_size=9), st.text("0019ab.~^_é", min_size=1, max_size=9))
def test_order_is_the_manual_pages(a: str, b: str) -> None:
    assert compare(a, b) == reference(a, b)


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


def test_epoch_comes_first_then_version_then_release() -> None:
    ordered = ["2-1", "2-1.el9", "2-1.el9_3", "3", "3-0", "1:1-1", "2:0"]
    assert all(compare(a, b) == -1 for a, b in pairwise(ordered))


def test_missing_epoch_is_zero() -> None:
    assert key("0:1-1") == key("1-1") == key(":1-1")


def test_empty_and_nul_are_no_versions() -> None:
    assert key("") is None
    assert key("1\x00") is None
    assert compare("1\x00", "1") is None


def test_great_length_is_handled() -> None:
    assert compare("1" * 10_000, "1" * 9_999) == 1
