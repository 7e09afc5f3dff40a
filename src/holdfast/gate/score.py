"""The score of a service, 0 to 100, and the ledger it is the sum of.

`risk(finding) = 100·S·L·X` and `score = 100 − min(100, max risk + min(15, 10 % of the rest))`.

Rules:

1. S, severity: CVSS/10; without a score 0.7, and the ledger says so. A malicious package is 1, a licence 0.
2. L, likelihood: 1 known exploited or malicious; 0.6 EPSS of 10 % or more, no EPSS yet, or known for less than 30 days;
   0.3 EPSS of 1 % or more; else 0.15.
3. X, exposure of where the build goes: 1 internet-facing or not known, 0.7 internal, 0.2 development; a dependency for
   development alone is 0.2 everywhere; 0 only with evidence, which is a waiver that holds.
4. One more finding never raises the score; the same findings give the same score in whatever order they come.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import floor, fsum

from holdfast.model.component import Scope
from holdfast.model.finding import Finding, Kind
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach

UNSCORED = 7.0
"""What a finding without a CVSS score counts as."""
NEW = timedelta(days=30)
_MOST_OF_REST = 15.0
_SHARE_OF_REST = 0.1
_REACH = {Reach.INTERNET: 1.0, Reach.UNKNOWN: 1.0, Reach.INTERNAL: 0.7, Reach.DEVELOPMENT: 0.2}
_REACH_WORDS = {
    Reach.INTERNET: "internet-facing",
    Reach.UNKNOWN: "exposure not known, counts as internet-facing",
    Reach.INTERNAL: "internal",
    Reach.DEVELOPMENT: "a development environment",
}


@frozen
class Entry:
    """One line of the ledger: a finding, its three factors, the risk they give (0 to 100), and the reasons in words.

    `excused` says why it counts nothing; such a line has risk 0 and stays visible.
    """

    finding: Finding
    severity: float
    likelihood: float
    exposure: float
    risk: float
    because: tuple[str, ...]
    excused: str | None = None


@frozen
class Score:
    """The score, rounded down to a tenth, and what it is made of: `worst` and `rest` are what was taken off."""

    value: float
    worst: float
    rest: float
    ledger: tuple[Entry, ...]


def rate(finding: Finding, reach: Reach, now: datetime, excused: str | None = None) -> Entry:
    """Return a finding's line in the ledger of a build that is bound for an environment of this reach."""
    severity, severity_words = _severity(finding)
    likelihood, likelihood_words = _likelihood(finding, now)
    exposure, exposure_words = _exposure(finding, reach)
    risk = 0.0 if excused else 100.0 * severity * likelihood * exposure
    words = (severity_words, likelihood_words, exposure_words)
    return Entry(finding, severity, likelihood, exposure, risk, words, excused)


def tally(entries: Iterable[Entry]) -> Score:
    """Return the score of all lines, the worst first in its ledger."""
    ledger = tuple(sorted(entries, key=lambda one: (-one.risk, one.finding.order)))
    risks = [one.risk for one in ledger]
    worst = max(risks, default=0.0)
    rest = min(_MOST_OF_REST, _SHARE_OF_REST * fsum(risks[1:]))
    value = 100.0 - min(100.0, worst + rest)
    return Score(round_down(value), worst, rest, ledger)


def round_down(value: float) -> float:
    """Return a score to a tenth, never above what it is: what is shown is what is compared with the bar."""
    return floor(round(value, 9) * 10) / 10


def _severity(finding: Finding) -> tuple[float, str]:
    if finding.kind is Kind.MALICIOUS:
        return 1.0, "malicious"
    if finding.kind is Kind.LICENSE:
        return 0.0, "a licence is no weakness"
    score = finding.score
    if score is None:
        return UNSCORED / 10, f"no CVSS score, counts as {UNSCORED}"
    bounded = min(10.0, max(0.0, score))
    return bounded / 10, f"CVSS {bounded:.1f}"


def _likelihood(finding: Finding, now: datetime) -> tuple[float, str]:
    if finding.kind is Kind.MALICIOUS:
        return 1.0, "made to harm"
    if finding.known_exploited:
        return 1.0, "known exploited"
    if finding.epss is None:
        return 0.6, "no EPSS yet"
    shown = f"EPSS {finding.epss * 100:.3g} %"
    if finding.epss >= 0.1:
        return 0.6, shown
    if finding.applicable_at is not None and now - finding.applicable_at < NEW:
        return 0.6, f"known for less than {NEW.days} days"
    return (0.3, shown) if finding.epss >= 0.01 else (0.15, shown)


def _exposure(finding: Finding, reach: Reach) -> tuple[float, str]:
    if finding.scope is Scope.DEVELOPMENT:
        return 0.2, "a dependency for development alone"
    return _REACH[reach], _REACH_WORDS[reach]
