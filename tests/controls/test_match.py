from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.match import (
    AdvisoryIndex,
    Hit,
    affects,
    covered,
    match_advisory,
    smallest_safe_version,
)
from holdfast.model.component import Component, Source
from tests.controls.evaluation import is_affected
from tests.controls.records import COLLECTED, collected, compiled, record
from tests.shared import needs_shared

NEAR = ["0", "0.9", "1.0", "1.0.post1", "1.1.dev1", "1.5", "2.0", "2.0+local", "2.1", "3.0", "9"]


def bounds_of(body: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    """Return, for each package of a record, every version that it names."""
    out: dict[tuple[str, str], list[str]] = {}
    for affected in parse_osv(body).affected:
        named = chain.from_iterable(
            (event.version for event in one.events) for one in affected.ranges if one.type != "GIT"
        )
        out.setdefault((affected.ecosystem, affected.name), []).extend((*named, *affected.versions))
    return out


@needs_shared
@pytest.mark.parametrize("ecosystem", COLLECTED)
def test_match_is_what_osvs_evaluation_says_of_collected_records(ecosystem: str) -> None:
    compared = differing = 0
    for body in collected(ecosystem, every=23):
        advisory = compile_advisory(parse_osv(body))
        for (place, name), versions in list(bounds_of(body).items())[:5]:
            for version in dict.fromkeys([v for v in versions if v != "*"][:60]):
                compared += 1
                expected = is_affected(body, place, name, version)
                differing += expected != (affects(advisory, place, name, version) is not None)
    assert compared > 50
    assert differing == 0


events = st.lists(
    st.tuples(
        st.sampled_from(["introduced", "introduced", "fixed", "last_affected", "limit"]),
        st.sampled_from(["1.0", "1.5", "2.0", "3.0"]) | st.just("1.0.0"),
    ),
    max_size=5,
).map(lambda pairs: [{"introduced": "0"}, *({kind: version} for kind, version in pairs)])


@given(events, st.lists(st.sampled_from(NEAR), max_size=2), st.sampled_from(NEAR))
def test_match_is_what_osvs_evaluation_says(rows: list[dict[str, str]], versions: list[str], version: str) -> None:
    body = record(*rows, versions=versions)
    assert is_affected(body, "PyPI", "demo", version) == bool(
        affects(compiled(*rows, versions=versions), "PyPI", "demo", version)
    )


@given(events, st.sampled_from(["1.0.0", "1.5", "2", "2.0.0", "2.1.0", "3.0.0-rc.1", "9"]))
def test_pairwise_path_agrees_with_the_evaluation(rows: list[dict[str, str]], version: str) -> None:
    body = record(*rows, ecosystem="npm")
    assert is_affected(body, "npm", "demo", version) == bool(
        affects(compiled(*rows, ecosystem="npm"), "npm", "demo", version)
    )


advisories = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), events, st.sampled_from(["PyPI", "npm", "Debian:12"]), st.booleans()),
    max_size=5,
)
components = st.lists(
    st.builds(
        Component,
        st.sampled_from(["PyPI", "npm", "Debian:12", "Debian:11", "Maven"]),
        st.sampled_from(["demo", "other"]),
        st.sampled_from([*NEAR, "1.0.0", "2.0.0-rc.1", "latest", "a:b"]),
        st.sampled_from([Source.REGISTRY, Source.REGISTRY, Source.PATH]),
    ),
    max_size=6,
)


@given(advisories, components)
def test_both_directions_give_the_same_pairs(rows: list[tuple[str, Any, str, bool]], parts: list[Component]) -> None:
    index = AdvisoryIndex()
    current = {}
    for name, changes, ecosystem, withdrawn in rows:
        fields: dict[str, Any] = {"withdrawn": "2026-02-01T00:00:00Z"} if withdrawn else {}
        current[name] = compiled(*changes, id=name, ecosystem=ecosystem, **fields)
        index.put(current[name])
    there = {(part, hit.advisory, hit.confidence) for part in parts for hit in index.match_component(part)}
    back = {
        (part, name, result.confidence) for name, one in current.items() for part, result in match_advisory(one, parts)
    }
    assert there == back
    assert there == {
        (part, hit.advisory, hit.confidence)
        for part in parts
        for hit in AdvisoryIndex(current.values()).match_component(part)
    }


def test_withdrawn_advisory_matches_nothing() -> None:
    advisory = compiled({"introduced": "0"}, withdrawn="2026-02-01T00:00:00Z")
    assert affects(advisory, "PyPI", "demo", "1.0") is None
    assert AdvisoryIndex([advisory]).match_component(Component("PyPI", "demo", "1.0")) == []


def test_withdrawal_takes_an_advisory_out_of_the_index() -> None:
    index = AdvisoryIndex([compiled({"introduced": "0"})])
    component = Component("PyPI", "demo", "1.0")
    assert index.match_component(component) == [Hit("T-1", "high")]
    index.put(compiled({"introduced": "0"}, withdrawn="2026-02-01T00:00:00Z"))
    assert index.match_component(component) == []
    assert len(index) == 1
    index.drop("T-1")
    assert len(index) == 0


@pytest.mark.parametrize("source", [Source.PATH, Source.VCS, Source.URL])
def test_component_that_is_not_from_a_registry_is_never_matched(source: Source) -> None:
    advisory = compiled({"introduced": "0"})
    component = Component("PyPI", "demo", "1.0", source)
    assert match_advisory(advisory, [component]) == []
    assert AdvisoryIndex([advisory]).match_component(component) == []
    assert AdvisoryIndex([advisory]).match_component(replace(component, source=Source.REGISTRY)) == [Hit("T-1", "high")]


def test_distribution_release_and_source_package_count() -> None:
    index = AdvisoryIndex([compiled({"introduced": "0"}, {"fixed": "3.0-1"}, ecosystem="Debian:12", name="openssl")])
    library = Component("Debian:12", "libssl3", "3.0-0+b1", source_package="openssl", source_version="3.0-0")
    assert index.match_component(library) == [Hit("T-1", "high")]
    assert index.match_component(replace(library, ecosystem="Debian:11")) == []
    assert index.match_component(replace(library, source_version="3.0-1")) == []


def test_version_without_a_key_matches_with_low_confidence() -> None:
    advisory = compiled({"introduced": "1.0.0"}, {"fixed": "2.0.0"}, ecosystem="npm", versions=["latest"])
    index = AdvisoryIndex([advisory])
    assert index.match_component(Component("npm", "demo", "1.2")) == [Hit("T-1", "low")]
    assert index.match_component(Component("npm", "demo", "latest")) == [Hit("T-1", "low")]
    assert index.match_component(Component("npm", "demo", "next")) == []


def test_coverage_is_having_a_scheme() -> None:
    assert covered("Debian:12")
    assert not covered("Atlantis")


def intervals_of(*advisories: Any) -> list[tuple[bytes, bytes | None]]:
    return [(interval.lo, interval.hi) for one in advisories for interval in one.intervals]


def fixes_of(*advisories: Any) -> list[str]:
    return [version for one in advisories for _, _, version in one.fixes]


def test_safe_version_is_one_that_no_advisory_touches() -> None:
    first = compiled({"introduced": "0"}, {"fixed": "1.5"})
    second = compiled({"introduced": "1.4"}, {"fixed": "2.1"}, id="T-2")
    assert smallest_safe_version("PyPI", "1.0", intervals_of(first), fixes_of(first)) == "1.5"
    assert smallest_safe_version("PyPI", "1.0", intervals_of(first, second), fixes_of(first, second)) == "2.1"
    assert smallest_safe_version("PyPI", "1.0", intervals_of(second, first), fixes_of(first, second)) == "2.1"
    assert AdvisoryIndex([first, second]).find_safe_version(Component("PyPI", "demo", "1.0")) == "2.1"


def test_safe_version_is_above_the_present_one_and_none_when_unknown() -> None:
    branches = compiled({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.1"})
    endless = compiled({"introduced": "0"}, id="T-2")
    assert smallest_safe_version("PyPI", "2.0", intervals_of(branches), fixes_of(branches)) == "2.1"
    assert smallest_safe_version("PyPI", "2.0", intervals_of(branches, endless), fixes_of(branches)) is None
    assert smallest_safe_version("PyPI", "9", intervals_of(branches), fixes_of(branches)) is None
    assert AdvisoryIndex().find_safe_version(Component("PyPI", "demo", "1.0")) is None


def test_safe_version_heeds_pairwise_ranges() -> None:
    keyed = compiled({"introduced": "0"}, {"fixed": "0.3.0"}, ecosystem="crates.io")
    loose = compiled({"introduced": "0"}, {"fixed": "0.4"}, ecosystem="crates.io", id="T-2")
    later = compiled({"introduced": "0"}, {"fixed": "0.5.0"}, ecosystem="crates.io", id="T-3")
    component = Component("crates.io", "demo", "0.1.0")
    assert AdvisoryIndex([keyed, loose]).find_safe_version(component) is None
    assert AdvisoryIndex([keyed, loose, later]).find_safe_version(component) == "0.5.0"


@given(st.lists(events, min_size=1, max_size=4), st.sampled_from(NEAR))
def test_safe_version_is_the_least_untouched_fix(rows: list[list[dict[str, str]]], version: str) -> None:
    found = [compiled(*changes, id=f"T-{number}") for number, changes in enumerate(rows)]
    safe = AdvisoryIndex(found).find_safe_version(Component("PyPI", "demo", version))
    if safe is not None:
        assert not any(affects(one, "PyPI", "demo", safe) for one in found)
        assert safe in fixes_of(*found)
