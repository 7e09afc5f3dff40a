"""What is wrong with a composition or a source tree, whoever saw it: what policy, score and waivers judge.

Rules:

1. Of a component, the same finding is the same kind of thing in the same package under any id they share: neither the
   version nor the record that named it counts.
2. Of anything else, it is what has the same fingerprint.
3. `None` is "not known", and said so where it counts.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from holdfast.model.advisory import PackageState, Severity
from holdfast.model.component import Component, Location, Occurrence, Scope
from holdfast.model.fix import Fix
from holdfast.model.frozen import frozen
from holdfast.model.naming import cves_of

OURS = "holdfast"
_SHOWN = 10


class Kind(StrEnum):
    """What sort of thing it is. A malicious package is no vulnerability: there is nothing to weigh."""

    VULNERABILITY = "vulnerability"
    MALICIOUS = "malicious"
    END_OF_LIFE = "end-of-life"
    LICENSE = "license"
    CODE = "code"
    SECRET = "secret"  # noqa: S105 - a kind of finding
    MISCONFIGURATION = "misconfiguration"


def list_cves(names: Iterable[str]) -> str:
    """Return names in a row for people, the first ten, sorted; how many more there are is told."""
    every = sorted(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more


@frozen
class Finding:
    """One finding. `ids` are all it is known by, sorted; `id` is the one it is shown under.

    `applicable_at` is when the world first knew, `tools` who saw it, `fingerprint` its identity where it has no
    `occurrence` (versioned, `1:…`), `marks` further ones that name the same thing. `epss` is from 0 to 1.
    `packages` are all that were built from the source of `occurrence` and have it too, that one first; empty where it
    is alone. `whole` are the names that say all of it, where it goes by several CVEs; without one, all CVEs do. `mends`
    are the CVEs that it mends where it is a distribution's notice, which goes by none.
    """

    kind: Kind
    id: str
    ids: tuple[str, ...]
    title: str = ""
    severity: Severity | None = None
    known_exploited: bool | None = None
    epss: float | None = None
    automatable: bool | None = None
    total_impact: bool | None = None
    applicable_at: datetime | None = None
    occurrence: Occurrence | None = None
    places: tuple[Location, ...] = ()
    fix: Fix | None = None
    confidence: str = "high"
    tools: tuple[str, ...] = (OURS,)
    fingerprint: str = ""
    marks: tuple[str, ...] = ()
    state: PackageState = PackageState.AFFECTED
    packages: tuple[Occurrence, ...] = ()
    whole: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()

    @property
    def component(self) -> Component | None:
        """The package it is about, `None` where it is about none."""
        return self.occurrence.component if self.occurrence else None

    @property
    def scope(self) -> Scope:
        """What the package is for; runtime where there is none."""
        return self.occurrence.scope if self.occurrence else Scope.RUNTIME

    @property
    def locations(self) -> tuple[Location, ...]:
        """Where it is, in order."""
        return self.places or (self.occurrence.locations if self.occurrence else ())

    @property
    def score(self) -> float | None:
        """The CVSS base score, 0.0 to 10.0; `None` without one."""
        return self.severity.score if self.severity else None

    @property
    def cves(self) -> tuple[str, ...]:
        """The CVEs that it goes by, sorted: several where a record names them together."""
        return tuple(sorted(cves_of(self.ids)))

    @property
    def spoken_of_as(self) -> tuple[str, ...]:
        """All names by which somebody may speak of it: its own, and the CVEs of what it mends."""
        return self.ids if self.cves else (*self.ids, *self.mends)

    @property
    def named(self) -> str:
        """Its id for people, with all CVEs where it goes by several."""
        cves = self.cves
        if len(cves) < 2:
            return self.id
        return f"{self.id} ({list_cves(one for one in cves if one != self.id)})"

    @property
    def keys(self) -> frozenset[tuple[str, ...]]:
        """What it is recognized by: two findings that share one of these are the same finding."""
        if self.component is None:
            return frozenset((self.kind.value, mark) for mark in (self.fingerprint or self.id, *self.marks))
        one = self.component
        if self.kind is Kind.LICENSE:  # another licence is another finding, whatever they share
            return frozenset({(self.kind.value, one.ecosystem, one.match_name, " AND ".join(sorted(self.ids)))})
        packages = {one.match_name, one.source_name}  # another tool may know but one of them
        return frozenset((self.kind.value, one.ecosystem, package, name) for package in packages for name in self.ids)

    @property
    def order(self) -> tuple[str, ...]:
        """What sorts findings the same way every time."""
        purl = self.component.purl if self.component else ""
        return (purl, self.id, self.kind.value, self.fingerprint, *(str(place) for place in self.locations[:1]))
