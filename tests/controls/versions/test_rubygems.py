import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.versions.rubygems import SPEC, compare, key
from tests.controls.versions.laws import assert_keeps_the_laws

PIECES = ["0", ".0", "1", ".2", ".10", ".", "-", ".a", ".rc", ".pre", ".B", ".0.0"]
version = st.builds("{}{}".format, st.sampled_from("012"), st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
anything = version | st.text("01a.-_v ", max_size=8) | st.text(max_size=8)
RUBY = """
v = Gem::Version
ARGF.each_line { |line| a, b = line.split; puts v.correct?(a) && v.correct?(b) ? v.new(a) <=> v.new(b) : nil }
"""


@given(anything, anything, anything)
def test_order_keeps_the_laws(a: str, b: str, c: str) -> None:
    assert_keeps_the_laws(SPEC, a, b, c)


@pytest.mark.skipif(shutil.which("ruby") is None, reason="no ruby on this machine to compare with")
def test_order_is_what_ruby_says() -> None:
    texts = [
        head + tail
        for head in ("0", "1", "1.0", "2.0.0", "1-2", "1.", "v1")
        for tail in ("", ".a", ".0.a", "a1", ".a.1", "-rc1", ".1", ".0.1", ".pre.0", ".10", ".B", "_1", ".0.0.b.0.1")
    ]
    pairs = [(a, b) for a in texts for b in texts]
    lines = "\n".join(f"{a} {b}" for a, b in pairs)
    ran = subprocess.run(["ruby", "-e", RUBY], input=lines, capture_output=True, text=True, check=True)
    for (a, b), said in zip(pairs, ran.stdout.splitlines(), strict=True):
        assert (key(a) is None or key(b) is None) == (said == "")
        assert said == "" or compare(a, b) == int(said)


def test_words_precede_the_end_which_precedes_numbers() -> None:
    ordered = ["1.a", "1.a.1", "1.b", "1", "1.0.0.1.a", "1.0.0.1", "1.0.1", "1.1.rc", "1.1"]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


def test_zeros_between_two_words_count() -> None:
    ordered = ["1.a.b", "1.a.0.b", "1.a.0.0.b", "1.a", "1.a.0.0.1", "1.a.0.1", "1.a.1"]
    keys = [key(text) for text in ordered]
    assert all(one is not None and two is not None and one < two for one, two in pairwise(keys))


def test_zeros_at_the_end_and_before_a_word_do_not_count() -> None:
    assert len({key(text) for text in ("1.a", "1.0.a", "1.0.0.a.0", "01.a")}) == 1
    assert key("1-a") == key("1.pre.a")


@pytest.mark.parametrize(("text", "sign"), [("v1.0", 0), ("1.0_2", 1), ("1..2", 1)])
def test_what_rubygems_would_refuse_is_compared_without_a_key(text: str, sign: int) -> None:
    assert key(text) is None
    assert compare(text, "1.0") == sign


def test_great_length_is_handled() -> None:
    assert compare("1" + ".0" * 10_000 + ".1", "1") == 1
    assert compare("1" + ".a" * 10_000, "1") == -1
    assert compare("1" * 10_000, "1" * 9_999) == 1
