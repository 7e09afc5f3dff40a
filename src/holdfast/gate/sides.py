"""What was found on one side of a decision, and what of it counts under policies.

What hangs on a policy is judged when the decision is made, not when the tree is read: so that a policy can be tried on
what was recorded under another.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from holdfast.gate.levels import Levels
from holdfast.gate.policy import Outcome
from holdfast.model.component import Occurrence
from holdfast.model.finding import Finding, Kind
from holdfast.model.frozen import frozen


@frozen
class Gap:
    """Something that could not be told. `id` is what it is recognized by, and what a waiver may name.

    `package` is the package that it is of, such as `npm:@acme/forms`; where a policy declares that private, it is none.
    """

    id: str
    because: str
    place: str = ""
    package: str = ""


@frozen
class Side:
    """What was found in one tree or release. `packages` are those that have licences to judge."""

    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...] = ()
    packages: tuple[Occurrence, ...] = ()


def under(side: Side, levels: Levels) -> Side:
    """Return what counts of a side: licences are findings where the policies mind them, private packages no gaps."""
    licensed = tuple(_licenses(side.packages, levels)) if levels.looks_at_licenses else ()
    private = levels.private
    return Side((*side.findings, *licensed), tuple(one for one in side.gaps if not _is_private(one.package, private)))


def _licenses(packages: Iterable[Occurrence], levels: Levels) -> Iterator[Finding]:
    for one in packages:
        outcome, because = levels.license_outcome(one.licenses)
        if outcome is not Outcome.ALLOW:
            ids = one.licenses or ("NOASSERTION",)
            yield Finding(Kind.LICENSE, ids[0], ids, title=because, occurrence=one)


def _is_private(package: str, private: Sequence[str]) -> bool:
    return bool(package) and any(fnmatchcase(package, glob) for glob in private)
