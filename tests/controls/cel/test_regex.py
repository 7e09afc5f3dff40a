"""Patterns find what RE2 finds, in linear time, and what is not in the subset is refused."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.controls.cel.automaton import MAX_INSTRUCTIONS
from holdfast.controls.cel.regex import compile_pattern
from holdfast.errors import ExpressionError

_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "\\.", "x", "^", "$", "\\b", "[a-c]", "é"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counted = st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"]))
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        counted.map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


@settings(deadline=None)
@given(st.recursive(_ATOMS, _grown, max_leaves=6), st.text("abcx1.é ", max_size=8))
def test_pattern_finds_what_pythons_finds(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).search(text) == bool(re.search(pattern, text, re.ASCII))


@settings(deadline=None)
@given(st.text("ab|()[]*+?.^${}\\,-0123<:=!P", max_size=20))
def test_any_pattern_compiles_or_is_refused(pattern: str) -> None:
    try:
        size = len(compile_pattern(pattern).program)
    except ExpressionError:
        size = 1
    assert 0 < size <= MAX_INSTRUCTIONS


@pytest.mark.parametrize(
    "pattern",
    ["(a)\\1", "(?=a)", "(?!a)", "(?<=a)", "(?>a)", "a++", "a**", "\\p{L}", "\\Qa\\E", "[[:alpha:]]", "a{2,1}"],
)
def test_what_re2_or_the_subset_lacks_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["((a{100}){100}){100}", "(?:(?:(?:){1000}){1000}){1000}", "(" * 500, "a" * 2000])
def test_pattern_that_grows_without_end_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError):
        compile_pattern(pattern)


def test_nested_repetition_takes_linear_time() -> None:
    pattern = compile_pattern("^(?:(?:a+)+)+$")
    started = time.perf_counter()
    assert pattern.search("a" * 5000 + "!") is False
    assert time.perf_counter() - started < 5
