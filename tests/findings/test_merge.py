"""Alias clusters that merge and split: nothing closes, nothing reopens, the earliest clocks stay."""

from dataclasses import replace

from holdfast.findings.identity import fingerprint
from holdfast.findings.lifecycle import MERGED, OPENED, UPDATED, mitigate, observe
from holdfast.findings.merge import merge, split
from holdfast.model.exposure import Ending, Exposure, State
from tests.findings.made import SHOP, context, day, exposure, facts, ids, span


def key(cluster: str) -> str:
    return fingerprint(SHOP, "prod", "PyPI", "jinja2", cluster)


def both() -> list[Exposure]:
    """Day 2: known as GHSA-1. Day 5: known as CVE-1 as well, without anybody seeing that they are one."""
    return [exposure("exp_2", cluster="b", detected=5), exposure("exp_1", cluster="a", detected=2)]


def test_earliest_exposure_survives_a_merge_with_its_clocks() -> None:
    result = merge(both(), facts("b", "CVE-1", "GHSA-1"), day(7))
    kept, ended = result.transitions
    assert (kept.kind, kept.after.id, kept.after.cluster) == (UPDATED, "exp_1", "b")
    assert kept.after.clocks.detected_at == day(2)
    assert kept.after.advisories == ("CVE-1", "GHSA-1")
    assert kept.after.state is State.OPEN
    assert (ended.kind, ended.after.id, ended.after.ending) == (MERGED, "exp_2", Ending.MERGED)
    assert result.aliases == {key("a"): key("b")}
    assert result.successors == {"exp_2": "exp_1"}


def test_identities_stay_unique_after_a_merge() -> None:
    after = [step.after for step in merge(both(), facts("b", "CVE-1", "GHSA-1"), day(7)).transitions]
    assert len({(one.fingerprint, one.episode) for one in after}) == 2
    assert max(after, key=lambda one: one.episode).id == "exp_1"


def test_nothing_reopens_when_the_next_check_comes() -> None:
    known = facts("b", "CVE-1", "GHSA-1")
    after = [step.after for step in merge(both(), known, day(7)).transitions]
    steps = observe([span(0, cluster="b")], after, context(known), day(8), ids())
    assert {step.kind for step in steps} <= {UPDATED}
    assert {step.after.id for step in steps} <= {"exp_1"}


def test_mitigation_proven_for_one_holds_for_the_survivor() -> None:
    second, first = both()
    mitigated = mitigate(second, day(5.5), day(6)).after
    kept = merge([mitigated, first], facts("a", "CVE-1", "GHSA-1"), day(7)).transitions[0].after
    assert (kept.id, kept.state) == ("exp_1", State.MITIGATED)
    assert (kept.clocks.acted_at, kept.clocks.mitigated_at, kept.clocks.detected_at) == (day(5.5), day(6), day(2))


def test_resolved_history_stays_and_the_live_one_survives() -> None:
    second, first = both()
    done = replace(first, state=State.RESOLVED, ending=Ending.FIXED, clocks=replace(first.clocks, resolved_at=day(3)))
    steps = merge([second, done], facts("a", "CVE-1", "GHSA-1"), day(7)).transitions
    assert [step.after.id for step in steps] == ["exp_2"]
    assert (steps[0].after.fingerprint, steps[0].after.episode) == (key("a"), 2)


def test_return_after_a_merge_of_resolved_ones_is_seen_as_a_return() -> None:
    done = [
        replace(one, state=State.RESOLVED, ending=Ending.FIXED, clocks=replace(one.clocks, resolved_at=day(6)))
        for one in both()[1:]
    ]
    known = facts("c", "CVE-1", "GHSA-1")
    after = [step.after for step in merge(done, known, day(7)).transitions]
    again = observe([span(8, cluster="c")], after, context(known), day(9), lambda: "exp_9")
    assert (again[0].after.state, again[0].after.episode) == (State.REGRESSED, 2)


def test_places_merge_each_on_its_own() -> None:
    elsewhere = replace(both()[0], id="exp_3", environment="test")
    result = merge([*both(), elsewhere], facts("a", "CVE-1", "GHSA-1"), day(7))
    assert {step.after.id: step.kind for step in result.transitions} == {
        "exp_1": UPDATED,
        "exp_2": MERGED,
        "exp_3": UPDATED,
    }


def test_merge_of_nothing_new_is_silent() -> None:
    assert merge([exposure()], facts("clu_1", "GHSA-1"), day(3)).transitions == ()


def test_split_leaves_the_exposure_with_its_own_part_and_opens_the_other_with_its_clocks() -> None:
    one = mitigate(replace(exposure(detected=2), advisories=("CVE-1", "CVE-2")), day(3), day(3)).after
    parts = [facts("clu_2", "CVE-2"), facts("clu_1", "CVE-1")]
    spans = [span(0, cluster="clu_1"), span(0, cluster="clu_2")]
    kept, opened = split([one], "clu_1", parts, spans, day(5), new_id=lambda: "exp_2")
    assert (kept.kind, kept.after.id, kept.after.advisories) == (UPDATED, "exp_1", ("CVE-1",))
    assert kept.after.state is State.MITIGATED
    assert (opened.kind, opened.after.id, opened.after.cluster) == (OPENED, "exp_2", "clu_2")
    assert (opened.after.clocks.detected_at, opened.after.clocks.mitigated_at) == (day(2), None)
    assert (opened.after.state, opened.after.fingerprint) == (State.OPEN, key("clu_2"))


def test_split_moves_the_exposure_to_the_part_that_still_matches() -> None:
    one = replace(exposure(detected=2), advisories=("CVE-1", "CVE-2"))
    parts = [facts("clu_1", "CVE-1"), facts("clu_2", "CVE-2")]
    steps = split([one], "clu_1", parts, [span(0, cluster="clu_2")], day(5), new_id=ids())
    assert [(step.after.id, step.after.cluster) for step in steps] == [("exp_1", "clu_2")]


def test_split_without_any_match_waits_for_the_next_check() -> None:
    one = replace(exposure(detected=2), advisories=("CVE-1", "CVE-2"))
    parts = [facts("clu_2", "CVE-2"), facts("clu_3", "CVE-1")]
    steps = split([one], "clu_1", parts, [], day(5), new_id=ids())
    assert [(step.after.id, step.after.cluster, step.after.is_live) for step in steps] == [("exp_1", "clu_2", True)]


def test_split_then_check_closes_and_reopens_nothing() -> None:
    one = replace(exposure(detected=2), advisories=("CVE-1", "CVE-2"))
    parts = [facts("clu_1", "CVE-1"), facts("clu_2", "CVE-2")]
    spans = [span(0, cluster="clu_1"), span(0, cluster="clu_2")]
    after = [step.after for step in split([one], "clu_1", parts, spans, day(5), new_id=lambda: "exp_2")]
    steps = observe(spans, after, context(*parts), day(6), ids())
    assert {step.kind for step in steps} <= {UPDATED}
    assert {step.after.clocks.detected_at for step in steps} <= {day(2)}
