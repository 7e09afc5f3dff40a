"""The score: bounded, monotone, the same in whatever order, and explained."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.gate.score import Score, rate, round_down, tally
from holdfast.model.component import Scope
from holdfast.model.finding import Finding, Kind
from holdfast.model.inventory import Reach
from tests.gate.findings import NOW, finding

FINDINGS = st.builds(
    finding,
    st.sampled_from([f"CVE-2026-{number}" for number in range(9)]),
    package=st.sampled_from(["a", "b", "c"]),
    cvss=st.one_of(st.none(), st.floats(0, 10)),
    scope=st.sampled_from(list(Scope)),
    kind=st.sampled_from([Kind.VULNERABILITY, Kind.MALICIOUS, Kind.LICENSE, Kind.CODE]),
    known_exploited=st.sampled_from([None, False, True]),
    epss=st.one_of(st.none(), st.floats(0, 1)),
    applicable_at=st.sampled_from([None, NOW, NOW - timedelta(days=29), NOW - timedelta(days=31)]),
)
LISTS = st.lists(FINDINGS, max_size=12)
REACHES = st.sampled_from(list(Reach))


def score_of(findings: Sequence[Finding], reach: Reach, now: datetime) -> Score:
    """Return the score of findings of which none is excused."""
    return tally(rate(one, reach, now) for one in findings)


@given(LISTS, REACHES)
def test_a_score_is_from_0_to_100_and_the_sum_of_its_ledger(found: list[Finding], reach: Reach) -> None:
    score = score_of(found, reach, NOW)
    assert 0 <= score.value <= 100
    assert len(score.ledger) == len(found)
    assert score.value == round_down(100 - min(100, score.worst + score.rest))


@given(LISTS, FINDINGS, REACHES)
def test_one_more_finding_never_raises_a_score(found: list[Finding], more: Finding, reach: Reach) -> None:
    assert score_of([*found, more], reach, NOW).value <= score_of(found, reach, NOW).value


@given(LISTS, REACHES, st.randoms(use_true_random=False))
def test_the_order_of_findings_changes_nothing(found: list[Finding], reach: Reach, random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = score_of(found, reach, NOW), score_of(shuffled, reach, NOW)
    assert (one.value, [entry.risk for entry in one.ledger]) == (other.value, [entry.risk for entry in other.ledger])


@given(LISTS, FINDINGS)
def test_what_is_excused_counts_nothing_and_stays(found: list[Finding], waived: Finding) -> None:
    entries = [rate(one, Reach.INTERNET, NOW) for one in found]
    with_it = tally([*entries, rate(waived, Reach.INTERNET, NOW, "waived by w")])
    assert with_it.value == tally(entries).value
    assert any(entry.excused == "waived by w" and entry.risk == 0 for entry in with_it.ledger)


@pytest.mark.parametrize(
    ("fields", "reach", "risk", "words"),
    [
        ({"cvss": 10.0, "known_exploited": True}, Reach.INTERNET, 100, "known exploited"),
        ({"cvss": None, "epss": 0.5}, Reach.INTERNET, 42, "no CVSS score, counts as 7.0"),
        ({"cvss": 10.0}, Reach.INTERNAL, 42, "no EPSS yet"),
        ({"cvss": 10.0, "epss": 0.02, "applicable_at": NOW - timedelta(days=40)}, Reach.UNKNOWN, 30, "EPSS 2 %"),
        ({"cvss": 10.0, "epss": 0.001, "applicable_at": NOW - timedelta(days=40)}, Reach.INTERNET, 15, "EPSS 0.1 %"),
        ({"cvss": 10.0, "epss": 0.001, "applicable_at": NOW}, Reach.INTERNET, 60, "known for less than 30 days"),
        ({"cvss": 10.0, "epss": 0.9, "scope": Scope.DEVELOPMENT}, Reach.INTERNET, 12, "development alone"),
        ({"cvss": 1.0, "kind": Kind.MALICIOUS}, Reach.DEVELOPMENT, 20, "made to harm"),
        ({"cvss": None, "kind": Kind.LICENSE}, Reach.INTERNET, 0, "a licence is no weakness"),
    ],
)
def test_a_risk_is_severity_times_likelihood_times_exposure(
    fields: dict[str, object], reach: Reach, risk: float, words: str
) -> None:
    entry = rate(finding(**fields), reach, NOW)  # type: ignore[arg-type]
    assert entry.risk == pytest.approx(risk)
    assert words in "; ".join(entry.because)


def test_the_worst_counts_whole_and_the_rest_by_a_tenth_up_to_15() -> None:
    medium = finding(cvss=5.0, epss=0.2)
    assert score_of([medium], Reach.INTERNET, NOW).value == 70.0
    assert score_of([medium, medium], Reach.INTERNET, NOW).value == 67.0
    assert score_of([medium] * 40, Reach.INTERNET, NOW).value == 55.0


def test_what_is_shown_is_never_above_what_is() -> None:
    assert round_down(69.99) == 69.9
    assert round_down(70.0) == 70.0
    assert round_down(100 - 30.000000000000004) == 70.0


def test_the_ledger_has_the_worst_first() -> None:
    found: Sequence[Finding] = [finding("CVE-2026-1", cvss=2.0), finding("CVE-2026-2", cvss=9.0)]
    assert [entry.finding.id for entry in score_of(found, Reach.INTERNET, NOW).ledger] == ["CVE-2026-2", "CVE-2026-1"]
    assert replace(found[0], id="CVE-2026-1") == found[0]
