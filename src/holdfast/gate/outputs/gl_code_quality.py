"""GitLab's code quality report: findings beside the lines of a merge request, in every edition of GitLab.

GitLab tells new from old by the fingerprints of the target branch's report; waived findings are left out, since it has
no word for them.

Source: GitLab, "Code Quality", "Implement a custom tool": a subset of the Code Climate format.
"""

from typing import Any

import msgspec

from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._words import (
    NAME,
    clean,
    digest,
    fingerprints,
    headline,
    in_order,
    is_waived,
    reason,
    remedy,
    severity,
)
from holdfast.gate.policy import Outcome

Json = dict[str, Any]


def render(decision: Decision, context: OutputContext) -> str:
    """Return the list of issues; what could not be told is one, too."""
    shown = [one for one in in_order(decision) if not is_waived(one)]
    issues = [_issue(one, mark, context) for one, mark in zip(shown, fingerprints(shown), strict=True)]
    for gap in decision.gaps:
        where = context.spot(gap.place)
        issues.append(_entry(f"Could not tell: {gap.because}", "could-not-tell", digest(gap.id), "major", where))
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode() + "\n"


def _issue(one: Judged, mark: str, context: OutputContext) -> Json:
    why = reason(one)
    text = headline(one.finding) + (f": {why}" if why else "") + f". Do: {remedy(one.finding)}"
    return _entry(text, one.finding.id, mark, _severity(one), context.place(one.finding.locations))


def _entry(text: str, name: str, mark: str, rating: str, place: tuple[str, int]) -> Json:
    return {
        "type": "issue",
        "check_name": clean(f"{NAME}/{name}", 250),
        "description": clean(text, 2000),
        "categories": ["Security"],
        "fingerprint": digest(mark),
        "severity": rating,
        "location": {"path": clean(place[0]), "lines": {"begin": place[1]}},
    }


def _severity(one: Judged) -> str:
    if one.outcome is Outcome.BLOCK:
        return "blocker"
    score = severity(one.finding)
    if score is None:
        return "minor" if one.outcome is Outcome.WARN else "info"
    return next((word for least, word in ((9.0, "critical"), (7.0, "major"), (4.0, "minor")) if score >= least), "info")


SPEC = OutputSpec("gl_code_quality", "json", "GitLab's code quality report", render)
