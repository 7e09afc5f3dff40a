"""Which packages a record names without saying which of their versions it affects.

Nobody is proved safe from such a record. It names a package

* with nothing to match by: neither ranges nor versions, only ranges of commits, a range that affects nothing; or
* with no interval, and a bound that has no place in the order of its ecosystem.
"""

from holdfast.controls.versions import is_comparable
from holdfast.model.advisory import Compiled, Pairwise

_OPEN = frozenset({"0", "*"})


def vague_packages(compiled: Compiled) -> tuple[tuple[str, str], ...]:
    """Return the (ecosystem, name) of each package that can't be decided, in the record's order; none if withdrawn."""
    if compiled.advisory.withdrawn is not None:
        return ()
    named = dict.fromkeys((one.ecosystem, one.name) for one in compiled.advisory.affected)
    sure = {(one.ecosystem, one.name) for one in compiled.intervals}
    compared = {(one.ecosystem, one.name) for one in compiled.pairwise}
    unsure = {(one.ecosystem, one.name) for one in compiled.pairwise if not has_places(one)}
    return tuple(one for one in named if one not in sure and (one not in compared or one in unsure))


def has_places(entry: Pairwise) -> bool:
    """Tell whether every bound of a range has a place in the order of its ecosystem."""
    events = entry.range.events if entry.range is not None else ()
    return all(event.version in _OPEN or is_comparable(entry.ecosystem, event.version) for event in events)
