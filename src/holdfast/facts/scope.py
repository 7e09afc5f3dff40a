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

from holdfast.model.component import Component, Occurrence, Scope

_STRENGTH = {Scope.RUNTIME: 2, Scope.OPTIONAL: 1, Scope.DEVELOPMENT: 0}


def strongest(one: Scope, other: Scope) -> Scope:
    """Return the scope that asks for more care."""
    return one if _STRENGTH[one] >= _STRENGTH[other] else other


def _either(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None and other is None else False


def _shorter(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    known = [path for path in (one, other) if path]
    return min(known, key=len) if known else ()


def merge_two(one: Occurrence, other: Occurrence) -> Occurrence:
    """Return the one occurrence that says what both say; they must be of the same component."""
    direct = _either(one.direct, other.direct)
    return replace(
        one,
        locations=tuple(dict.fromkeys(one.locations + other.locations)),
        direct=direct,
        path=() if direct else _shorter(one.path, other.path),
        scope=strongest(one.scope, other.scope),
        alias=other.alias if other.direct and not one.direct else one.alias,
        licenses=tuple(dict.fromkeys(one.licenses + other.licenses)),
    )


def component_order(occurrence: Occurrence) -> tuple[str, str, str, str, tuple[tuple[str, str], ...]]:
    """Return the key that sorts occurrences by ecosystem, name, version (as text), source and qualifiers."""
    one = occurrence.component
    return one.ecosystem, one.name, one.version, one.source.value, one.qualifiers


def merge_occurrences(occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """Return one occurrence per component, in the order components were first met."""
    merged: dict[Component, Occurrence] = {}
    for occurrence in occurrences:
        known = merged.get(occurrence.component)
        merged[occurrence.component] = merge_two(known, occurrence) if known else occurrence
    return tuple(merged.values())
