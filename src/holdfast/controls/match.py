"""Which components an advisory affects, and which advisories affect a component.

Rules:

* a withdrawn advisory matches nothing; a component that is not from a registry is never matched;
* ecosystems match with their release suffix: an advisory for `Debian:12` says nothing of `Debian:11`;
* a match by keys has high confidence; one that needed a pairwise comparison, low;
* both directions give the same pairs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from holdfast.controls.advisory_ranges import is_in_range
from holdfast.controls.versions import compare_versions, scheme_for, version_key
from holdfast.model.advisory import Compiled, Pairwise
from holdfast.model.component import Component, Source
from holdfast.model.frozen import frozen

HIGH, LOW = "high", "low"


@frozen
class MatchResult:
    """An affected version; `confidence` is `high` by keys, `low` by pairwise comparison."""

    confidence: str


@frozen
class Hit:
    """An advisory that affects a component, by the advisory's id."""

    advisory: str
    confidence: str


_HIGH, _LOW = MatchResult(HIGH), MatchResult(LOW)


def covered(ecosystem: str) -> bool:
    """Tell whether versions of an ecosystem can be compared at all; what is not covered is unknown, never pass."""
    return scheme_for(ecosystem) is not None


def affects(compiled: Compiled, ecosystem: str, name: str, version: str) -> MatchResult | None:
    """Return how an advisory affects a version of a package; `None` when it does not.

    A version that has no place in its scheme's order (`is_comparable` tells) matches only where it is enumerated.
    """
    if compiled.advisory.withdrawn is not None:
        return None
    key = version_key(ecosystem, version)
    if key is None:
        return _LOW if _affects_without_key(compiled, ecosystem, name, version) else None
    for interval in compiled.intervals:
        if interval.name == name and interval.ecosystem == ecosystem and contains(interval.lo, interval.hi, key):
            return _HIGH
    here = (entry for entry in compiled.pairwise if entry.name == name and entry.ecosystem == ecosystem)
    return _LOW if any(matches_pairwise(entry, version) for entry in here) else None


def contains(lo: bytes, hi: bytes | None, key: bytes) -> bool:
    """Tell whether a version's key lies in an interval: from `lo` on, below `hi`; `None` is without end."""
    return lo <= key and (hi is None or key < hi)


def matches_pairwise(entry: Pairwise, version: str) -> bool:
    """Tell whether a version is in an entry's range or one of its list; a list names versions that compare equal."""
    if entry.range is not None and is_in_range(entry.ecosystem, version, entry.range):
        return True
    return any(version == one or compare_versions(entry.ecosystem, version, one) == 0 for one in entry.versions)


def _affects_without_key(compiled: Compiled, ecosystem: str, name: str, version: str) -> bool:
    return scheme_for(ecosystem) is not None and any(
        matches_pairwise(Pairwise(ecosystem, name, None, affected.versions), version)
        or any(is_in_range(ecosystem, version, one) for one in affected.ranges if one.type != "GIT")
        for affected in compiled.advisory.affected
        if affected.name == name and affected.ecosystem == ecosystem
    )


def match_advisory(compiled: Compiled, components: Iterable[Component]) -> list[tuple[Component, MatchResult]]:
    """Return the components that an advisory affects, in the order given."""
    packages = {(affected.ecosystem, affected.name) for affected in compiled.advisory.affected}
    out = []
    for component in components:
        if component.source is not Source.REGISTRY or (component.ecosystem, component.match_name) not in packages:
            continue
        result = affects(compiled, component.ecosystem, component.match_name, component.match_version)
        if result is not None:
            out.append((component, result))
    return out


@dataclass(slots=True)
class _Package:
    """What is known of one package; `intervals` are (lo, hi, advisory id)."""

    advisories: dict[str, Compiled] = field(default_factory=dict)
    intervals: list[tuple[bytes, bytes | None, str]] = field(default_factory=list)
    pairwise: list[tuple[Pairwise, str]] = field(default_factory=list)


class AdvisoryIndex:
    """Compiled advisories in memory, by package. A later one with the same id takes the place of the earlier."""

    def __init__(self, advisories: Iterable[Compiled] = ()) -> None:
        self._advisories: dict[str, Compiled] = {}
        self._packages: dict[tuple[str, str], _Package] = {}
        for compiled in advisories:
            self.put(compiled)

    def __len__(self) -> int:
        return len(self._advisories)

    def put(self, compiled: Compiled) -> None:
        """Add an advisory, or a new revision of one."""
        identifier = compiled.advisory.id
        self.drop(identifier)
        self._advisories[identifier] = compiled
        if compiled.advisory.withdrawn is not None:
            return
        for affected in compiled.advisory.affected:
            self._package(affected.ecosystem, affected.name).advisories[identifier] = compiled
        for interval in compiled.intervals:
            self._package(interval.ecosystem, interval.name).intervals.append((interval.lo, interval.hi, identifier))
        for entry in compiled.pairwise:
            self._package(entry.ecosystem, entry.name).pairwise.append((entry, identifier))

    def drop(self, identifier: str) -> None:
        """Forget an advisory; one that is not there is no error."""
        old = self._advisories.pop(identifier, None)
        if old is None:
            return
        for place in {(affected.ecosystem, affected.name) for affected in old.advisory.affected}:
            package = self._packages.get(place)
            if package is not None and package.advisories.pop(identifier, None) is not None:
                package.intervals = [entry for entry in package.intervals if entry[2] != identifier]
                package.pairwise = [entry for entry in package.pairwise if entry[1] != identifier]
                if not package.advisories:
                    del self._packages[place]

    def _package(self, ecosystem: str, name: str) -> _Package:
        return self._packages.setdefault((ecosystem, name), _Package())

    def match_component(self, component: Component) -> list[Hit]:
        """Return the advisories that affect a component, ordered by id; one hit an advisory, the surest."""
        package = self._packages.get((component.ecosystem, component.match_name))
        if package is None or component.source is not Source.REGISTRY:
            return []
        version = component.match_version
        key = version_key(component.ecosystem, version)
        if key is None:
            sure: set[str] = set()
            unsure = {
                identifier
                for identifier, compiled in package.advisories.items()
                if affects(compiled, component.ecosystem, component.match_name, version)
            }
        else:
            sure = {identifier for lo, hi, identifier in package.intervals if contains(lo, hi, key)}
            unsure = {identifier for entry, identifier in package.pairwise if matches_pairwise(entry, version)}
        return [Hit(identifier, HIGH if identifier in sure else LOW) for identifier in sorted(sure | unsure)]

    def find_safe_version(self, component: Component) -> str | None:
        """Return the smallest known version above the component's that no advisory touches; `None` without one."""
        place = (component.ecosystem, component.match_name)
        package = self._packages.get(place)
        if package is None:
            return None
        return smallest_safe_version(
            component.ecosystem,
            component.match_version,
            [(lo, hi) for lo, hi, _ in package.intervals],
            [fix for compiled in package.advisories.values() for *at, fix in compiled.fixes if tuple(at) == place],
            pairwise=[entry for entry, _ in package.pairwise],
        )


def smallest_safe_version(
    ecosystem: str,
    version: str,
    intervals: Iterable[tuple[bytes, bytes | None]],
    candidates: Iterable[str],
    *,
    pairwise: Sequence[Pairwise] = (),
) -> str | None:
    """Return the smallest candidate above `version` that no interval and no pairwise range touches.

    `intervals` and `pairwise` are those of every advisory on the package, an interval as the keys that it begins
    with and ends below; `candidates` every `fixed` version that one of them names. `None` when no candidate is safe.
    """
    keyed = {candidate: version_key(ecosystem, candidate) for candidate in candidates}
    current = version_key(ecosystem, version)
    above = [(key, one) for one, key in keyed.items() if key is not None and (current is None or key > current)]
    for candidate in _untouched(sorted(above), sorted(intervals, key=_lower)):
        if current is None and compare_versions(ecosystem, candidate, version) != 1:
            continue
        if not any(matches_pairwise(entry, candidate) for entry in pairwise):
            return candidate
    return None


def _lower(interval: tuple[bytes, bytes | None]) -> bytes:
    return interval[0]


def _untouched(versions: Sequence[tuple[bytes, str]], intervals: Sequence[tuple[bytes, bytes | None]]) -> Iterator[str]:
    """Yield the versions that no interval contains; both are sorted by key, so one pass tells."""
    reach, place = b"", 0
    for key, version in versions:
        while place < len(intervals) and intervals[place][0] <= key:
            hi = intervals[place][1]
            if hi is None:  # it contains this version, and all that follow
                return
            reach, place = max(reach, hi), place + 1
        if reach <= key:
            yield version
