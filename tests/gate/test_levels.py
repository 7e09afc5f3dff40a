"""Policies of several levels: the strictest answer counts, unless a higher level lets go."""

from datetime import timedelta

import pytest

from holdfast.errors import PolicyError
from holdfast.gate.activation import activation_of
from holdfast.gate.decide import Bound
from holdfast.gate.levels import DEFAULT, Levels
from holdfast.gate.policy import OnUnknown, Outcome, Policy
from holdfast.gate.policy_read import read_policy
from holdfast.model.build import Mode
from holdfast.model.finding import Finding, Kind
from tests.gate.findings import NOW, finding


def policy(text: str, name: str = "org") -> Policy:
    return read_policy(text.encode(), file=f"{name}.yaml", name=name)


def outcome(levels: Levels, one: Finding) -> Outcome:
    return levels.judge(activation_of(one, Bound("shop"), is_new=True, deadline=None, now=NOW), NOW).outcome


ORG = policy(
    "min_score: {default: 70, tier-1: 85}\ndata: {max_age: 24h, on_unknown: fail}\n"
    "rules:\n  - {id: high, when: 'finding.cvss >= 7.0', then: block}"
)


@pytest.mark.parametrize(
    ("text", "bar", "age_h", "unknown", "told"),
    [
        ("min_score: {default: 60}", 70.0, 24, OnUnknown.FAIL, "min_score default 60 is below the 70"),
        ("min_score: {default: 90}", 90.0, 24, OnUnknown.FAIL, None),
        ("data: {max_age: 48h}", 70.0, 24, OnUnknown.FAIL, "max_age is longer than 24h"),
        ("data: {max_age: 1h}", 70.0, 1, OnUnknown.FAIL, None),
        ("data: {on_unknown: pass}", 70.0, 24, OnUnknown.FAIL, "`pass` is milder than `fail`"),
    ],
)
def test_a_lower_level_only_tightens_and_is_told_what_does_not_count(
    text: str, bar: float, age_h: float, unknown: OnUnknown, told: str | None
) -> None:
    levels = Levels([ORG, policy(text, "team")])
    assert (levels.bar(None), levels.max_age, levels.on_unknown) == (bar, timedelta(hours=age_h), unknown)
    assert [bool(told and told in one) for one in levels.refused] == ([True] if told else [])


def test_a_level_may_let_those_below_it_loosen() -> None:
    org = policy("min_score: {default: 70}\nlower_may: [min_score]")
    assert Levels([org, policy("min_score: {default: 10}", "team")]).bar(None) == 10.0
    assert Levels([org, policy("min_score: {default: 10}", "team")]).refused == ()


def test_a_tier_that_is_not_named_has_the_default() -> None:
    assert (Levels([ORG]).bar(1), Levels([ORG]).bar(3), Levels([ORG]).bar(None)) == (85.0, 70.0, 70.0)


def test_the_first_rule_of_a_level_decides_and_the_strictest_level_counts() -> None:
    mild = policy("rules:\n  - {id: all, when: 'true', then: allow}\n  - {id: b, when: 'true', then: block}", "team")
    assert outcome(Levels([mild]), finding()) is Outcome.ALLOW
    assert outcome(Levels([ORG, mild]), finding(cvss=9.0)) is Outcome.BLOCK
    assert outcome(Levels([ORG, mild]), finding(cvss=2.0)) is Outcome.ALLOW


def test_a_rule_that_may_be_loosened_gives_way_to_what_a_lower_level_says() -> None:
    org = policy("rules:\n  - {id: high, when: 'finding.cvss >= 7.0', then: block}\nlower_may: [high]")
    mild = policy("rules:\n  - {id: ours, when: 'finding.cvss < 9.5', then: warn}", "team")
    assert outcome(Levels([org, mild]), finding(cvss=9.0)) is Outcome.WARN
    assert outcome(Levels([org, mild]), finding(cvss=9.8)) is Outcome.BLOCK  # of that the lower level says nothing


def test_what_nobody_can_tell_is_no_answer_and_a_later_block_stands() -> None:
    unknown = "rules:\n  - {id: kev, when: 'finding.known_exploited', then: block}\n"
    judged = Levels([policy(unknown)]).judge(
        activation_of(finding(), Bound("shop"), is_new=True, deadline=None, now=NOW), NOW
    )
    assert judged.outcome is Outcome.ALLOW
    assert judged.unknown == (("kev", "`finding.known_exploited` is not known"),)
    both = Levels([policy(unknown + "  - {id: high, when: 'finding.cvss > 7.0', then: block}")])
    judged = both.judge(activation_of(finding(), Bound("shop"), is_new=True, deadline=None, now=NOW), NOW)
    assert (judged.outcome, judged.unknown) == (Outcome.BLOCK, ())


def test_an_expression_that_would_not_end_is_unknown() -> None:
    nested = "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, "
    nested += "[1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, a + b + c + d + e > 0)))))"
    levels = Levels([policy(f"rules:\n  - {{id: slow, when: '{nested}', then: block}}")])
    judged = levels.judge(activation_of(finding(), Bound(), is_new=True, deadline=None, now=NOW), NOW)
    assert judged.unknown == (("slow", "the expression used up its 10000 steps"),)


def test_without_any_policy_the_built_in_one_counts() -> None:
    levels = Levels()
    assert levels.policies == (DEFAULT,)
    assert outcome(levels, finding(cvss=9.0, known_exploited=False)) is Outcome.BLOCK
    assert outcome(levels, finding(cvss=3.0, known_exploited=True)) is Outcome.BLOCK
    assert outcome(levels, finding(cvss=3.0, known_exploited=True, fix=None)) is Outcome.WARN
    assert outcome(levels, finding(cvss=None, kind=Kind.MALICIOUS, fix=None)) is Outcome.BLOCK
    assert outcome(levels, finding(cvss=3.0, known_exploited=False)) is Outcome.ALLOW
    assert levels.mode(NOW) is Mode.BLOCK


def test_waivers_are_bounded_by_the_shortest_and_lowest_of_all_levels() -> None:
    org = policy("waivers: {max: 90d, epss_above: 0.1, approvers: [ana]}")
    team = policy("waivers: {max: 30d, epss_above: 0.5, approvers: [bob]}", "team")
    rules = Levels([org, team]).waivers
    assert (rules.longest, rules.epss_above, rules.approvers) == (timedelta(days=30), 0.1, frozenset())
    longer = policy("waivers: {max: 180d}")
    assert Levels([longer, policy("waivers: {approvers: [ana, bob]}", "team")]).waivers.longest == timedelta(days=180)


@pytest.mark.parametrize(
    ("licenses", "expected"),
    [
        (("MIT",), Outcome.ALLOW),
        (("GPL-3.0-only",), Outcome.WARN),
        (("AGPL-3.0-only",), Outcome.BLOCK),
        (("MIT OR AGPL-3.0-only",), Outcome.ALLOW),
        (("MIT AND AGPL-3.0-only",), Outcome.BLOCK),
        (("MIT", "AGPL-3.0-only"), Outcome.BLOCK),
        (("Apache-2.0 WITH LLVM-exception",), Outcome.ALLOW),
        (("(MIT OR GPL-3.0-only) AND Apache-2.0",), Outcome.ALLOW),
        ((), Outcome.WARN),
        (("NOASSERTION",), Outcome.WARN),
        (("see LICENSE.txt",), Outcome.WARN),
    ],
)
def test_licences_are_spdx_expressions(licenses: tuple[str, ...], expected: Outcome) -> None:
    rules = "licenses: {allow: [MIT, Apache-2.0], block: [AGPL-3.0-only], otherwise: warn, unknown: warn}"
    assert Levels([policy(rules)]).license_outcome(licenses)[0] is expected


def test_what_the_highest_level_leaves_open_is_the_built_in_word() -> None:
    silent = policy("rules: []")
    loose = policy(
        "mode: {now: observe}\nmin_score: {default: 0}\ndata: {on_unknown: pass, max_age: 90d}", "repository"
    )
    levels = Levels([silent, loose])
    assert (levels.mode(NOW), levels.bar(None), levels.on_unknown) == (Mode.BLOCK, 70.0, OnUnknown.FAIL)
    assert levels.max_age == timedelta(hours=24)
    assert len(levels.refused) == 4
    assert Levels([loose]).mode(NOW) is Mode.OBSERVE  # the only level is the highest


def test_a_level_frees_only_what_it_said_itself() -> None:
    org = policy("min_score: {default: 85}\nmode: {now: block}")
    group = policy("lower_may: [min_score, mode, data]", "group")
    service = policy("min_score: {default: 0}\nmode: {now: observe}\ndata: {on_unknown: pass}", "service")
    levels = Levels([org, group, service])
    assert (levels.bar(None), levels.mode(NOW), levels.on_unknown) == (85.0, Mode.BLOCK, OnUnknown.FAIL)
    tighter = policy("min_score: {default: 90}\nlower_may: [min_score]", "group")
    assert Levels([org, tighter, service]).bar(None) == 0.0


def test_private_names_of_a_lower_level_count_only_where_they_may() -> None:
    own = policy("private: ['npm:*']", "repository")
    assert Levels([ORG, own]).private == ()
    assert Levels([policy("lower_may: [private]"), own]).private == ("npm:*",)
    assert Levels([own]).private == ("npm:*",)


def test_what_only_warns_holds_nothing_up_while_nobody_can_tell() -> None:
    warns = policy("rules:\n  - {id: kev, when: 'finding.known_exploited', then: warn}")
    activation = activation_of(finding(), Bound("shop"), is_new=True, deadline=None, now=NOW)
    assert Levels([warns]).judge(activation, NOW).unknown == ()


def test_the_stricter_word_for_a_server_that_is_away_counts() -> None:
    org, team = policy("on_unavailable: cached"), policy("on_unavailable: pass", "team")
    assert (Levels([org, team]).on_unavailable, Levels([org]).says_away, Levels().says_away) == ("cached", True, False)


def test_a_licence_is_known_however_it_is_written() -> None:
    rules = (
        "licenses: {block: [agpl-3.0, 'GPL-2.0-only WITH Classpath-exception-2.0', LicenseRef-acme], unknown: allow}"
    )
    one = Levels([policy(rules)])
    for text in ("AGPL-3.0-only", "agpl-3.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", "LicenseRef-acme"):
        assert one.license_outcome((text,))[0] is Outcome.BLOCK
    assert one.license_outcome(("GPL-2.0-only",))[0] is Outcome.ALLOW


def test_a_licence_of_ones_own_hides_no_other_beside_it() -> None:
    one = Levels([policy("licenses: {block: [AGPL-3.0-only, LicenseRef-acme], unknown: warn}")])
    told = {
        "LicenseRef-x AND AGPL-3.0-only": Outcome.BLOCK,
        "AGPL-3.0-only AND LicenseRef-x": Outcome.BLOCK,
        "MIT AND LicenseRef-acme": Outcome.BLOCK,
        "MIT OR LicenseRef-acme": Outcome.ALLOW,
        "LicenseRef-x": Outcome.ALLOW,
        "LicenseRef-x AND": Outcome.WARN,
        "LicenseRef-x AND nonsense": Outcome.WARN,
        "MIT WITH LicenseRef-x": Outcome.WARN,
        "Classpath-exception-2.0": Outcome.WARN,
    }
    assert {text: one.license_outcome((text,))[0] for text in told} == told
    with pytest.raises(PolicyError, match="no SPDX licence id"):
        policy("licenses: {block: [LicenseRef-x AND MIT]}")


def test_a_lower_level_loosens_licences_where_it_may() -> None:
    mild = policy("licenses: {allow: [GPL-3.0-only]}", "service")
    strict = "licenses: {block: [GPL-3.0-only]}"
    assert Levels([policy(strict), mild]).license_outcome(("GPL-3.0-only",))[0] is Outcome.BLOCK
    free = policy(strict + "\nlower_may: [licenses]")
    assert Levels([free, mild]).license_outcome(("GPL-3.0-only",))[0] is Outcome.ALLOW
