"""The way out of an exposure: the version, what to raise, what to type, and where.

Rules:

1. The version is the smallest above the present one that no known advisory of the package touches, whichever record
   names it; a `fixed` of one record that another record affects is no fix.
2. A transitive component is fixed by its direct dependency's team: the first of its path is what to raise.
3. A hostile name or version gets no command.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.controls.match import smallest_safe_version
from holdfast.model.component import Location, Occurrence
from holdfast.model.fix import Fix
from holdfast.ports.advisories import PackageRules
from holdfast.remediations.guides import Upgrade
from holdfast.remediations.guides._spec import is_safe
from holdfast.remediations.locate import find_guide, format_of, locate

if TYPE_CHECKING:  # a scan has no exposures, and shouldn't pay for them
    from holdfast.model.exposure import Exposure

_SHOWN = 3
HEAD_LINES = 8
"""Tools write who they are into the first lines of a file."""
_RPM = ("AlmaLinux", "Rocky Linux", "Red Hat", "openSUSE", "SUSE", "Fedora", "Mageia", "openEuler", "Photon OS")
_APK = ("Alpine", "Wolfi", "Chainguard")
_BY_ECOSYSTEM = {"Debian": "dpkg", "Ubuntu": "dpkg", **dict.fromkeys(_RPM, "rpm"), **dict.fromkeys(_APK, "apk")}


def find_safe_version(ecosystem: str, version: str, rules: PackageRules) -> str | None:
    """Return the smallest version above `version` that no record of the package touches; `None` when none is known."""
    intervals, pairwise = [(lo, hi) for _, lo, hi in rules.intervals], [entry for _, entry in rules.pairwise]
    return smallest_safe_version(ecosystem, version, intervals, rules.fixes, pairwise=pairwise)


def suggest_fix(
    occurrence: Occurrence,
    rules: PackageRules,
    formats: Mapping[str, str] | None = None,
    line_text: str | None = None,
    head: tuple[str, ...] = (),
) -> Fix | None:
    """Return the fix of a component in a composition; `None` when no safe version is known.

    `formats` are (file → format) of the composition; `line_text` the line of the place that `locate` gives,
    `head` the first lines of that file.
    """
    component = occurrence.component
    safe = find_safe_version(component.ecosystem, component.match_version, rules)
    if safe is None:
        return None
    place, _ = locate(occurrence.locations, formats or {})
    return _fix(_upgrade_of(occurrence, safe, place, line_text, head), formats or {})


def suggest_steps(
    occurrence: Occurrence,
    version: str,
    formats: Mapping[str, str],
    read_line: Callable[[Location], str | None],
    read_file: Callable[[str], bytes | None] = lambda _file: None,
) -> tuple[Fix, ...]:
    """Return what to do in each file that names a component, to have it at a version; files in the order met.

    A `go.sum` beside its `go.mod` is written by the same command, and is left out. Of several lines of a file the first
    that can be edited is it. `read_file` gives a lock file, whose ranges tell what asks for a transitive component.
    """
    files: dict[str, list[Location]] = {}
    for place in occurrence.locations:
        files.setdefault(place.file, []).append(place)
    steps = []
    for file, places in files.items():
        if file.endswith("go.sum") and file.removesuffix("sum") + "mod" in files:
            continue
        head = tuple(read_line(Location(file, number)) or "" for number in range(1, HEAD_LINES + 1))
        asked = (_upgrade_of(occurrence, version, place, read_line(place), head) for place in places)
        found = [_fix(one, formats) for one in asked]
        steps.append(next((one for one in found if one.edit), next((one for one in found if one.command), found[0])))
    edited = [one for one in steps if one.edit or one.command]
    return tuple(with_asks(occurrence, one, formats, read_file) for one in edited or steps)


def with_asks(
    occurrence: Occurrence, fix: Fix, formats: Mapping[str, str], read_file: Callable[[str], bytes | None]
) -> Fix:
    """Return the fix of a transitive component with what its lock file records of who asks for it.

    Where all ranges allow the version, the tool raises it in place. Where one forbids it, no command of this component
    helps: the direct dependency is named, and that the version of it that does is not in the lock file.
    """
    if occurrence.direct is not False or fix.location is None:
        return fix
    from holdfast.remediations.asked import find_asks  # most scans have no use for it

    data = read_file(fix.location.file)
    format_id = format_of(fix.location.file, formats)
    asks = find_asks(format_id, data, occurrence.component, fix.version) if data is not None else ()
    forbidding = [one for one in asks if one.allows is False]
    if forbidding:
        named = ", ".join(f"`{one.by}` asks for `{one.written}`" for one in forbidding[:_SHOWN])
        because = f"{named}, which forbids {fix.version}: raise `{fix.raise_name}`; which version of it helps is not in"
        return replace(fix, command=None, note=f"{because} the lock file; {fix.note}".removesuffix("; "))
    if asks and all(one.allows for one in asks):
        named = ", ".join(f"`{one.by}` asks for `{one.written}`" for one in asks[:_SHOWN])
        more = f" and {len(asks) - _SHOWN} more" if len(asks) > _SHOWN else ""
        return replace(fix, note=f"{named}{more}: {fix.version} is allowed, and raised in place")
    return fix


def with_packages(fix: Fix, occurrences: Sequence[Occurrence], formats: Mapping[str, str]) -> Fix:
    """Return the fix of what a distribution built from one source, for all packages of it; the first stands for them.

    A package that has a version of its own, other than that of its source, is raised to whatever there is.
    """
    components = [one.component for one in occurrences]
    first = components[0]
    names = tuple(dict.fromkeys(one.name for one in components if one.name != first.name))
    is_exact = all(one.has_version_of_source for one in components) and bool(first.shared_version or not names)
    place, _ = locate(occurrences[0].locations, formats)
    words = first.ecosystem, first.name, first.version, fix.version, first.name
    return _fix(Upgrade(*words, place, also=names, is_exact=is_exact), formats)


def _upgrade_of(
    occurrence: Occurrence, version: str, place: Location | None, line_text: str | None, head: tuple[str, ...]
) -> Upgrade:
    component = occurrence.component
    raise_name = occurrence.path[0] if occurrence.direct is False and occurrence.path else component.name
    words = component.ecosystem, component.name, component.version, version, raise_name
    return Upgrade(*words, place, line_text, head, occurrence.alias)


def suggest_exposure_fix(
    exposure: "Exposure", version: str, formats: Mapping[str, str] | None = None, line_text: str | None = None
) -> Fix:
    """Return the fix of an exposure whose smallest safe version is already known (`exposure.risk.fix_version`)."""
    raise_name = exposure.path[0] if exposure.direct is False and exposure.path else exposure.name
    current = exposure.versions[-1] if exposure.versions else ""
    place, _ = locate(exposure.locations, formats or {})
    upgrade = Upgrade(exposure.ecosystem, exposure.name, current, version, raise_name, place, line_text)
    return _fix(upgrade, formats or {})


def _fix(upgrade: Upgrade, formats: Mapping[str, str]) -> Fix:
    place = upgrade.location
    format_id = format_of(place.file, formats) if place is not None else None
    guide = find_guide(format_id or _BY_ECOSYSTEM.get(upgrade.ecosystem.partition(":")[0]))
    raised, version = upgrade.raise_name, upgrade.version
    if guide is None:
        return Fix(version, raised, None, place, note=f"raise `{raised}` with the tool that locked it")
    words = (upgrade.name, upgrade.current, version, raised, upgrade.alias or raised, *upgrade.also)
    if not all(is_safe(word) for word in words):
        return Fix(version, raised, None, place, note="an unusual name or version: no command is offered for it")
    advice = guide.advise(upgrade)
    return Fix(version, raised, advice.command, place, advice.edit, advice.note)
