"""osv-scanner's JSON report, of versions 1 and 2.

Rules:

1. Records that it groups as one thing are one finding, under the first; the others are aliases.
2. A package is ecosystem, name and version as OSV names them.
3. The score is that of the group. What its analysis found not to be called, or not to matter, is suppressed.

Source: osv-scanner documentation, "Output"; google/osv-scanner `pkg/models/results.go`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.reports._gathering import ReportGathering, inner, objects, place, severity_of, text, texts
from holdfast.facts.reports._json_stream import Streamed
from holdfast.facts.reports._spec import ReportSpec
from holdfast.model.component import Component, Location
from holdfast.model.finding import Kind
from holdfast.model.naming import compared_name
from holdfast.model.reported import ReportedFinding


def read(document: dict[str, Any], gathering: ReportGathering) -> None:
    """Add what every package of every source has."""
    gathering.tool = "osv-scanner"
    for result in gathering.listed(document.get("results"), "results"):
        where = place(inner(result, "source", "path"))
        for package in gathering.listed(result.get("packages"), "packages"):
            _add_package(package, () if where is None else (where,), gathering)


def _add_package(package: dict[str, Any], places: tuple[Location, ...], gathering: ReportGathering) -> None:
    component = _component(package.get("package"), gathering)
    records = {text(one.get("id")): one for one in gathering.listed(package.get("vulnerabilities"), "vulnerabilities")}
    groups = list(gathering.listed(package.get("groups"), "groups"))
    grouped = {name for group in groups for name in texts(group.get("ids"))}
    groups += [{"ids": [name]} for name in records if name not in grouped]  # what no group names counts by itself
    for group in groups:
        ids = texts(group.get("ids"))
        if not ids:
            gathering.skip("a group of vulnerabilities without ids")
            continue
        of_group = [records[name] for name in ids if name in records]
        named = (alias for one in [group, *of_group] for alias in texts(one.get("aliases")))
        names = dict.fromkeys([*ids[1:], *named])
        gathering.add(
            ReportedFinding(
                "osv-scanner",
                Kind.MALICIOUS if ids[0].startswith("MAL-") else Kind.VULNERABILITY,
                ids[0],
                aliases=tuple(name for name in names if name != ids[0]),
                component=component,
                locations=places,
                severity=severity_of(group.get("max_severity")),
                message=next((found for one in of_group if (found := text(one.get("summary")))), ""),
                fixed_in=tuple(dict.fromkeys(version for one in of_group for version in _fixed_in(one, component))),
                suppressed=_is_left_out(group, ids),
            )
        )


def _is_left_out(group: dict[str, Any], ids: Iterable[str]) -> bool:
    """Whether its own analysis takes a group out; version 1 writes the name of that in another way."""
    every = group.get("experimental_analysis", group.get("experimentalAnalysis"))
    analyses = [inner(every, name) for name in ids]
    if any(inner(one, "unimportant") is True for one in analyses):
        return True
    return bool(analyses) and all(inner(one, "called") is False for one in analyses)


def _component(package: object, gathering: ReportGathering) -> Component | None:
    ecosystem, name, version = (text(inner(package, key)) for key in ("ecosystem", "name", "version"))
    if not ecosystem:
        gathering.skip(f"`{name or text(inner(package, 'commit'))}` is of no ecosystem")
        return None
    try:
        return Component(ecosystem, name, version)
    except FactError as error:
        gathering.skip(error.message)
        return None


def _is_on(affected: dict[str, Any], component: Component) -> bool:
    names = compared_name(component.ecosystem, component.name), component.match_name
    return compared_name(component.ecosystem, text(inner(affected, "package", "name"))) in names


def _fixed_in(record: dict[str, Any], component: Component | None) -> Iterator[str]:
    for affected in objects(record.get("affected")):
        if component is None or not _is_on(affected, component):
            continue
        for one in objects(affected.get("ranges")):
            if one.get("type") != "GIT":
                yield from texts([event.get("fixed") for event in objects(one.get("events"))])


def _fits(document: dict[str, Any]) -> bool:
    """Others write `results` as well: only a list of what has packages is a list of ours."""
    results = document.get("results")
    alien = {"errors", "metrics", "paths", "runs", "matches"} & document.keys()
    if not isinstance(results, list | Streamed) or alien:
        return False
    return all(inner(one, "packages") is not None for one in results)


SPEC = ReportSpec(id="osv_scanner", fits=_fits, read=read)
