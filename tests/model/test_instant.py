"""Instants are UTC, to the microsecond, and say their offset."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import UsageError
from holdfast.model.instant import format_instant, from_microseconds, parse_instant, to_microseconds

ANY = st.datetimes(
    datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))])
)


@given(ANY)
def test_an_instant_survives_text_and_number(at: datetime) -> None:
    assert parse_instant(format_instant(at)) == at
    assert from_microseconds(to_microseconds(at)) == at


@given(ANY, ANY)
def test_numbers_are_in_the_order_of_instants(one: datetime, other: datetime) -> None:
    assert (to_microseconds(one) < to_microseconds(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T12:00:00+02:00", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00.000001Z", "2026-11-22T10:00:00.000001Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00Z"),
    ],
)
def test_an_instant_is_written_in_utc(text: str, expected: str) -> None:
    assert format_instant(parse_instant(text)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-22T10:00:00", "2026-13-01T00:00:00Z", "1" * 5000, "\x00"])
def test_what_is_no_instant_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_instant(text, where="--as-of")
    assert caught.value.where == "--as-of"
    assert len(caught.value.message) < 200


@given(st.text())
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert parse_instant(text).tzinfo is UTC
