"""How commands say things."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.cli.words import (
    duration_text,
    instant_text,
    parse_duration,
    place_text,
    seconds_between,
    severity_text,
    state_text,
)
from holdfast.errors import UsageError
from holdfast.model.exposure import State


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (59.6, "1 m"),
        (61, "1 m 1 s"),
        (3600, "1 h"),
        (3 * 3600 + 5 * 60 + 2, "3 h 5 m"),
        (9 * 86400 + 4 * 3600, "9 d 4 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


def test_every_state_has_a_shape_and_its_word() -> None:
    for state in State:
        shape, _, word = state_text(state).partition(" ")
        assert shape in "◆◐◇○●"
        assert word == state.value
    assert state_text("never heard of") == "? never heard of"


@pytest.mark.parametrize(
    ("score", "exploited", "text"),
    [(9.8, None, "9.8 critical"), (7.0, True, "7 high, exploited"), (None, False, "unscored"), (0.0, None, "0 none")],
)
def test_a_severity_has_a_word(score: float | None, exploited: bool | None, text: str) -> None:
    assert severity_text({"severity": score, "known_exploited": exploited}) == text


@given(st.integers(1, 36525), st.sampled_from("dhms"))
def test_a_duration_reads_as_it_is_written(number: int, unit: str) -> None:
    seconds = {"d": 86400, "h": 3600, "m": 60, "s": 1}[unit]
    assert parse_duration(f"{number}{unit}", where="x") == timedelta(seconds=number * seconds)


@given(st.text(max_size=20))
def test_a_duration_is_read_or_refused(text: str) -> None:
    try:
        duration = parse_duration(text, where="x")
    except UsageError:
        duration = timedelta(0)
    assert duration >= timedelta(0)


def test_instants_and_places_are_short() -> None:
    assert instant_text("2026-01-02T03:04:05.678901Z") == "2026-01-02T03:04:05Z"
    assert instant_text(None) == ""
    assert place_text({"file": "a", "line": 3}) == "a:3"
    assert place_text({"file": "a", "line": None}) == "a"
    assert place_text(None) == ""
    assert seconds_between("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z") == 60
    assert seconds_between(None, "2026-01-01T00:01:00Z") is None
