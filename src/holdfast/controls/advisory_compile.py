"""Advisories compiled to intervals of order-preserving keys.

Rules:

* the union of ranges and enumerated versions, merged into disjoint, sorted intervals per package;
* an enumerated version is the point interval from its key to its key + 0x00, which no other key can enter;
* a range with a bound that has no key is kept whole, to be compared pairwise; so is an enumerated version without one;
* what a distribution calls not affected is an interval without any version: `0~git1` of Debian precedes the `0` of its
  record, and is as free of it as any other;
* what may not apply, for the product that it is of, is compared pairwise too: it matches with low confidence;
* `GIT` ranges are kept in the advisory and match nothing: components have versions, not commits;
* a package with neither ranges nor versions affects nothing that could be proved (OSV's evaluation finds nothing in
  it), and that is a problem; so is an ecosystem without a version scheme.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from holdfast.controls.advisory_ranges import LOWEST, bounds_of, group_by_position, limits_of, stretches_of
from holdfast.controls.versions import SchemeSpec, scheme_for
from holdfast.model.advisory import Advisory, Affected, Compiled, Event, Interval, PackageState, Pairwise, Range

_JUST_AFTER = b"\x00"
_NOTHING = (b"", b"")
Keys = tuple[bytes, bytes | None]


@lru_cache(maxsize=16384)
def _key(key_of: Callable[[str], bytes | None], version: str) -> bytes | None:
    """Return a version's key; the advisories of one package enumerate the same versions again and again."""
    return key_of(version)


@dataclass(slots=True)
class _Work:
    """What has been gathered of one advisory so far."""

    intervals: dict[tuple[str, str], list[Keys]] = field(default_factory=dict)
    pairwise: list[Pairwise] = field(default_factory=list)
    fixes: dict[tuple[str, str, str], None] = field(default_factory=dict)
    said: dict[tuple[str, str], set[PackageState | None]] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)
    ranges: dict[tuple[str, tuple[Event, ...]], list[Keys] | None] = field(default_factory=dict)
    """By scheme and events: distributions repeat one range for every binary package."""


def compile_advisory(advisory: Advisory) -> Compiled:
    """Compile an advisory for matching; problems found on the way are added to those of the advisory in the result."""
    work = _Work()
    for affected in advisory.affected:
        scheme = scheme_for(affected.ecosystem)
        if scheme is None:
            work.problems[f"no version scheme for the ecosystem `{affected.ecosystem}`"] = None
        else:
            _compile_affected(scheme, affected, work)
    intervals = tuple(
        Interval(ecosystem, name, lo, hi)
        for (ecosystem, name), keys in sorted(work.intervals.items())
        for lo, hi in merge_intervals(keys)
    )
    new = tuple(problem for problem in work.problems if problem not in advisory.problems)
    if new:
        advisory = replace(advisory, problems=advisory.problems + new)
    return Compiled(advisory, intervals, tuple(work.pairwise), tuple(work.fixes), _said(work))


def _said(work: _Work) -> tuple[tuple[str, str, PackageState], ...]:
    """Return what is said of each package: what all of the record's entries for it say, else nothing."""
    out = []
    for (ecosystem, name), states in work.said.items():
        first = next(iter(states))
        if first is not None and len(states) == 1:
            out.append((ecosystem, name, first))
    return tuple(out)


def _compile_affected(scheme: SchemeSpec, affected: Affected, work: _Work) -> None:
    ecosystem, name = affected.ecosystem, affected.name
    ranges = [one for one in affected.ranges if one.type != "GIT"]
    if not ranges and not affected.versions:
        kind = "only ranges of commits" if affected.ranges else "neither ranges nor versions"
        work.problems[f"`{name}` in {ecosystem} has {kind}: nothing can be matched"] = None
    work.said.setdefault((ecosystem, name), set()).add(affected.said)
    keys: list[Keys] = []
    if affected.said is PackageState.NOT_AFFECTED:
        ranges, keys = [], [_NOTHING]
    for one in ranges:
        found = _range_keys(scheme, one, work) if affected.is_sure else None
        if found is None:
            work.pairwise.append(Pairwise(ecosystem, name, one))
        else:
            keys += found
        for event in one.events:
            if event.kind == "fixed":
                work.fixes[ecosystem, name, event.version] = None
    keyless = []
    for version in affected.versions:
        key = _key(scheme.key, version) if affected.is_sure else None
        if key is None:
            keyless.append(version)
        else:
            keys.append((key, key + _JUST_AFTER))
    if keyless:
        work.pairwise.append(Pairwise(ecosystem, name, None, tuple(keyless)))
    if keys:
        work.intervals.setdefault((ecosystem, name), []).extend(keys)


def _range_keys(scheme: SchemeSpec, one: Range, work: _Work) -> list[Keys] | None:
    """Return the intervals of a range; `None` when one of its bounds has no key."""
    place = (scheme.id, one.events)
    if place not in work.ranges:
        work.ranges[place] = _compute_range_keys(scheme, one, work)
    return work.ranges[place]


def _compute_range_keys(scheme: SchemeSpec, one: Range, work: _Work) -> list[Keys] | None:
    bounds: list[tuple[str, bytes]] = []
    whole = True
    for kind, version in bounds_of(one.events):
        key = b"" if version == LOWEST else _key(scheme.key, version)
        if key is not None:
            bounds.append((kind, key))
            continue
        whole = False
        if scheme.compare(version, version) is None:
            work.problems[f"`{kind}: {version}` has no place in the order of its ecosystem and is left out"] = None
    limit_keys = [_key(scheme.key, version) for version in limits_of(one.events)]
    limits = [key for key in limit_keys if key is not None]
    if not whole or len(limits) != len(limit_keys):
        return None
    bounds.sort(key=lambda bound: bound[1])
    stretches, reversed_pair = stretches_of(group_by_position(bounds, bytes.__eq__))
    if reversed_pair:
        work.problems["a range is fixed before it is introduced; that pair affects nothing"] = None
    elif not any(kind == "introduced" for kind, _ in bounds):
        work.problems["a range without `introduced` affects nothing"] = None
    return _limited(
        ((s.lo, s.hi + _JUST_AFTER if s.inclusive and s.hi is not None else s.hi) for s in stretches), limits
    )


def _limited(intervals: Iterable[Keys], limits: list[bytes]) -> list[Keys]:
    """Cut intervals at the highest limit; no limits cut nothing."""
    if not limits:
        return list(intervals)
    limit = max(limits)
    return [(lo, limit if hi is None else min(hi, limit)) for lo, hi in intervals if lo < limit]


def merge_intervals(intervals: Iterable[Keys]) -> list[Keys]:
    """Return the union as disjoint intervals in ascending order; `None` as upper bound is without end."""
    intervals = list(intervals)
    if len(intervals) == 1:
        return intervals
    out: list[Keys] = []
    reach: bytes | None = b""
    for lo, hi in sorted(intervals, key=lambda keys: keys[0]):
        if out and (reach is None or lo <= reach):
            if reach is not None and (hi is None or hi > reach):
                reach = hi
                out[-1] = (out[-1][0], hi)
            continue
        out.append((lo, hi))
        reach = hi
    return out
