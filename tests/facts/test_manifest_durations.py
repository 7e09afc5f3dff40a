"""Durations and shares as authors write them."""

import pytest

from holdfast.facts.manifest_durations import parse_duration_s, parse_share


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("60s", 60.0), ("1.5m", 90.0), ("12h", 43200.0), ("7d", 604800.0), ("0s", 0.0)],
)
def test_duration_has_seconds(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "s", "-1s", "1 s", "1w", "1s\n", "1234567s"])
def test_text_that_is_no_duration_has_none(text: str) -> None:
    assert parse_duration_s(text) is None


@pytest.mark.parametrize(("text", "share"), [("0.5", 0.5), ("50%", 0.5), ("999%", 9.99), ("%", None), ("half", None)])
def test_share_is_a_fraction_whatever_its_size(text: str, share: float | None) -> None:
    assert parse_share(text) == share


def test_share_of_nothing_is_nothing() -> None:
    assert parse_share(None) is None
