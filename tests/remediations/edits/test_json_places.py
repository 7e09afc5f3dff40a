"""Every plain string member is found at its place, or the document is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.remediations.edits._json_places import find_members

TREES: st.SearchStrategy[Any] = st.recursive(
    st.text(max_size=4) | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab:,{}é", max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), TREES, max_size=4), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_places_are_those_of_the_values(document: dict[str, Any], indent: int | str | None, ascii_only: bool) -> None:
    try:
        data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
        found = find_members(data)
    except (FactError, UnicodeEncodeError):
        return
    for path, (start, end) in found.items():
        held: Any = document
        for key in path:
            held = held[key]
        assert held == data[start:end].decode()


def test_strings_in_lists_are_passed_over() -> None:
    assert set(find_members(b'{"a": ["b", {"c": "d"}], "e": {"f": "g"}}')) == {("e", "f")}


@pytest.mark.parametrize("text", ['{"a": "1", "a": "2"}', "[]", "{", "", "[" * 100_000])
def test_what_reads_two_ways_is_refused(text: str) -> None:
    with pytest.raises(FactError):
        find_members(text.encode())
