"""Why a report may lack what we found, as far as our own records and composition can tell.

Rules:

1. Each reason is a fact of ours that the tool is known to treat in another way: none says what it did.
2. What a record has counts for any of the records that are one finding.
"""

from collections.abc import Mapping, Sequence

from holdfast.controls.versions import compare_versions, version_key
from holdfast.loop.compare_words import Reason
from holdfast.model.advisory import Event, Pairwise
from holdfast.model.component import Component, Occurrence, Scope

_SHOWN = 3
_LEAST_OF_PYPI = "0.dev0"
"""All that is no version of PEP 440 comes before it."""
_SEPARATORS = frozenset("-_.")


def find_reason_of_record(tool: str, component: Component, entries: Sequence[Pairwise]) -> tuple[Reason, str] | None:
    """Return what a tool is known to read in another way, and what that rests on; `None` where there is nothing.

    `tool` is the report's format. `entries` are the ranges and lists that the records of the finding have on the
    package.
    """
    if tool == "osv_scanner":  # it reads the very records that we read, by the same rules
        return None
    if _is_odd(component.ecosystem, component.match_version):
        return Reason.ODD_VERSION, ""
    return _of_trivy(component, entries) if tool == "trivy" else _of_grype(component, entries)


def _of_trivy(component: Component, entries: Sequence[Pairwise]) -> tuple[Reason, str] | None:
    """Source: aquasecurity/trivy-db `pkg/vulnsrc/osv`, aquasecurity/trivy `pkg/detector/library/compare`."""
    if any(_begins_before_zero(component, entry) for entry in entries):
        return Reason.BEFORE_ZERO, ""
    odd = dict.fromkeys(one for entry in entries for one in entry.versions if _is_odd(component.ecosystem, one))
    if odd:
        return Reason.ODD_LIST, ", ".join(list(odd)[:_SHOWN]) + (", …" if len(odd) > _SHOWN else "")
    fixed = (event.version for entry in entries for event in _events(entry) if event.kind == "fixed")
    is_fixed = any(compare_versions(component.ecosystem, component.match_version, one) == 0 for one in fixed)
    return (Reason.NAMED_FIXED, "") if is_fixed else None


def _of_grype(component: Component, entries: Sequence[Pairwise]) -> tuple[Reason, str] | None:
    """Source: anchore/grype `grype/db/v6/build/transformers/osv`."""
    opened = [event for entry in entries if (event := _open_end(component, entry)) is not None]
    return (Reason.OPEN_RANGE, f"introduced {opened[0].version}") if opened else None


def find_reason_of_use(tool: str, occurrence: Occurrence, formats: Mapping[str, str]) -> Reason | None:
    """Return why a tool may leave out what stands in these files; `None` where nothing tells. `formats` are by file."""
    if occurrence.scope is Scope.DEVELOPMENT:
        return Reason.DEVELOPMENT
    if tool == "trivy" and occurrence.direct is False and _formats(occurrence, formats) == {"go_mod"}:
        return Reason.INDIRECT
    return None


def is_of_program(occurrence: Occurrence, formats: Mapping[str, str]) -> bool:
    """Whether a component is known from compiled Go programs alone, which tell what of it they hold."""
    return _formats(occurrence, formats) == {"go_binary"}


def has_several_spellings(component: Component) -> bool:
    """Whether the ecosystem takes several spellings for the package, so that records of others may use another."""
    return component.ecosystem == "PyPI" and not _SEPARATORS.isdisjoint(component.name)


def _formats(occurrence: Occurrence, formats: Mapping[str, str]) -> set[str]:
    return {formats.get(place.file, "") for place in occurrence.locations}


def _events(entry: Pairwise) -> tuple[Event, ...]:
    return entry.range.events if entry.range is not None else ()


def _begins_before_zero(component: Component, entry: Pairwise) -> bool:
    """Whether the version comes before 0.0.0, as pseudo-versions of Go do, and the range begins before all versions."""
    if entry.range is None or entry.range.type != "SEMVER":
        return False
    begins = any(event.kind == "introduced" and event.version == "0" for event in entry.range.events)
    return begins and compare_versions(component.ecosystem, component.match_version, "0.0.0") == -1


def _is_odd(ecosystem: str, version: str) -> bool:
    """Whether what a record lists as a version is none by the ecosystem's rules."""
    if ecosystem == "PyPI":
        return compare_versions(ecosystem, version, _LEAST_OF_PYPI) in {-1, None}
    return version_key(ecosystem, version) is None


def _open_end(component: Component, entry: Pairwise) -> Event | None:
    """Return where the range begins that has no end and holds the version; `None` where there is none."""
    last = next(reversed(_events(entry)), None)
    if last is None or last.kind != "introduced":
        return None
    is_in = last.version == "0" or compare_versions(component.ecosystem, component.match_version, last.version) in {
        0,
        1,
    }
    return last if is_in else None
