"""Durations from the raw instants of an exposure, in the form that survival analysis needs.

Definitions, version 1 (`holdfast.metrics.DEFINITIONS`):

| measure | from | to |
|---|---|---|
| detect | the last of introduced, applicable (disclosed where that is not known), watched since | detected |
| mitigate | detected | mitigated |
| decide | detected | acted |
| act | acted | mitigated |
| repair | detected | resolved, as fixed |
| window | the later of introduced and disclosed | the earlier of mitigated, and resolved as fixed |

Rules:
- What has not happened by `now` is censored at `now`, not left out.
- Waived, cleared, decommissioned and withdrawn are other ends, not successes; for mitigate, decide and act so is a fix
  that came first.
- A mitigation that was lifted while the thing was live does not count: the measure is open again.
- A window was seen only from detection on: it enters the risk set late (`entry_s`).
- A merged exposure has no measures: it goes on in the one that survived.
- Nothing is clamped. A negative duration is returned as it is, and `problems` names the instants behind it.
"""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from holdfast.model.exposure import Clocks, Ending, Exposure
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant


@frozen
class Measure:
    """One duration of one exposure.

    `event` names what ended it: the success (`detected`, `mitigated`, `acted`, `fixed`) or another end (`waived`,
    `cleared`, `decommissioned`, `withdrawn`, and `fixed` where a mitigation was waited for); `None` while it is open.
    `seconds` runs from `started_at` to `ended_at` and is `None` while open; `censored_at` is `None` unless open.
    `entry_s` is how many seconds after the start it came under observation, 0 unless late. `success` says whether the
    end is the wanted one.
    """

    name: str
    started_at: datetime
    ended_at: datetime | None
    censored_at: datetime | None
    event: str | None
    success: bool
    entry_s: float = 0.0

    @property
    def seconds(self) -> float | None:
        """Seconds to the end, whichever it was; `None` while open."""
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()

    @property
    def exit_s(self) -> float:
        """Seconds to the end, or to the instant of censoring."""
        last = self.ended_at or self.censored_at or self.started_at
        return (last - self.started_at).total_seconds()

    @property
    def is_sound(self) -> bool:
        """Whether it can stand in a distribution: nothing in it is negative, nothing ended before it was entered."""
        return 0 <= self.entry_s <= self.exit_s


End = tuple[datetime, str]
"""(instant, what ended it)."""


def time_to_detect(exposure: Exposure, now: datetime) -> Measure | None:
    """Return how long it took us to see it once it could be seen; always ended, `None` for a merged one."""
    if exposure.ending is Ending.MERGED:
        return None
    return _measure("detect", _detectable_at(exposure.clocks), [(exposure.clocks.detected_at, "detected")], [], now)


def time_to_mitigate(exposure: Exposure, now: datetime) -> Measure | None:
    """Return detected → mitigated; `None` for a merged one."""
    if exposure.ending is Ending.MERGED:
        return None
    return _measure("mitigate", exposure.clocks.detected_at, _mitigated(exposure), _any_ends(exposure), now)


def time_to_decide(exposure: Exposure, now: datetime) -> Measure | None:
    """Return detected → acted, the first part of mitigate; `None` for a merged one."""
    if exposure.ending is Ending.MERGED:
        return None
    acted_at = exposure.clocks.acted_at
    wanted = [(acted_at, "acted")] if acted_at is not None else []
    return _measure("decide", exposure.clocks.detected_at, wanted, _any_ends(exposure), now)


def time_to_act(exposure: Exposure, now: datetime) -> Measure | None:
    """Return acted → mitigated, the second part of mitigate; `None` when nobody acted, or for a merged one."""
    acted_at = exposure.clocks.acted_at
    if acted_at is None or exposure.ending is Ending.MERGED:
        return None
    return _measure("act", acted_at, _mitigated(exposure), _any_ends(exposure), now)


def time_to_repair(exposure: Exposure, now: datetime) -> Measure | None:
    """Return detected → resolved as fixed; `None` for a merged one."""
    if exposure.ending is Ending.MERGED:
        return None
    return _measure("repair", exposure.clocks.detected_at, _fixed(exposure), _other_ends(exposure), now)


def exposure_window(exposure: Exposure, now: datetime) -> Measure | None:
    """Return how long the hole was open to whoever knew of it; entered late, at detection.

    `None` for a merged one, and where neither the introduction nor the disclosure is known.
    """
    clocks = exposure.clocks
    starts = [at for at in (clocks.introduced_at, clocks.disclosed_at) if at is not None]
    if not starts or exposure.ending is Ending.MERGED:
        return None
    started_at = max(starts)
    entry_s = max(
        0.0, (clocks.detected_at - started_at).total_seconds()
    )  # detected before disclosed: seen from its start
    wanted = _mitigated(exposure) + _fixed(exposure)
    return _measure("window", started_at, wanted, _other_ends(exposure), now, entry_s=entry_s)


MEASURES: MappingProxyType[str, Callable[[Exposure, datetime], Measure | None]] = MappingProxyType(
    {
        "detect": time_to_detect,
        "mitigate": time_to_mitigate,
        "decide": time_to_decide,
        "act": time_to_act,
        "repair": time_to_repair,
        "window": exposure_window,
    }
)


def _measure(
    name: str, started_at: datetime, wanted: list[End], others: list[End], now: datetime, *, entry_s: float = 0.0
) -> Measure:
    """Take the earliest end; at the same instant the wanted one counts."""
    ends = [(at, 0, event) for at, event in wanted] + [(at, 1, event) for at, event in others]
    if not ends:
        return Measure(name, started_at, None, now, None, False, entry_s)
    ended_at, order, event = min(ends)
    return Measure(name, started_at, ended_at, None, event, order == 0, entry_s)


def _detectable_at(clocks: Clocks) -> datetime:
    applies_at = clocks.applicable_at or clocks.disclosed_at
    return max(at for at in (clocks.introduced_at, applies_at, clocks.watched_since) if at is not None)


def _mitigated(exposure: Exposure) -> list[End]:
    """The mitigation, unless it was taken back while the bad thing was running."""
    clocks = exposure.clocks
    if clocks.mitigated_at is None or _lifted_too_early(exposure):
        return []
    return [(clocks.mitigated_at, "mitigated")]


def _lifted_too_early(exposure: Exposure) -> bool:
    clocks = exposure.clocks
    if clocks.lifted_at is None:
        return False
    return clocks.resolved_at is None or clocks.lifted_at < clocks.resolved_at


def _fixed(exposure: Exposure) -> list[End]:
    resolved_at = exposure.clocks.resolved_at
    return [(resolved_at, "fixed")] if resolved_at is not None and exposure.ending is Ending.FIXED else []


def _other_ends(exposure: Exposure) -> list[End]:
    clocks = exposure.clocks
    named = ((clocks.waived_at, "waived"), (clocks.cleared_at, "cleared"))
    ends: list[End] = [(at, event) for at, event in named if at is not None]
    if clocks.resolved_at is not None and exposure.ending not in (None, Ending.FIXED):
        ends.append((clocks.resolved_at, exposure.ending.value))
    return ends


def _any_ends(exposure: Exposure) -> list[End]:
    return _fixed(exposure) + _other_ends(exposure)


def problems(clocks: Clocks) -> tuple[str, ...]:
    """Return in words every pair of instants that makes a duration negative; empty when the clocks are consistent.

    A fix that ran before detection is none: it was learnt of late, and no duration is taken from it.
    """
    applies = ("applicable_at", clocks.applicable_at) if clocks.applicable_at else ("disclosed_at", clocks.disclosed_at)
    pairs = [
        ("detected_at", clocks.detected_at, "introduced_at", clocks.introduced_at),
        ("detected_at", clocks.detected_at, *applies),
        ("detected_at", clocks.detected_at, "watched_since", clocks.watched_since),
        ("acted_at", clocks.acted_at, "detected_at", clocks.detected_at),
        ("mitigated_at", clocks.mitigated_at, "acted_at", clocks.acted_at or clocks.detected_at),
        ("mitigated_at", clocks.mitigated_at, "disclosed_at", clocks.disclosed_at),
        ("lifted_at", clocks.lifted_at, "mitigated_at", clocks.mitigated_at),
        ("waived_at", clocks.waived_at, "detected_at", clocks.detected_at),
        ("cleared_at", clocks.cleared_at, "detected_at", clocks.detected_at),
        ("fixed_at", clocks.fixed_at, "introduced_at", clocks.introduced_at),
        ("resolved_at", clocks.resolved_at, "detected_at", clocks.detected_at),
        ("resolved_at", clocks.resolved_at, "fixed_at", clocks.fixed_at),
    ]
    return tuple(
        f"{later} {format_instant(second)} is before {earlier} {format_instant(first)}: "
        "a clock ran backwards, or a fact has a wrong date"
        for later, second, earlier, first in pairs
        if second is not None and first is not None and second < first
    )
