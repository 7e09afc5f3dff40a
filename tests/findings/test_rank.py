"""What to look at first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.findings.rank import explain_rank, rank_key, rank_score, severity_band
from holdfast.model.exposure import Exposure, Risk
from holdfast.model.inventory import Reach
from tests.findings.made import day, exposure


def risky(risk: Risk, detected: float = 0, identifier: str = "exp_1") -> Exposure:
    return replace(exposure(identifier, detected=detected), risk=risk)


def test_order_is_exploited_severity_reach_fix_age() -> None:
    ordered = [
        risky(Risk(severity=5.0, known_exploited=True)),
        risky(Risk(severity=9.8, reach=Reach.DEVELOPMENT)),
        risky(Risk(severity=7.1, reach=Reach.INTERNAL)),
        risky(Risk(severity=None, reach=Reach.INTERNET, fix_version="2")),
        risky(Risk(severity=7.0, reach=Reach.UNKNOWN)),
        risky(Risk(severity=7.0, reach=Reach.INTERNET), detected=1),
        risky(Risk(severity=7.0, reach=Reach.INTERNAL, fix_version="2")),
        risky(Risk(severity=0.0)),
    ]
    upside_down = ordered[::-1]
    assert sorted(upside_down, key=rank_key) == ordered
    scores = [rank_score(one) for one in ordered]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_unscored_counts_as_seven_and_unknown_reach_as_internet() -> None:
    assert rank_score(risky(Risk())) == rank_score(risky(Risk(severity=7.0, reach=Reach.INTERNET)))


def test_words_name_what_is_not_known() -> None:
    assert explain_rank(risky(Risk())) == (
        "exploitation not known",
        "unscored, counts as 7.0",
        "reach not known, counts as internet",
        "no fix yet",
    )


def test_words_follow_the_order_of_the_rank() -> None:
    risk = Risk(severity=9.8, known_exploited=True, reach=Reach.INTERNET, fix_version="1.2")
    assert explain_rank(risky(risk)) == ("exploited", "critical 9.8", "internet", "fix ready")


def test_no_known_exploitation_needs_no_word() -> None:
    assert explain_rank(risky(Risk(severity=3.0, known_exploited=False, reach=Reach.INTERNAL)))[0] == "low 3.0"


@pytest.mark.parametrize(
    ("severity", "band"),
    [(None, "unscored"), (0.0, "none"), (0.1, "low"), (3.9, "low"), (4.0, "medium"), (7.0, "high"), (9.0, "critical")],
)
def test_severity_bands_are_those_of_cvss(severity: float | None, band: str) -> None:
    assert severity_band(severity) == band


_RISKS = st.builds(
    Risk,
    severity=st.none() | st.floats(-1, 12).map(lambda value: round(value, 1)),
    known_exploited=st.sampled_from([True, False, None]),
    reach=st.sampled_from(list(Reach)),
    fix_version=st.sampled_from([None, "2"]),
)
_ROWS = st.builds(risky, _RISKS, st.integers(0, 3))


@given(_ROWS, _ROWS)
def test_score_and_key_are_one_order(one: Exposure, other: Exposure) -> None:
    assert (rank_key(one) < rank_key(other)) == (rank_score(one) > rank_score(other))


@given(st.integers(-3000, 2000), _RISKS)
def test_score_is_exact_as_a_float_whatever_the_clock_says(weeks: int, risk: Risk) -> None:
    row = risky(risk)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(weeks=weeks * 10)
    score = rank_score(replace(row, clocks=replace(row.clocks, detected_at=at)))
    assert 0 <= score < 2**53
    assert int(float(score)) == score


def test_older_comes_first_among_equals() -> None:
    old, new = risky(Risk(), detected=1), risky(Risk(), detected=2)
    assert rank_score(old) > rank_score(new)
    assert day(1) == old.clocks.detected_at
