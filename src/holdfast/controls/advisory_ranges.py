"""The events of a range, as stretches of affected versions.

Rules (OSV schema, "Evaluation", made exact where it leaves things open):

* events are sorted by version; `0` precedes every version;
* `introduced` opens at its version; `fixed` closes at its version, `last_affected` just after it;
* at one version, what is open closes first and opens again; what is closed opens first and closes again;
* `limit` cuts everything from its version on; of several, the highest counts; `*` is none;
* a range that closes before anything was introduced, and then stays open, has its pair the wrong way round: that pair
  affects nothing, and is a problem.

Source: https://ossf.github.io/osv-schema/#evaluation
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key
from typing import Generic, TypeVar

from holdfast.controls.versions import compare_versions, is_comparable
from holdfast.model.advisory import Event, Range
from holdfast.model.frozen import frozen

Position = TypeVar("Position")
LOWEST = ""


@frozen
class Stretch(Generic[Position]):
    """Versions from `lo` on, up to `hi`: without it, or with it when `inclusive`; `hi=None` is without end."""

    lo: Position
    hi: Position | None
    inclusive: bool = False


def stretches_of(places: Iterable[tuple[Position, frozenset[str]]]) -> tuple[list[Stretch[Position]], bool]:
    """Return the stretches between events, and whether a pair was the wrong way round.

    `places` are distinct positions, ascending, each with the kinds of events there.
    """
    out: list[Stretch[Position]] = []
    opened: list[Position] = []  # none or one: where the present stretch began
    ever_open, closes_first = False, False
    for position, kinds in places:
        introduces, inclusive = "introduced" in kinds, "fixed" not in kinds
        closes = not inclusive or "last_affected" in kinds
        if opened and closes and not introduces:
            out.append(Stretch(opened.pop(), position, inclusive))
        elif not opened and introduces:
            if not closes:
                opened.append(position)
            elif inclusive:
                out.append(Stretch(position, position, inclusive=True))
        elif closes and not ever_open:
            closes_first = True
        ever_open = ever_open or introduces
    if opened and not closes_first:
        out.append(Stretch(opened[0], None))
    return out, closes_first


def bounds_of(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Return (kind, version) of each event but limits, with `LOWEST` for `introduced: "0"`."""
    return [
        (event.kind, LOWEST if event.kind == "introduced" and event.version == "0" else event.version)
        for event in events
        if event.kind != "limit"
    ]


def limits_of(events: Sequence[Event]) -> list[str]:
    """Return the versions of the limits; nothing when there are none or one of them is `*`."""
    limits = [event.version for event in events if event.kind == "limit"]
    return [] if "*" in limits else limits


def group_by_position(
    bounds: Iterable[tuple[str, Position]], same: Callable[[Position, Position], bool]
) -> list[tuple[Position, frozenset[str]]]:
    """Gather the kinds of neighbours that stand at one position."""
    out: list[tuple[Position, frozenset[str]]] = []
    for kind, position in bounds:
        if out and same(out[-1][0], position):
            out[-1] = (position, out[-1][1] | {kind})
        else:
            out.append((position, frozenset((kind,))))
    return out


def is_never(affected: Range) -> bool:
    """Tell whether a range ends where it begins, at `0`: the way that records say `not affected`."""
    return {(event.kind, event.version) for event in affected.events} == {("introduced", "0"), ("fixed", "0")}


def _compare(ecosystem: str, a: str, b: str) -> int:
    """Compare two versions that both have a place in the order, or are `LOWEST`."""
    if LOWEST in (a, b):
        return (a != LOWEST) - (b != LOWEST)
    return compare_versions(ecosystem, a, b) or 0


def is_in_range(ecosystem: str, version: str, affected: Range) -> bool:
    """Tell, pairwise, whether a version is in a range; bounds without a place in the order are left out."""
    if not is_comparable(ecosystem, version) or is_never(affected):
        return False

    def compare(a: str, b: str) -> int:
        return _compare(ecosystem, a, b)

    limits = limits_of(affected.events)
    if limits and not any(is_comparable(ecosystem, limit) and compare(version, limit) < 0 for limit in limits):
        return False
    placed = [bound for bound in bounds_of(affected.events) if bound[1] == LOWEST or is_comparable(ecosystem, bound[1])]
    order = cmp_to_key(compare)
    placed.sort(key=lambda bound: order(bound[1]))
    found, _ = stretches_of(group_by_position(placed, lambda a, b: compare(a, b) == 0))
    return any(
        compare(version, stretch.lo) >= 0
        and (stretch.hi is None or compare(version, stretch.hi) < (1 if stretch.inclusive else 0))
        for stretch in found
    )
