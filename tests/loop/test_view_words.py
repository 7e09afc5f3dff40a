"""Durations in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.loop.view_words import clock_face, listed, plural, short_span, span


@pytest.mark.parametrize(
    ("seconds", "words", "short", "face"),
    [
        (0, "0 s", "0 s", "00:00:00"),
        (0.04, "0.1 s", "0 s", "00:00:00"),
        (5.23, "5.2 s", "5 s", "00:00:05"),
        (41, "41 s", "41 s", "00:00:41"),
        (59.7, "1 min", "59 s", "00:00:59"),
        (192, "3 min 12 s", "3 min", "00:03:12"),
        (3600, "1 h", "1 h", "01:00:00"),
        (3629, "1 h", "1 h", "01:00:29"),
        (9000, "2.5 h", "2 h", "02:30:00"),
        (86399, "23 h", "23 h", "23:59:59"),
        (86400 * 61, "61 d", "61 d", "61 d 00:00:00"),
        (-41, "−41 s", "−41 s", "00:00:00"),
    ],
)
def test_span_is_said_in_its_largest_unit(seconds: float, words: str, short: str, face: str) -> None:
    assert (span(seconds), short_span(seconds), clock_face(seconds)) == (words, short, face)


@given(st.floats(min_value=0, max_value=1e11))
def test_every_span_has_words_with_a_unit(seconds: float) -> None:
    for words in (span(seconds), short_span(seconds)):
        assert words.rsplit(" ", 1)[1] in {"s", "min", "h", "d"}
        assert not words.startswith("−")


def test_plural_counts() -> None:
    assert [plural(1, "place"), plural(1284, "place"), plural(0, "entry", "entries")] == [
        "1 place",
        "1,284 places",
        "0 entries",
    ]


def test_listed_reads_as_a_sentence() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"]), listed(list("abcde"))] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and 2 more",
    ]
