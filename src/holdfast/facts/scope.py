"""Scopes and how occurrences of one component become one.

Rules:

1. The strongest scope wins: runtime over optional over development.
2. A component is direct if any place names it directly; unknown only if no place knows.
3. A direct component has no path; else a shortest of the known paths is kept.
4. Locations are united, in the order they were met, without repeats.
5. An alias is that of the direct place, else of the first.
6. Licences are united, in the order they were met.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from holdfast.model.component import Component, Occurrence, Scope

_STRENGTH = {Scope.RUNTIME: 2, Scope.OPTIONAL: 1, Scope.DEVELOPMENT: 0}


def strongest(one: Scope, other: Scope) -> Scope:
    """Return the scope that asks for more care."""
    return one if _STRENGTH[one] >= _STRENGTH[other] else other


def _merged(every: list[Occurrence]) -> Occurrence:
    """Return the one occurrence that says what all say; they must be of the same component."""
    direct = next((one for one in every if one.direct), None)
    known = [one.path for one in every if one.path]
    return replace(
        every[0],
        locations=tuple(dict.fromkeys(place for one in every for place in one.locations)),
        direct=True if direct else None if all(one.direct is None for one in every) else False,
        path=min(known, key=len) if known and not direct else (),
        scope=reduce(strongest, (one.scope for one in every)),
        alias=(direct or every[0]).alias,
        licenses=tuple(dict.fromkeys(text for one in every for text in one.licenses)),
    )


def component_order(occurrence: Occurrence) -> tuple[str, str, str, str, tuple[tuple[str, str], ...]]:
    """Return the key that sorts occurrences by ecosystem, name, version (as text), source and qualifiers."""
    one = occurrence.component
    return one.ecosystem, one.name, one.version, one.source.value, one.qualifiers


def merge_occurrences(occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """Return one occurrence per component, in the order components were first met."""
    grouped: dict[Component, list[Occurrence]] = {}
    for occurrence in occurrences:
        grouped.setdefault(occurrence.component, []).append(occurrence)
    return tuple(_merged(every) if len(every) > 1 else every[0] for every in grouped.values())
