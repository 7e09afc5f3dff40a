"""Chains of running, by valid time alone."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from holdfast.findings.history import covers, find_applicable_at, find_chain_at, find_chains, find_last_end, group_spans
from holdfast.model.exposure import Span
from tests.findings.made import day, span


def test_spans_that_touch_or_overlap_are_one_chain_over_all_targets() -> None:
    chains = find_chains([span(4, 7, target="us"), span(0, 3), span(3, 5)])
    assert [(chain.started_at, chain.ended_at) for chain in chains] == [(day(0), day(7))]


def test_a_gap_makes_two_chains() -> None:
    chains = find_chains([span(0, 2), span(3)])
    assert [(chain.started_at, chain.ended_at) for chain in chains] == [(day(0), day(2)), (day(3), None)]


def test_a_long_span_hides_shorter_ones_within() -> None:
    assert len(find_chains([span(0), span(1, 2, target="us"), span(5, 6, target="us")])) == 1


def test_a_span_that_ended_before_it_began_covers_nothing() -> None:
    assert find_chains([span(5, 3), span(4, 4)]) == ()
    assert not covers(span(5, 3), day(4))


def test_a_span_does_not_run_at_its_end() -> None:
    assert covers(span(0, 1), day(0))
    assert not covers(span(0, 1), day(1))


def test_the_year_one_is_no_date_of_applying() -> None:
    year_one = replace(span(0), applicable_at=day(0).replace(year=1))
    chain = find_chains([year_one])[0]
    assert find_applicable_at([year_one], chain) is None
    assert find_applicable_at([year_one, span(0, applicable=2)], chain) == day(2)


def test_last_end_does_not_look_into_the_future() -> None:
    assert find_last_end([span(0, 2), span(2, 9)], day(5)) == day(2)


_SPANS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 6) | st.none(), st.sampled_from(["eu", "us"])), min_size=1, max_size=8
).map(lambda rows: [span(start, None if run is None else start + run, target=target) for start, run, target in rows])


@given(_SPANS, st.integers(0, 30), st.randoms())
def test_chains_cover_exactly_what_spans_cover_in_any_order(spans: list[Span], at: int, random: Random) -> None:
    shuffled = list(spans)
    random.shuffle(shuffled)
    chains = find_chains(shuffled)
    assert chains == find_chains(spans)
    assert (find_chain_at(chains, day(at)) is not None) == any(covers(one, day(at)) for one in spans)
    ends = [chain.ended_at for chain in chains[:-1]]
    assert all(end is not None and end < after.started_at for end, after in zip(ends, chains[1:], strict=True))
    assert group_spans(shuffled) == group_spans(spans)
