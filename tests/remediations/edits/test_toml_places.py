"""Every plain string of a TOML document is found at its place, or the document is refused."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.remediations.edits._toml_places import find_strings

EVERYTHING = """\ufeff# comment = "no"
title = "é" # after
"quoted key".'and so' = 'literal \\ here'
many = [ # first
  "a", # "not this"
  ["b", 'c'], 1979-05-27 07:32:00,
  {x = "d", y = {z = "e"}},
]
long = \"\"\"
= "no" [x]
\"\"\"
also = '''it's'''
escaped = "a\\"b"
n = 1_000
[a.b]
c.d = "f"
[[rows]]
k = "g"
[[rows]]
k = "h"
[rows.in]
l = "i"
"""


def test_places_are_those_of_the_values() -> None:
    data = EVERYTHING.encode()
    found = {path: data[start:end].decode() for path, (start, end) in find_strings(data).items()}
    assert found == {
        ("title",): "é",
        ("quoted key", "and so"): "literal \\ here",
        ("many", 0): "a",
        ("many", 1, 0): "b",
        ("many", 1, 1): "c",
        ("many", 3, "x"): "d",
        ("many", 3, "y", "z"): "e",
        ("a", "b", "c", "d"): "f",
        ("rows", 0, "k"): "g",
        ("rows", 1, "k"): "h",
        ("rows", 1, "in", "l"): "i",
    }


@given(st.text(alphabet="ab.=\"'[]{},# \n\\0", max_size=60))
def test_whatever_the_text_places_are_true_or_it_is_refused(text: str) -> None:
    data = text.encode()
    try:
        found = find_strings(data)
    except FactError:
        return
    for path, (start, end) in found.items():
        held: Any = tomllib.loads(text)
        for step in path:
            held = held[step]
        assert held == data[start:end].decode()


@pytest.mark.parametrize("text", ["a = ", "\xff", "a = [" * 500, "[a", "a = 1\na = 2"])
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(FactError):
        find_strings(text.encode("latin-1"))
