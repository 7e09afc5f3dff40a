"""The life of an exposure, day by day."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from holdfast.errors import ConflictError, NotFoundError
from holdfast.findings.context import Context, Place
from holdfast.findings.lifecycle import (
    LIFTED,
    MITIGATED,
    OPENED,
    REGRESSED,
    RESOLVED,
    UPDATED,
    Transition,
    act,
    find_backward_clocks,
    lift,
    mitigate,
    observe,
)
from holdfast.model.exposure import Ending, Exposure, Span, State
from tests.findings.made import SHOP, context, day, exposure, facts, ids, span


def step(
    spans: Sequence[Span], current: Sequence[Exposure], now: float, known: Context | None = None, first: str = ""
) -> Transition:
    """Observe, and expect exactly one transition."""
    steps = observe(spans, current, known or context(), day(now), (lambda: first) if first else ids())
    assert len(steps) == 1
    return steps[0]


def quiet(spans: Sequence[Span], current: Sequence[Exposure], now: float, known: Context | None = None) -> bool:
    """Whether observing changes nothing."""
    return observe(spans, current, known or context(), day(now), ids()) == []


def test_life_from_detection_over_mitigation_to_repair() -> None:
    """The whole loop.

    Day 0: watching begins. Day 1: the bad release runs. Day 3: its advisory applies, we see it. Day 4: a mitigation
    acts and is read back. Day 6: the fixed release replaces it. Day 7: we check again. Day 8: the flag returns.
    """
    bad = span(1, applicable=3)
    opened = step([bad], [], 3, context(facts(disclosed=2)))
    assert opened.kind == OPENED
    assert opened.before is None
    one = opened.after
    assert (one.id, one.episode, one.state, one.backlog) == ("exp_1", 1, State.OPEN, False)
    assert (one.clocks.introduced_at, one.clocks.disclosed_at, one.clocks.applicable_at) == (day(1), day(2), day(3))
    assert (one.clocks.detected_at, one.clocks.watched_since) == (day(3), day(0))
    assert (one.team, one.tier, one.risk.fix_version, one.versions) == ("web", 1, "1.2", ("1.0",))

    mitigated = mitigate(act(one, day(4)).after, day(4.2), day(4.5))
    assert mitigated.kind == MITIGATED
    assert (mitigated.after.clocks.acted_at, mitigated.after.clocks.mitigated_at) == (day(4), day(4.5))
    assert quiet([bad], [mitigated.after], 5, context(facts(disclosed=2)))

    resolved = step([span(1, 6, applicable=3)], [mitigated.after], 7)
    assert resolved.kind == RESOLVED
    assert (resolved.after.state, resolved.after.ending) == (State.RESOLVED, Ending.FIXED)
    assert (resolved.after.clocks.fixed_at, resolved.after.clocks.resolved_at) == (day(6), day(7))

    lifted = lift(resolved.after, day(8))
    assert (lifted.kind, lifted.after.state, lifted.after.clocks.lifted_at) == (LIFTED, State.RESOLVED, day(8))
    assert lifted.problems == ()


def test_observing_twice_changes_nothing() -> None:
    opened = step([span(1)], [], 3)
    assert quiet([span(1)], [opened.after], 4)


def test_past_running_alone_opens_nothing() -> None:
    assert quiet([span(1, 2)], [], 3)


def test_running_that_is_announced_for_later_is_not_live_yet() -> None:
    assert quiet([span(5)], [], 3)
    assert step([span(5)], [], 5).after.clocks.introduced_at == day(5)


def test_what_existed_when_watching_began_is_backlog() -> None:
    """Day -9: it runs. Day -5: the advisory applies. Day 0: the first scan. Equal instants are backlog too."""
    assert step([span(-9, applicable=-5)], [], 0).after.backlog
    assert step([span(0)], [], 0).after.backlog


def test_a_release_deployed_after_watching_began_is_no_backlog() -> None:
    assert not step([span(1, applicable=-5)], [], 2).after.backlog


def test_an_advisory_that_came_to_apply_later_is_no_backlog() -> None:
    assert not step([span(-9, applicable=4)], [], 5).after.backlog


def test_disclosure_stands_in_for_an_unknown_day_of_applying() -> None:
    assert not step([span(-9)], [], 5, context(facts(disclosed=4))).after.backlog
    assert step([span(-9)], [], 5, context(facts(disclosed=-1))).after.backlog


def test_a_disclosure_in_the_year_one_is_no_date() -> None:
    dated = replace(facts(), disclosed_at=day(0).replace(year=1))
    assert step([span(-9)], [], 1, context(dated)).after.clocks.disclosed_at is None


def test_late_fact_moves_the_introduction_earlier_and_detection_stays() -> None:
    """Day 3: seen running since day 2. Day 5: a claim arrives that an older bad release ran from day 1 to day 2."""
    one = step([span(2)], [], 3).after
    updated = step([span(2), span(1, 2, version="0.9")], [one], 5)
    assert updated.kind == UPDATED
    assert updated.after.clocks.introduced_at == day(1)
    assert updated.after.clocks.detected_at == day(3)


def test_late_fact_moves_the_introduction_later() -> None:
    """Day 3: claimed to run since day 1. Day 5: an observation says that it began on day 2.5."""
    one = step([span(1)], [], 3).after
    updated = step([span(2.5)], [one], 5)
    assert updated.after.clocks.introduced_at == day(2.5)
    assert updated.problems == ()


def test_late_fact_moves_out_of_the_backlog() -> None:
    one = step([span(-2)], [], 1).after
    assert one.backlog
    assert not step([span(0.5)], [one], 2).after.backlog


def test_correction_to_after_detection_is_shown_and_not_clamped() -> None:
    """Day 3: claimed to run since day 1, and seen. Day 5: it really began on day 4."""
    one = step([span(1)], [], 3).after
    updated = step([span(4)], [one], 5)
    assert updated.after.clocks.introduced_at == day(4)
    assert any("detected_at" in words and "introduced_at" in words for words in updated.problems)


def test_gap_learnt_of_afterwards_does_not_end_the_episode() -> None:
    """Day 3: seen. Day 7: a late claim says that a good release ran from day 4 to day 5, then the bad one again."""
    one = step([span(1)], [], 3).after
    known = [span(1, 4), span(5)]
    assert quiet(known, [one], 7)


def test_raising_to_another_affected_version_is_the_same_exposure() -> None:
    one = step([span(1)], [], 2).after
    updated = step([span(1, 3), span(3, version="1.1")], [one], 4)
    assert (updated.after.id, updated.after.versions) == (one.id, ("1.1",))
    assert updated.after.clocks.introduced_at == day(1)
    assert updated.after.risk.fix_version is None


def test_exposure_ends_only_when_the_last_target_is_fixed() -> None:
    """Day 3: eu gets the fix, us does not. Day 5: us gets it."""
    one = step([span(1), span(1, target="us")], [], 2).after
    assert quiet([span(1, 3), span(1, target="us")], [one], 4)
    resolved = step([span(1, 3), span(1, 5, target="us")], [one], 6)
    assert resolved.after.clocks.fixed_at == day(5)


def test_known_replacement_is_the_day_of_the_fix() -> None:
    one = step([span(1)], [], 2).after
    known = replace(context(), replaced_at={one.fingerprint: day(3)})
    assert step([span(1, 5)], [one], 6, known).after.clocks.fixed_at == day(3)


def test_subject_that_runs_nothing_any_more_is_decommissioned() -> None:
    one = step([span(1)], [], 2).after
    gone = step([span(1, 3)], [one], 4, context(still_runs=False))
    assert (gone.after.ending, gone.after.clocks.fixed_at) == (Ending.DECOMMISSIONED, None)


def test_same_version_that_no_longer_matches_is_withdrawn() -> None:
    one = step([span(1)], [], 2).after
    known = context(components=frozenset({("PyPI", "jinja2", "1.0")}))
    assert step([], [one], 4, known).after.ending is Ending.WITHDRAWN


def test_withdrawn_records_end_it_even_where_components_were_not_listed() -> None:
    one = step([span(1)], [], 2).after
    assert step([], [one], 4, context(replace(facts(), withdrawn=True))).after.ending is Ending.WITHDRAWN


def test_place_that_was_not_read_resolves_nothing() -> None:
    one = step([span(1)], [], 2).after
    assert quiet([], [one], 4, replace(context(), places={}))


def test_return_of_a_resolved_one_is_a_new_episode() -> None:
    """Day 2: seen. Day 4: fixed. Day 6: rolled back to the bad release. Day 7: seen again."""
    one = step([span(1)], [], 2).after
    ended = step([span(1, 4)], [one], 4).after
    again = step([span(1, 4), span(6)], [ended], 7, first="exp_2")
    assert (again.kind, again.after.state) == (REGRESSED, State.REGRESSED)
    assert (again.after.id, again.after.episode, again.after.backlog) == ("exp_2", 2, False)
    assert (again.after.clocks.introduced_at, again.after.clocks.detected_at) == (day(6), day(7))
    assert again.after.ending is None
    assert again.before == ended


def test_reinstated_advisory_is_not_late_by_the_time_it_was_withdrawn() -> None:
    """Day 2: seen. Day 4: withdrawn. Day 9: reinstated: nothing could be detected before the re-check of day 4."""
    one = step([span(1)], [], 2).after
    ended = step([], [one], 4, context(replace(facts(), withdrawn=True))).after
    again = step([span(1)], [ended], 9, first="exp_2").after
    assert (again.clocks.watched_since, again.backlog) == (day(4), False)


def test_merged_fingerprint_that_runs_alone_again_keeps_its_clocks() -> None:
    merged = exposure(state=State.RESOLVED, ending=Ending.MERGED, detected=2, mitigated=3, resolved=4)
    again = step([span(1)], [merged], 9, first="exp_2")
    assert (again.kind, again.after.state, again.after.episode) == (OPENED, State.OPEN, 2)
    assert (again.after.clocks.detected_at, again.after.clocks.mitigated_at) == (day(2), None)


def test_lift_while_live_regresses_in_the_same_episode() -> None:
    """Day 2: mitigated. Day 3: the flag is turned back while the bad release runs. Day 5: mitigated anew."""
    one = mitigate(exposure(detected=1), day(1.5), day(2)).after
    early = lift(one, day(3))
    assert (early.kind, early.after.state, early.after.id) == (REGRESSED, State.REGRESSED, one.id)
    assert (early.after.episode, early.after.clocks.lifted_at) == (1, day(3))
    anew = mitigate(early.after, day(4), day(5)).after
    assert (anew.clocks.acted_at, anew.clocks.mitigated_at, anew.clocks.lifted_at) == (day(1.5), day(5), None)


def test_latest_episode_counts_whatever_the_order() -> None:
    old = replace(exposure("exp_1", state=State.RESOLVED, ending=Ending.FIXED, resolved=1), episode=1)
    new = replace(exposure("exp_2", introduced=2, detected=2), episode=2)
    assert step([span(2, 3)], [new, old], 4).after.id == "exp_2"


def test_illegal_deeds_are_conflicts_that_name_the_state() -> None:
    resolved = exposure(state=State.RESOLVED, ending=Ending.FIXED, resolved=2)
    mitigated = exposure(state=State.MITIGATED, acted=1, mitigated=1)
    with pytest.raises(ConflictError, match="`resolved`"):
        act(resolved, day(3))
    with pytest.raises(ConflictError, match="expected `open` or `regressed`, got `mitigated`"):
        mitigate(mitigated, day(2), day(2))
    with pytest.raises(ConflictError):
        lift(exposure(), day(3))
    with pytest.raises(ConflictError):
        lift(resolved, day(3))


def test_clock_that_ran_backwards_resolves_nothing_and_is_named() -> None:
    """Day 5: seen running since day 4. Then the clock falls back to day 3, when nothing ran yet."""
    one = step([span(4)], [], 5).after
    assert quiet([span(4)], [one], 3)
    assert "ran backwards" in find_backward_clocks([one], day(3))[0]
    assert find_backward_clocks([one], day(6)) == ()


def test_clock_that_ran_backwards_holds_no_deed_back_and_is_shown() -> None:
    late = mitigate(exposure(detected=5), day(4), day(4.5))
    assert late.after.clocks.mitigated_at == day(4.5)
    assert any(words.startswith("acted_at") for words in late.problems)


def test_unknown_cluster_or_place_of_something_live_is_an_error() -> None:
    with pytest.raises(NotFoundError, match="clu_9"):
        observe([span(1, cluster="clu_9")], [], context(), day(2), ids())
    with pytest.raises(NotFoundError, match="svc_1"):
        observe([span(1)], [], replace(context(), places={}), day(2), ids())


def test_two_records_of_one_cluster_are_one_exposure() -> None:
    other = replace(span(1, applicable=2), advisory="CVE-1")
    one = step([span(1, applicable=3), other], [], 5, context(facts("clu_1", "CVE-1", "GHSA-1"))).after
    assert one.advisories == ("CVE-1", "GHSA-1")
    assert one.clocks.applicable_at == day(2)


def test_description_takes_the_careful_side() -> None:
    unsure = replace(span(1), direct=None, confidence="low")
    transitive = replace(span(1, target="us"), direct=False, path=("flask",))
    both = step([unsure, transitive], [], 2).after
    assert (both.direct, both.path, both.confidence) == (None, ("flask",), "high")
    assert step([replace(transitive, direct=True), unsure], [], 2).after.direct is True


def test_host_has_its_own_place() -> None:
    host = replace(span(1), subject=replace(SHOP, kind="host", id="hst_1", name="web-1"))
    known = context()
    both = Context(known.org, known.advisories, {**known.places, ("hst_1", "prod"): Place(day(0))})
    steps = observe([span(1), host], [], both, day(2), ids())
    assert {one.after.subject.kind for one in steps} == {"service", "host"}
    assert {one.after.team for one in steps} == {"web", None}
