"""Column types and stored values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.stores.cursors import from_cursor, to_cursor
from holdfast.edges.stores.types import clean_text, to_stored
from holdfast.edges.stores.values import from_body, from_places, from_texts, to_body, to_places, to_texts
from holdfast.errors import UsageError
from holdfast.model.component import Location
from holdfast.model.exposure import Subject
from holdfast.model.instant import from_microseconds
from holdfast.model.inventory import Reach


@given(st.text())
def test_clean_text_is_what_both_engines_hold(text: str) -> None:
    cleaned = clean_text(text)
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert len(cleaned) == len(text)


def test_clean_text_of_an_enumeration_is_its_value() -> None:
    assert type(clean_text(Reach.INTERNET)) is str
    assert clean_text(Reach.INTERNET) == "internet"


def test_an_instant_keeps_its_microseconds_and_loses_its_offset() -> None:
    at = datetime(2026, 3, 29, 2, 30, 0, 123457, tzinfo=timezone(timedelta(hours=2)))
    stored = to_stored(at)
    assert stored is not None
    assert from_microseconds(stored) == at
    assert from_microseconds(stored).tzinfo is UTC
    with pytest.raises(UsageError, match="offset"):
        to_stored(at.replace(tzinfo=None))


@given(st.text(), st.integers(), st.text())
def test_a_cursor_gives_back_what_was_put_in(first: str, number: int, last: str) -> None:
    cursor = to_cursor((first, number, last))
    assert cursor.replace("-", "a").replace("_", "a").isalnum()
    assert from_cursor(cursor, (str, int, str)) == [first, number, last]


@given(st.text())
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        from_cursor(text, (str, int, str, str))


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(UsageError):
        from_cursor(to_cursor(("a", "b")), (str, int))
    with pytest.raises(UsageError):
        from_cursor("A" * 100_000, (str,))


@given(st.text(), st.text())
def test_a_body_is_read_back_clean(name: str, kind: str) -> None:
    found = from_body(to_body(Subject(kind, "id", name)), Subject)
    surrogates = {chr(code) for code in range(0xD800, 0xE000)}
    if surrogates.isdisjoint(name + kind):
        assert found == Subject(kind, "id", name)
    else:
        assert found == Subject(clean_text(kind), "id", clean_text(name))


@given(st.lists(st.tuples(st.text(alphabet=st.characters(codec="utf-8")), st.none() | st.integers(1, 99))))
def test_places_and_names_are_read_back(pairs: list[tuple[str, int | None]]) -> None:
    places = tuple(Location(file, line) for file, line in pairs)
    assert from_places(to_places(places)) == places
    names = tuple(file for file, _ in pairs)
    assert from_texts(to_texts(names)) == names
