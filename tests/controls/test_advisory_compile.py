from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.advisory_compile import merge_intervals
from holdfast.controls.match import affects
from holdfast.controls.versions import version_key
from holdfast.model.advisory import Interval, Pairwise
from tests.controls.records import COLLECTED, collected, compiled, record
from tests.shared import needs_shared

VERSIONS = ["0.1-legacy", "0.9", "1.0", "1.5", "2.0", "2.0.post1", "2.5", "3.0", "3.5"]


def hit(*events: dict[str, str], **fields: Any) -> list[str]:
    """Return which of VERSIONS an advisory with these events affects."""
    advisory = compiled(*events, **fields)
    return [version for version in VERSIONS if affects(advisory, "PyPI", "demo", version)]


def key(version: str) -> bytes:
    found = version_key("PyPI", version)
    assert found is not None
    return found


def test_introduced_zero_is_before_every_version() -> None:
    assert hit({"introduced": "0"}) == VERSIONS
    assert compiled({"introduced": "0"}).intervals == (Interval("PyPI", "demo", b"", None),)


def test_fixed_is_exclusive_and_last_affected_inclusive() -> None:
    assert hit({"introduced": "1.0"}, {"fixed": "2.0"}) == ["1.0", "1.5"]
    assert hit({"introduced": "1.0"}, {"last_affected": "2.0"}) == ["1.0", "1.5", "2.0"]


def test_last_affected_ends_before_the_least_later_version() -> None:
    (interval,) = compiled({"introduced": "0"}, {"last_affected": "2.0"}).intervals
    assert interval.hi == key("2.0") + b"\x00"
    assert key("2.0+local") >= interval.hi


def test_order_of_events_in_the_record_does_not_count() -> None:
    assert hit({"fixed": "3.0"}, {"introduced": "2.5"}, {"fixed": "1.5"}, {"introduced": "0.9"}) == [
        "0.9",
        "1.0",
        "2.5",
    ]


def test_open_range_closes_before_it_opens_at_one_version() -> None:
    events = ({"introduced": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.0"}, {"fixed": "2.5"})
    assert hit(*events) == ["1.0", "1.5", "2.0", "2.0.post1"]


def test_closed_range_opens_before_it_closes_at_one_version() -> None:
    assert hit({"fixed": "2.0"}, {"introduced": "2.0"}) == []
    assert hit({"last_affected": "2.0"}, {"introduced": "2.0"}) == ["2.0"]


def test_limit_cuts_and_the_highest_of_several_counts() -> None:
    assert hit({"introduced": "1.0"}, {"limit": "1.5"}) == ["1.0"]
    assert hit({"introduced": "1.0"}, {"limit": "1.5"}, {"limit": "2.5"}) == ["1.0", "1.5", "2.0", "2.0.post1"]
    assert hit({"introduced": "3.0"}, {"limit": "*"}, {"limit": "1.5"}) == ["3.0", "3.5"]
    assert hit({"introduced": "3.0"}, {"limit": "1.5"}) == []


def test_second_fix_without_a_second_introduction_changes_nothing() -> None:
    assert hit({"introduced": "1.0"}, {"fixed": "1.5"}, {"fixed": "2.0"}, {"introduced": "3.0"}) == [
        "1.0",
        "3.0",
        "3.5",
    ]


def test_introduced_after_fixed_matches_nothing_and_is_a_problem() -> None:
    advisory = compiled({"introduced": "2.0"}, {"fixed": "1.0"})
    assert advisory.intervals == ()
    assert advisory.advisory.problems == ("a range is fixed before it is introduced; that pair affects nothing",)


def test_wrong_pair_leaves_the_other_ranges_alone() -> None:
    body = record({"introduced": "2.0"}, {"fixed": "1.0"})
    body["affected"][0]["ranges"].append({"type": "ECOSYSTEM", "events": [{"introduced": "3.0"}]})
    assert [one.lo for one in compile_advisory(parse_osv(body)).intervals] == [key("3.0")]


def test_enumerated_versions_are_points_in_the_union() -> None:
    assert hit({"introduced": "1.0"}, {"fixed": "1.5"}, versions=["1.0.0", "2", "0.1-legacy"]) == [
        "0.1-legacy",
        "1.0",
        "2.0",
    ]
    intervals = compiled({"introduced": "1.0"}, {"fixed": "1.5"}, versions=["1.0", "1.1", "2.0"]).intervals
    assert [(one.lo, one.hi) for one in intervals] == [(key("1.0"), key("1.5")), (key("2.0"), key("2.0") + b"\x00")]


@pytest.mark.parametrize("ranges", [[], [{"type": "GIT", "events": [{"introduced": "0"}]}]])
def test_nothing_to_compare_is_a_problem_and_no_match(ranges: list[object]) -> None:
    body = record()
    body["affected"][0]["ranges"] = ranges
    advisory = compile_advisory(parse_osv(body))
    assert (advisory.intervals, advisory.pairwise) == ((), ())
    assert "nothing can be matched" in advisory.advisory.problems[0]


def test_range_that_never_opens_is_a_problem() -> None:
    advisory = compiled({"fixed": "1.0"})
    assert advisory.intervals == ()
    assert len(advisory.advisory.problems) == 1


def test_unknown_ecosystem_is_named_and_compiled_to_nothing() -> None:
    advisory = compiled({"introduced": "0"}, ecosystem="Atlantis", versions=["1"])
    assert (advisory.intervals, advisory.pairwise) == ((), ())
    assert advisory.advisory.problems == ("no version scheme for the ecosystem `Atlantis`",)


def test_bound_without_a_key_is_compared_pairwise() -> None:
    advisory = compiled({"introduced": "0.2"}, {"fixed": "0.4"}, ecosystem="crates.io", versions=["0.1", "7.0.0"])
    body = parse_osv(record({"introduced": "0.2"}, {"fixed": "0.4"}, ecosystem="crates.io"))
    assert advisory.pairwise == (
        Pairwise("crates.io", "demo", body.affected[0].ranges[0]),
        Pairwise("crates.io", "demo", None, ("0.1",)),
    )
    assert len(advisory.intervals) == 1
    assert advisory.advisory.problems == ()


def test_bound_without_a_place_in_the_order_is_a_problem() -> None:
    advisory = compiled({"introduced": "0"}, {"fixed": "latest"}, ecosystem="npm")
    assert advisory.advisory.problems == ("`fixed: latest` has no place in the order of its ecosystem and is left out",)
    found = affects(advisory, "npm", "demo", "1.0.0")
    assert found is not None
    assert found.confidence == "low"


def test_fixes_are_every_fixed_event_once() -> None:
    body = record({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.5"})
    body["affected"] *= 2
    assert compile_advisory(parse_osv(body)).fixes == (("PyPI", "demo", "1.0"), ("PyPI", "demo", "2.5"))


bounds = st.sampled_from([b"", b"a", b"a\x00", b"b", b"c"])
intervals = st.lists(
    st.tuples(bounds, st.none() | bounds).filter(lambda keys: keys[1] is None or keys[0] < keys[1]), max_size=6
)


@given(intervals, bounds)
def test_merging_keeps_the_union_disjoint_and_sorted(
    given_keys: list[tuple[bytes, bytes | None]], point: bytes
) -> None:
    merged = merge_intervals(given_keys)
    for (_, hi), (lo, _) in zip(merged, merged[1:], strict=False):  # noqa: RUF007  # pairs of pairs read better so
        assert hi is not None
        assert hi < lo

    def holds(keys: list[tuple[bytes, bytes | None]]) -> bool:
        return any(lo <= point and (hi is None or point < hi) for lo, hi in keys)

    assert holds(merged) == holds(given_keys)


@needs_shared
@pytest.mark.parametrize("ecosystem", COLLECTED)
def test_collected_records_compile(ecosystem: str) -> None:
    found = [compile_advisory(parse_osv(one)) for one in collected(ecosystem, every=3)]
    empty = [one.advisory.id for one in found if not one.intervals and not one.pairwise]
    assert empty in ([], ["PYSEC-2022-15"])
    assert sum(len(one.intervals) for one in found) > 300
