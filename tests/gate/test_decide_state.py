"""What a distribution says of a package, as rules and the score see it."""

from dataclasses import replace

import pytest

from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import read_policy
from holdfast.model.advisory import PackageState
from holdfast.model.build import Answer
from holdfast.model.finding import Finding
from tests.gate.findings import finding
from tests.gate.test_decide import ask, levels

LET = """
min_score: {default: 60}
rules:
  - {id: hopeless, when: finding.state == 'will_not_fix', then: allow}
  - {id: high, when: finding.cvss >= 7.0, then: block}
"""
TIGHT = """
min_score: {default: 60}
rules:
  - {id: high, when: finding.cvss >= 9.9, then: block}
"""


def hopeless(**fields: object) -> Finding:
    one = replace(finding(cvss=9.8), state=PackageState.WILL_NOT_FIX, fix=None, known_exploited=False)
    return replace(one, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [one for one in PackageState if one is not PackageState.NOT_AFFECTED])
def test_rule_reads_the_state(state: PackageState) -> None:
    rule = f"rules:\n  - {{id: one, when: finding.state == '{state.value}', then: block}}\nmin_score: {{default: 0}}\n"
    assert ask((hopeless(state=state),), None, levels=levels(rule)).answer is Answer.BLOCKED
    other = PackageState.AFFECTED if state is not PackageState.AFFECTED else PackageState.FIXED
    assert ask((hopeless(state=other),), None, levels=levels(rule)).answer is Answer.PASS


def test_what_will_not_be_fixed_counts_until_a_rule_allows_it() -> None:
    counted = ask((hopeless(),), None, levels=levels(TIGHT))
    assert (counted.score_fails, counted.blocking) == (True, ())
    allowed = ask((hopeless(),), None, levels=levels(LET))
    assert (allowed.answer, allowed.score.value) == (Answer.PASS, 100.0)
    (line,) = allowed.score.ledger
    assert line.excused == "allowed by rule `hopeless`: it will not be fixed"
    assert [one.finding.id for one in allowed.judged] == ["CVE-2026-1"]


def test_rule_that_warns_leaves_it_in_the_score() -> None:
    warned = ask((hopeless(),), None, levels=levels(LET.replace("allow", "warn")))
    assert ([one.finding.id for one in warned.warnings], warned.score_fails) == (["CVE-2026-1"], True)


def test_base_is_counted_by_the_same_rule() -> None:
    decision = ask((hopeless(), finding("CVE-2026-2", cvss=3.0)), (hopeless(),), levels=levels(LET))
    assert decision.base_score is not None
    assert decision.base_score.value == 100.0
    assert decision.score.value < 100.0


@pytest.mark.parametrize(
    "fields", [{"known_exploited": True}, {"state": PackageState.AFFECTED}, {"state": PackageState.END_OF_LIFE}]
)
def test_nothing_else_leaves_the_score_by_a_rule(fields: dict[str, object]) -> None:
    text = LET.replace("finding.state == 'will_not_fix'", "finding.cvss >= 0.0")
    assert ask((hopeless(**fields),), None, levels=levels(text)).score.value < 60


def test_lower_level_cannot_take_it_out_of_the_score() -> None:
    both = Levels(
        [read_policy(text.encode(), file=name) for text, name in ((TIGHT, "org.yaml"), (LET, "service.yaml"))]
    )
    assert ask((hopeless(),), None, levels=both).score_fails


def test_stricter_lower_level_keeps_it_in_the_score() -> None:
    both = Levels(
        [read_policy(text.encode(), file=name) for text, name in ((LET, "org.yaml"), (TIGHT, "service.yaml"))]
    )
    strict = TIGHT.replace("9.9", "9.0")
    tighter = Levels([read_policy(LET.encode(), file="org.yaml"), read_policy(strict.encode(), file="service.yaml")])
    assert ask((hopeless(),), None, levels=both).answer is Answer.PASS
    decision = ask((hopeless(),), None, levels=tighter)
    assert (len(decision.blocking), decision.score_fails) == (1, True)
