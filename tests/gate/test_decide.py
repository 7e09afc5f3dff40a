"""May this ship? What is new, what is old, what is waived, and what could not be told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.gate.decide import Bound, Decision, Question, decide
from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import read_policy
from holdfast.gate.sides import Gap, Side
from holdfast.model.build import Answer, Basis
from holdfast.model.component import Component, Scope
from holdfast.model.finding import Finding, Kind
from holdfast.model.inventory import Reach
from holdfast.model.waiver import Status, Waiver
from tests.gate.findings import NOW, finding

STRICT = """
min_score: {default: 40}
rules:
  - {id: malicious, when: finding.malicious, then: block}
  - {id: high, when: finding.cvss >= 7.0, then: block}
  - {id: medium, when: finding.cvss >= 4.0, then: warn}
"""
OLD = tuple(finding(f"CVE-2020-{number}", package=f"old-{number}", cvss=5.0) for number in range(40))


def levels(text: str = STRICT) -> Levels:
    return Levels([read_policy(text.encode(), file="policy.yaml")])


def ask(head: tuple[Finding, ...], base: tuple[Finding, ...] | None = OLD, **fields: object) -> Decision:
    basis = Basis.NOTHING if base is None else Basis.CHANGE
    given = {"basis": basis, "bound": Bound("shop", tier=2, reach=Reach.INTERNET), "levels": levels()} | fields
    gaps, old_gaps = given.pop("gaps", ()), given.pop("old_gaps", ())
    before = None if base is None else Side(base, old_gaps)  # type: ignore[arg-type]
    return decide(Question(Side(head, gaps), before, **given), NOW)  # type: ignore[arg-type]


def waiver(**fields: object) -> Waiver:
    one = Waiver(
        *("w-1", ("CVE-2026-1",), "shop", Status.NOT_AFFECTED, "vulnerable_code_not_in_execute_path", "ana", "sec"),
        signed_at=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=30),
        ecosystem="npm",
        package="left-pad",
        versions=(("=", "1.0.0"),),
        fix_version="2.0.0",
    )
    return replace(one, **fields)  # type: ignore[arg-type]


def test_one_new_finding_among_forty_old_ones_blocks_for_one() -> None:
    decision = ask((*OLD, finding()))
    assert decision.answer is Answer.BLOCKED
    assert [one.finding.id for one in decision.blocking] == ["CVE-2026-1"]
    assert decision.existing == 40
    assert decision.reasons[0] == "CVE-2026-1 in pkg:npm/left-pad@1.0.0: rule `high`"


def test_what_was_there_before_passes_under_another_id_and_another_version() -> None:
    old = finding("GHSA-1", aliases=("CVE-2026-1",))
    new = finding("CVE-2026-1", aliases=("GHSA-1", "PYSEC-1"), version="1.0.1")
    assert ask((new,), (old,)).answer is Answer.PASS
    assert ask((replace(new, ids=("CVE-2026-1",)),), (replace(old, ids=("GHSA-1",)),)).answer is Answer.BLOCKED


def test_without_a_base_everything_counts_as_added() -> None:
    assert ask((finding(),), None).answer is Answer.BLOCKED


def test_a_better_score_excuses_no_addition_that_a_rule_blocks() -> None:
    decision = ask((finding("MAL-2026-1", package="evil", kind=Kind.MALICIOUS),), (*OLD, finding(cvss=10.0)))
    assert decision.answer is Answer.BLOCKED
    assert decision.base_score is not None


def test_a_change_fails_by_the_score_only_below_the_bar_and_below_its_base() -> None:
    low = "min_score: {default: 90}\nrules: []"
    worse = ask((*OLD, finding(cvss=5.5)), levels=levels(low))
    assert (worse.answer, worse.score_fails) == (Answer.BLOCKED, True)
    assert "its base has" in worse.reasons[0]
    assert ask(OLD, levels=levels(low)).answer is Answer.PASS
    assert ask(OLD[:3], levels=levels(low)).answer is Answer.PASS


def test_a_release_below_the_bar_must_be_strictly_less_exposed() -> None:
    low = "min_score: {default: 90}\nrules: []"
    assert ask(OLD, basis=Basis.RELEASE, levels=levels(low)).answer is Answer.BLOCKED
    assert ask(OLD[:3], basis=Basis.RELEASE, levels=levels(low)).answer is Answer.PASS


def test_a_waiver_in_force_takes_a_finding_out_and_leaves_it_visible() -> None:
    decision = ask((*OLD, finding()), waivers=[waiver()])
    assert decision.answer is Answer.PASS
    assert [one.finding.id for one in decision.waived] == ["CVE-2026-1"]
    assert decision.score.value == ask(OLD).score.value


@pytest.mark.parametrize(
    ("fields", "seen", "why"),
    [
        ({"expires_at": NOW}, {}, "it expired at"),
        ({"signed_at": NOW + timedelta(days=1)}, {}, "which has not come"),
        ({"expires_at": NOW + timedelta(days=200)}, {}, "longer than the 90 days"),
        ({"approved_by": ""}, {}, "nobody approved it"),
        ({"approved_by": "ana"}, {}, "its owner approved it"),
        ({}, {"known_exploited": True}, "known to be exploited since"),
        ({}, {"epss": 0.2}, "its EPSS is 20 %"),
        ({"fix_version": None}, {}, "a fix was released since: 2.0.0"),
        ({"versions": (("=", "1.0.1"),)}, {}, "the version changed: it is for =1.0.1, and this is 1.0.0"),
        ({"versions": ((">=", "0.1"), ("<", "1.0.0"))}, {}, "it is for >=0.1 <1.0.0"),
    ],
)
def test_a_waiver_voids_itself_and_says_why(fields: dict[str, object], seen: dict[str, object], why: str) -> None:
    decision = ask((finding(**seen),), waivers=[waiver(**fields)])  # type: ignore[arg-type]
    assert decision.answer is Answer.BLOCKED
    (one,) = decision.blocking
    assert one.waived is not None
    assert why in one.waived.void[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"service": "other"},
        {"package": "right-pad"},
        {"ecosystem": "PyPI"},
        {"ids": ("CVE-2026-2",)},
    ],
)
def test_a_waiver_reaches_no_further_than_its_scope(fields: dict[str, object]) -> None:
    decision = ask((finding(),), waivers=[waiver(**fields)])
    assert decision.answer is Answer.BLOCKED
    assert decision.blocking[0].waived is None


def test_a_version_that_a_change_takes_out_of_its_waiver_is_added_by_it() -> None:
    moved, kept = finding(version="1.0.1"), waiver()
    decision = ask((moved,), (finding(),), waivers=[kept])
    assert decision.answer is Answer.BLOCKED
    assert decision.blocking[0].waived is not None
    assert ask((moved,), (finding(),), waivers=[replace(kept, expires_at=NOW)]).answer is Answer.PASS
    assert ask((finding(),), (finding(),), waivers=[kept]).existing == 1


def test_what_was_known_when_it_was_signed_is_no_news() -> None:
    decision = ask((finding(known_exploited=True),), waivers=[waiver(known_exploited=True)])
    assert decision.answer is Answer.PASS


def test_only_the_unknown_that_a_change_adds_counts() -> None:
    old, new = Gap("unread:a.lock:old", "old"), Gap("unread:b.lock:new", "new", "b.lock:3")
    decision = ask(OLD, gaps=(old, new), old_gaps=(old,))
    assert decision.answer is Answer.UNKNOWN
    assert ([one.id for one in decision.gaps], decision.old_gaps) == ([new.id], 1)
    assert decision.reasons == ("could not tell: new (b.lock:3)",)
    assert ask(OLD, gaps=(old,), old_gaps=(old,)).answer is Answer.PASS


@pytest.mark.parametrize(("word", "answer"), [("fail", Answer.UNKNOWN), ("warn", Answer.PASS), ("pass", Answer.PASS)])
def test_a_policy_says_what_becomes_of_the_unknown(word: str, answer: Answer) -> None:
    said = levels(f"min_score: {{default: 0}}\ndata: {{on_unknown: {word}}}")
    assert ask(OLD, gaps=(Gap("unread:x", "x"),), levels=said).answer is answer


def test_blocked_beats_could_not_tell_and_both_are_named() -> None:
    decision = ask((finding(),), gaps=(Gap("unread:x", "not read"),))
    assert decision.answer is Answer.BLOCKED
    assert len(decision.reasons) == 2


def test_a_gap_can_be_waived_by_its_id() -> None:
    excused = waiver(ids=("unread:x",), package="", ecosystem="", versions=())
    assert ask(OLD, gaps=(Gap("unread:x", "x"),), waivers=[excused]).answer is Answer.PASS
    late = replace(excused, expires_at=NOW)
    assert ask(OLD, gaps=(Gap("unread:x", "x"),), waivers=[late]).answer is Answer.UNKNOWN


def test_a_rule_that_hangs_on_what_is_not_known_makes_the_answer_unknown() -> None:
    said = levels("min_score: {default: 0}\nrules:\n  - {id: kev, when: finding.known_exploited, then: block}")
    decision = ask((finding(),), levels=said)
    assert decision.answer is Answer.UNKNOWN
    assert "whether rule `kev` applies to CVE-2026-1" in decision.reasons[0]
    (gap,) = decision.gaps
    assert gap.because.startswith("whether rule `kev` applies to CVE-2026-1")


def test_a_milder_mode_passes_and_says_what_it_would_have_been() -> None:
    decision = ask((finding(),), levels=levels(STRICT + "mode: {now: observe}\n"))
    assert (decision.answer, decision.would_be) == (Answer.PASS, Answer.BLOCKED)


def test_an_old_finding_past_its_date_warns_or_blocks_as_the_policy_says() -> None:
    old = finding(cvss=5.0, known_exploited=True)
    since = dict.fromkeys(old.keys, NOW - timedelta(days=4))
    warned = ask((old,), (old,), known_since=since)
    assert [one.because for one in warned.warnings] == ["its repair is overdue"]
    blocking = levels(STRICT + "deadlines: {overdue: block}\n")
    assert ask((old,), (old,), known_since=since, levels=blocking).answer is Answer.BLOCKED
    fresh = dict.fromkeys(old.keys, NOW - timedelta(days=2))
    assert ask((old,), (old,), known_since=fresh, levels=blocking).answer is Answer.PASS


def test_the_same_question_has_the_same_answer() -> None:
    head = (*OLD, finding(), finding("CVE-2026-2"))
    assert ask(head) == ask(tuple(reversed(head)))


def test_what_was_a_tools_alone_and_is_shipped_now_is_new() -> None:
    tool, shipped = finding(scope=Scope.DEVELOPMENT), finding(scope=Scope.RUNTIME)
    assert ask((shipped,), (tool,)).answer is Answer.BLOCKED
    assert ask((tool,), (shipped,)).answer is Answer.PASS


def test_a_licence_rule_is_not_milder_than_a_rule_of_the_policy() -> None:
    text = "min_score: {default: 0}\nrules:\n  - {id: agpl, when: 'finding.id == \"AGPL-3.0-only\"', then: block}\n"
    said = levels(text + "licenses: {warn: [AGPL-3.0-only]}\n")
    one = finding("AGPL-3.0-only", kind=Kind.LICENSE, cvss=None, fix=None)
    assert ask((one,), levels=said).answer is Answer.BLOCKED
    other = finding("GPL-3.0-only", kind=Kind.LICENSE, cvss=None, fix=None, aliases=("AGPL-3.0-only",))
    assert ask((one,), (other,), levels=said).answer is Answer.BLOCKED


def test_a_waiver_is_for_the_finding_that_it_was_signed_for() -> None:
    many = waiver(ids=("CVE-2026-1", "CVE-2026-7", "CVE-2026-9"), finding="CVE-2026-9")
    assert ask((finding(),), waivers=[many]).answer is Answer.BLOCKED
    assert ask((finding(aliases=("CVE-2026-9",)),), waivers=[many]).answer is Answer.PASS


def test_a_malicious_package_is_not_waived_and_one_person_is_one_however_written() -> None:
    assert ask((finding(kind=Kind.MALICIOUS),), waivers=[waiver()]).answer is Answer.BLOCKED
    assert ask((finding(),), waivers=[waiver(approved_by="Ana ")]).answer is Answer.BLOCKED


def test_a_waiver_without_a_release_is_for_every_release_of_a_distribution() -> None:
    one = finding()
    assert one.occurrence is not None
    curl = Component("Debian:12", "curl", "7.88")
    of_debian = replace(one, occurrence=replace(one.occurrence, component=curl))
    named = waiver(ecosystem="Debian", package="curl", versions=(("<", "8"),))
    assert ask((of_debian,), waivers=[named]).answer is Answer.PASS
    assert ask((of_debian,), waivers=[replace(named, ecosystem="Debian:11")]).answer is Answer.BLOCKED


def test_a_finding_of_several_cves_is_told_with_all_of_them_and_a_waiver_of_one_is_void() -> None:
    one = replace(finding("GO-2026-1", aliases=("CVE-2026-1", "CVE-2026-2")), whole=("GO-2026-1",))
    decision = ask((one,), waivers=[waiver()])
    assert decision.reasons[0] == "GO-2026-1 (CVE-2026-1, CVE-2026-2) in pkg:npm/left-pad@1.0.0: rule `high`"
    assert [said.waived.holds for said in decision.judged if said.waived] == [False]
    assert ask((one,), waivers=[waiver(), waiver(id="w-2", ids=("CVE-2026-2",))]).answer is Answer.PASS
    many = replace(one, ids=tuple(f"CVE-2026-{number}" for number in range(10, 30)))
    assert many.named.endswith("CVE-2026-19 and 10 more)")
