"""Cursors: opaque, bound to their list, checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.api.cursors import cut_page, next_page, read_cursor, write_cursor
from holdfast.errors import UsageError


@given(st.text())
def test_a_cursor_gives_its_key_back(key: str) -> None:
    assert read_cursor("services", write_cursor("services", key)) == key


@given(st.text())
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a cursor"):
        read_cursor("services", text)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(UsageError):
        read_cursor("teams", write_cursor("services", "shop"))


def test_a_cursor_that_was_cut_is_refused() -> None:
    cursor = write_cursor("services", "shop")
    assert cursor is not None
    with pytest.raises(UsageError):
        read_cursor("services", cursor[:-1])


@given(st.sets(st.text(min_size=1)), st.integers(1, 5))
def test_pages_give_every_item_once_in_order(names: set[str], limit: int) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page, cursor = cut_page("names", list(names), str, cursor, limit)
        assert len(page) <= limit
        seen += page
        if cursor is None:
            break
    assert seen == sorted(names)


def test_the_last_page_has_no_next() -> None:
    assert next_page("names", ["a", "b"], str, 2) == (["a", "b"], None)
    assert next_page("names", ["a", "b", "c"], str, 2)[1] == write_cursor("names", "b")
    assert next_page("names", [], str, 2) == ([], None)
