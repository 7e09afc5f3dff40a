"""What VEX documents make of a decision, and what outputs make of that."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import PolicyError
from holdfast.findings.vex import Judgeable, Vex
from holdfast.gate.decide import Bound, Decision, Question, decide
from holdfast.gate.levels import Levels
from holdfast.gate.outputs import cyclonedx, gl_dependency_scanning, junit, markdown, openvex, sarif
from holdfast.gate.policy import Policy
from holdfast.gate.policy_read import read_policy
from holdfast.gate.sides import Side
from holdfast.model.build import Answer, Basis
from holdfast.model.finding import Finding, Kind
from holdfast.model.vex import Claim, Product, Statement, VexDocument, VexStatus, parse_package
from tests.gate.findings import NOW, finding
from tests.gate.outputs.samples import CONTEXT

POLICY = "min_score: {default: 0}\nrules:\n  - {id: high, when: finding.cvss >= 7.0, then: block}\n"


def statement(status: VexStatus = VexStatus.NOT_AFFECTED, **fields: object) -> Statement:
    purl = "pkg:npm/left-pad@1.0.0"
    claims = (Claim(Product(purl, parse_package(purl))),)
    one = Statement(
        ("CVE-2026-1",), claims, status, "code_not_reachable", "never called", authors=("Ana <b>",), document="doc"
    )
    return replace(one, at=NOW - timedelta(days=1), **fields)  # type: ignore[arg-type]  # checked by the dataclass


def asked(
    head: tuple[Finding, ...], *statements: Statement, base: tuple[Finding, ...] | None = (), policy: str = POLICY
) -> Decision:
    vex = Vex.of([VexDocument("vex.json", "openvex", "doc", statements, ("something",))], Judgeable())
    before = None if base is None else Side(base)
    basis = Basis.NOTHING if base is None else Basis.CHANGE
    levels = Levels([read_policy(policy.encode(), file="p.yaml")])
    return decide(Question(Side(head), before, basis, Bound("shop"), levels, vex=vex), NOW)


def test_what_is_cleared_neither_blocks_nor_costs_anything() -> None:
    for status in (VexStatus.NOT_AFFECTED, VexStatus.FIXED):
        decision = asked((finding(),), statement(status))
        assert (decision.answer, decision.score.value, len(decision.spoken_of)) == (Answer.PASS, 100.0, 1)
        assert "vex.json: something" in decision.notes
    for status in (VexStatus.AFFECTED, VexStatus.UNDER_INVESTIGATION):
        decision = asked((finding(),), statement(status))
        assert (decision.answer, decision.score.value < 100, len(decision.spoken_of)) == (Answer.BLOCKED, True, 1)
        assert decision.score == asked((finding(),)).score


def test_a_rule_that_nobody_can_tell_of_does_not_hold_up_what_is_cleared() -> None:
    policy = POLICY.replace("finding.cvss >= 7.0", "finding.known_exploited")
    assert asked((finding(),), policy=policy).answer is Answer.UNKNOWN
    assert asked((finding(),), statement(), policy=policy).answer is Answer.PASS


def test_malice_is_not_talked_away() -> None:
    decision = asked((finding(kind=Kind.MALICIOUS),), statement())
    assert decision.answer is Answer.BLOCKED
    (one,) = decision.spoken_of
    assert one.said is not None
    assert one.said.void == ("a malicious package is taken out, not talked away",)


def test_what_was_cleared_before_and_is_no_more_is_new() -> None:
    """The base has 1.0.0, cleared; the change raises it to 1.1.0, of which nobody speaks."""
    before, after = finding(), finding(version="1.1.0")
    assert asked((after,), base=(before,)).answer is Answer.PASS
    assert asked((after,), statement(), base=(before,)).answer is Answer.BLOCKED
    same = asked((before,), statement(), base=(before,))
    assert same.existing == 1
    assert same.base_score is not None
    assert (same.score.value, same.base_score.value) == (100.0, 100.0)


def test_outputs_say_whose_word_it_is() -> None:
    decision = asked((finding(), finding("CVE-2026-2", package="other", cvss=2.0)), statement())
    words = "VEX: not affected because code_not_reachable, by Ana <b>"
    results = json.loads(sarif.SPEC.render(decision, CONTEXT))["runs"][0]["results"]
    suppressed = {one["ruleId"]: one["suppressions"] for one in results}
    assert suppressed["CVE-2026-1"][0]["justification"] == words
    assert suppressed["CVE-2026-2"] == []
    said = json.loads(openvex.SPEC.render(decision, CONTEXT))["statements"]
    (one,) = [one for one in said if one["vulnerability"]["name"] == "CVE-2026-1"]
    assert (one["status"], one["impact_statement"]) == ("not_affected", "code_not_reachable never called")
    assert "justification" not in one  # OpenVEX has no such word
    assert one["status_notes"] == "as Ana <b> says in doc"
    text = cyclonedx.SPEC.render(decision, CONTEXT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert "Ana &lt;b&gt;" in markdown.SPEC.render(decision, CONTEXT)
    assert "skipped" in junit.SPEC.render(decision, CONTEXT)
    report = json.loads(gl_dependency_scanning.SPEC.render(decision, CONTEXT))
    assert [len(one.get("flags", ())) for one in report["vulnerabilities"]] == [0, 1]  # what is cleared comes last


def test_a_fixed_product_is_resolved_in_cyclonedx() -> None:
    text = cyclonedx.SPEC.render(asked((finding(),), statement(VexStatus.FIXED)), CONTEXT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert json.loads(text)["vulnerabilities"][0]["analysis"]["state"] == "resolved"


def test_a_lower_level_can_not_widen_what_vex_may_do() -> None:
    def policy(text: str, name: str) -> Policy:
        return read_policy(f"min_score: {{default: 0}}\n{text}".encode(), file=name, name=name)

    org = policy("vex: {authors: [a, b]}", "org")
    team = policy("vex: {authors: [b, c], also_clears: [malicious]}", "team")
    levels = Levels([org, team])
    assert (levels.vex.authors, levels.vex.also_clears) == (frozenset({"b"}), frozenset())
    assert any("vex.also_clears" in one for one in levels.refused)
    assert Levels([team]).vex.also_clears == frozenset({"malicious"})
    free = policy("vex: {also_clears: []}\nlower_may: [vex]", "org")
    assert Levels([free, team]).vex.also_clears == frozenset({"malicious"})
    silent = policy("mode: {now: warn}", "org")
    assert Levels([silent, team]).vex.also_clears == frozenset()


@given(st.lists(st.sampled_from(list(VexStatus)), max_size=4))
def test_documents_never_lower_a_score(statuses: list[VexStatus]) -> None:
    plain = asked((finding(),))
    spoken = asked((finding(),), *(statement(status, document=str(place)) for place, status in enumerate(statuses)))
    assert spoken.score.value >= plain.score.value


KEY = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
OTHER = "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="


def test_a_lower_level_can_not_say_whose_signatures_count_where_one_above_it_does() -> None:
    def policy(text: str, name: str) -> Policy:
        return read_policy(text.encode(), file="policy.yaml", name=name)

    def names(*levels: Policy) -> list[str]:
        return [key.name for key in Levels(levels).vex_keys]

    both = policy(f"vex: {{keys: {{ana: {KEY}, bea: {OTHER}}}}}", "org")
    one = policy(f"vex: {{keys: {{bea: {OTHER}}}}}", "team")
    own = policy(f"vex: {{keys: {{mine: {KEY}}}}}", "repository")
    silent, needs = policy("min_score: {default: 1}", "org"), policy("vex: {require_signature: true}", "org")
    free = policy("vex: {require_signature: true}\nlower_may: [vex]", "org")
    assert (names(), names(both), names(both, one), names(both, one, own)) == ([], ["ana", "bea"], ["bea"], [])
    assert names(both, own) == ["ana"]  # the same key, by the name that counts
    assert (names(silent, own), names(needs, own), names(free, own)) == (["mine"], [], ["mine"])
    assert any("vex.keys" in word for word in Levels([needs, own]).refused)
    assert Levels([needs, own]).vex.keys == frozenset()


def test_a_lower_level_can_only_ask_for_signatures() -> None:
    def levels(*texts: str) -> Levels:
        return Levels([read_policy(one.encode(), file="p", name=str(number)) for number, one in enumerate(texts)])

    yes, no = "vex: {require_signature: true}", "vex: {require_signature: false}"
    assert [levels(yes, no).vex.needs_signature, levels(no, yes).vex.needs_signature] == [True, True]
    assert [levels(no).vex.needs_signature, levels("version: 1").vex.needs_signature] == [False, False]
    assert any("vex.require_signature" in one for one in levels(yes, no).refused)
    assert levels(no, yes).refused == ()
    assert not levels(f"{yes}\nlower_may: [vex]", no).vex.needs_signature


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"vex: {{keys: {{ana: {KEY[:-9]}AAAAAAAAA}}}}", "no public key"),
        (f"vex: {{keys: {{ana: {'x' * 40}}}}}", "no public key"),
        (f"vex: {{keys: [{KEY}]}}", "expected a mapping, got a list"),
        (f"vex: {{keys: {{Ana B: {KEY}}}}}", "lower-case letters"),
        ("vex: {require_signature: sometimes}", "true or false"),
    ],
)
def test_a_key_that_is_none_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said) as raised:
        read_policy(text.encode(), file="policy.yaml")
    assert (raised.value.where or "").startswith("policy.yaml:1:")
