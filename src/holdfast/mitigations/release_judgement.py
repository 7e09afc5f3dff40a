"""Whether a release may take the place of the one that runs: pure judgement, each refusal in words.

Rules:
1. It ran healthy here: its newest deployment succeeded and ended because another release took its place. One that
   failed here last, or was taken away, proves nothing.
2. It is strictly less exposed. Either its holes are a strict subset of those that run; or its greatest risk is lower,
   and none of the holes that it would bring is known, or may be, exploited. The hole that is to be closed is never
   in it. What can't be told of its composition counts against it, unless the same runs already.
3. No release that ran since forbids it: each may name the oldest version that can live with its data.
   Versions with dots compare by Semantic Versioning, leniently; others by the order in which they were registered.
4. Silence is no proof: without a composition, or with gaps in it, nothing is less exposed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.controls.versions import compare_versions
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.inventory import Deployment, Release, Status

_UNSCORED = 7.0
_DOTTED = re.compile(r"v?[0-9]+(\.[0-9]+)+([-+][0-9A-Za-z.+-]*)?", re.ASCII)
_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class Hole:
    """A package with a cluster of advisories that affect it."""

    ecosystem: str
    name: str
    cluster: str


@frozen
class Danger:
    """What is known of a hole; `None` is "not known", which counts as the worse. `known_as` is an advisory's id."""

    severity: float | None = None
    known_exploited: bool | None = None
    epss: float | None = None
    known_as: str = ""

    @property
    def risk(self) -> float:
        """Severity times likelihood, 0 to 100; both releases would run in the same place. Source: docs/design.md, 8."""
        severity = _UNSCORED if self.severity is None else self.severity
        return 10 * severity * self._likelihood()

    def _likelihood(self) -> float:
        if self.known_exploited:
            return 1.0
        if self.epss is None or self.epss >= 0.1:
            return 0.6
        return 0.3 if self.epss >= 0.01 else 0.15


@frozen
class Exposed:
    """How exposed a release is. `doubts` are parts that can't be judged; `unknown` why nothing can be said at all."""

    holes: Mapping[Hole, Danger] = field(default_factory=dict)
    doubts: frozenset[str] = frozenset()
    unknown: str | None = None

    @property
    def risk(self) -> float:
        """The greatest risk of its holes."""
        return max((danger.risk for danger in self.holes.values()), default=0.0)


def find_not_less(
    candidate: Exposed, running: Exposed, about: Hole | None = None, *, strictly: bool = True
) -> str | None:
    """Say why a candidate is not strictly less exposed than what runs; `None` when it is.

    `about` is the hole that is to be closed. Not `strictly` is for rehearsals, while nothing is wrong yet: as exposed
    will do.
    """
    if candidate.unknown is not None:
        return f"how exposed it is can't be told: {candidate.unknown}"
    if about is not None and about in candidate.holes:
        return f"it has the same hole: {_named(about, candidate.holes[about])}"
    doubts = sorted(candidate.doubts - running.doubts)
    if doubts:
        return f"how exposed it is can't be told: {_listed(doubts)}"
    added = sorted(candidate.holes.keys() - running.holes.keys())
    if not added:
        less = len(candidate.holes) < len(running.holes)
        return None if less or not strictly else "it is as exposed as what runs"
    worse = [hole for hole in added if candidate.holes[hole].known_exploited is not False]
    if worse:
        names = _listed([_named(hole, candidate.holes[hole]) for hole in worse])
        return f"it would bring what is exploited, or may be: {names}"
    if candidate.risk >= running.risk:
        names = _listed([_named(hole, candidate.holes[hole]) for hole in added])
        return f"it would bring {names}, at no lower risk ({candidate.risk:.0f}, now {running.risk:.0f})"
    return None


def explain_less(candidate: Exposed, running: Exposed) -> str:
    """Say in what a release is less exposed; only of one that is."""
    closed = len(running.holes.keys() - candidate.holes.keys())
    added = len(candidate.holes.keys() - running.holes.keys())
    if not closed and not added:
        return "It is no more exposed than what runs"
    if not added:
        return f"It closes {closed} of {len(running.holes)} known holes and brings none"
    return (
        f"it closes {closed} known holes and brings {added} of lower risk: {candidate.risk:.0f}, now {running.risk:.0f}"
    )


def _named(hole: Hole, danger: Danger) -> str:
    return f"`{hole.name}` ({danger.known_as or hole.cluster})"


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_SHOWN])
    return shown if len(words) <= _SHOWN else f"{shown} and {len(words) - _SHOWN} more"


def find_never_healthy(release_id: str, slot: Sequence[Deployment]) -> str | None:
    """Say why it is not proven that a release ran healthy on a target; `slot` are all deployments of the target."""
    mine = [one for one in slot if one.release_id == release_id and one.status is not Status.IN_PROGRESS]
    if not mine:
        return "it never ran here"
    newest = max(mine, key=lambda one: (one.started_at, one.recorded_at, one.id))
    if newest.status is not Status.SUCCEEDED:
        return f"its last deployment here, at {format_instant(newest.started_at)}, is `{newest.status.value}`"
    if newest.ended_at is None:
        return "it runs here now"
    if newest.ended_at <= newest.started_at:
        return "it was replaced the instant it started"
    heirs = (one for one in slot if one.started_at == newest.ended_at and one.status is Status.SUCCEEDED)
    if not any(one.release_id != release_id for one in heirs):
        return f"it was taken away at {format_instant(newest.ended_at)}, not replaced"
    return None


def find_failed(release_id: str, slot: Sequence[Deployment]) -> str | None:
    """Say that a release failed here when it was last tried; `None` when it did not, or was never tried."""
    mine = [one for one in slot if one.release_id == release_id and one.status in {Status.SUCCEEDED, Status.FAILED}]
    newest = max(mine, key=lambda one: (one.started_at, one.recorded_at, one.id), default=None)
    if newest is None or newest.status is Status.SUCCEEDED:
        return None
    return f"its last deployment here, at {format_instant(newest.started_at)}, failed"


def find_forbidding(candidate: Release, since: Sequence[Release], registered: Sequence[Release]) -> str | None:
    """Say which of the releases that ran `since` can't be followed by a candidate; `None` when none objects.

    `registered` are all releases of the service: what has no dots is ordered by when it was registered.
    """
    for release in since:
        marker = release.min_compatible
        if marker is None or release.id == candidate.id:
            continue
        order = _compare(candidate, marker, registered)
        if order is None:
            return f"whether it may follow `{release.version}`, which wants `{marker}` or later, can't be told"
        if order < 0:
            return f"the data of `{release.version}`, which ran here since, needs `{marker}` or later"
    return None


def _compare(candidate: Release, marker: str, registered: Sequence[Release]) -> int | None:
    """-1, 0 or 1 as a candidate precedes, is, or follows the version of a marker; `None` can't be told."""
    if candidate.version == marker:
        return 0
    if _DOTTED.fullmatch(candidate.version) and _DOTTED.fullmatch(marker):
        return compare_versions("npm", candidate.version, marker)
    named = [release.recorded_at for release in registered if release.version == marker]
    if not named:
        return None
    return 1 if candidate.recorded_at >= max(named) else -1
