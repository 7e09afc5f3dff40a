"""Filters and instants in addresses."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.web.search import LIVE, read_as_of, read_question
from holdfast.errors import UsageError
from holdfast.ports.queries import ExposureFilter

NOW = datetime(2026, 3, 9, tzinfo=UTC)


def test_nothing_asked_lists_what_is_live() -> None:
    assert read_question([], NOW).where == ExposureFilter(states=LIVE)
    assert "resolved" not in LIVE


def test_every_filter_is_read() -> None:
    pairs = [
        ("state", "open"),
        ("state", "resolved"),
        ("service", "a"),
        ("environment", "b"),
        ("team", "c"),
        ("text", " d "),
        ("min_severity", "7"),
        ("known_exploited", "yes"),
        ("fix_available", "no"),
        ("kind", "host"),
        ("backlog", ""),
        ("package_state", "will_not_fix"),
    ]
    expected = ExposureFilter(("open", "resolved"), ("a",), ("b",), ("c",), "d", 7.0, True, False, "host", None)
    assert read_question(pairs, NOW).where == replace(expected, package_states=("will_not_fix",))


def test_a_state_that_no_distribution_gives_is_refused() -> None:
    with pytest.raises(UsageError, match="expected any of fixed"):
        read_question([("package_state", "hopeless")], NOW)


def test_states_of_today_do_not_narrow_the_past() -> None:
    question = read_question([("state", "open"), ("as_of", "2026-03-01T00:00:00")], NOW)
    assert question.where.states == ()
    assert question.as_of == datetime(2026, 3, 1, tzinfo=UTC)


def test_address_keeps_what_is_not_changed() -> None:
    question = read_question([("service", "a b"), ("after", "x"), ("as_of", "2026-03-01T00:00:00Z")], NOW)
    assert question.address("/exposures", after=None) == "/exposures?service=a+b&as_of=2026-03-01T00%3A00%3A00Z"
    assert question.address("/exposures", after="y", as_of=None) == "/exposures?service=a+b&after=y"
    assert question.is_narrow
    assert not read_question([("after", "x")], NOW).is_narrow


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "gone"),
        ("min_severity", "eleven"),
        ("min_severity", "11"),
        ("min_severity", "nan"),
        ("known_exploited", "perhaps"),
        ("text", "x" * 301),
        ("service", "a\0b"),
        ("as_of", "2027-01-01T00:00:00Z"),
        ("as_of", "soon"),
    ],
)
def test_values_without_meaning_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_question([(name, value)], NOW)
    assert refused.value.where == name


@given(st.text(max_size=40))
def test_as_of_answers_or_refuses(text: str) -> None:
    try:
        at = read_as_of(text, NOW)
    except UsageError:
        return
    assert at is None or (at.tzinfo is not None and at <= NOW)
