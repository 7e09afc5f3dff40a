"""The JSON of a scan, `holdfast.scan/1`. Everything is sorted: the same scan gives the same bytes."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from holdfast.loop.scan import ScanReport
from holdfast.loop.scan_findings import ScanFinding
from holdfast.model.component import Location, Occurrence
from holdfast.model.instant import format_instant
from holdfast.ports.lookup import newest_of

SCHEMA = "holdfast.scan/1"


def report_to_json(report: ScanReport) -> dict[str, Any]:
    """Return the document."""
    sbom = report.sbom
    gaps = sorted(sbom.unparsed, key=lambda gap: (gap.file, gap.line or 0, gap.because))
    return {
        "schema": SCHEMA,
        "files": [{"file": name, "format": kind, "components": count} for name, kind, count in sorted(sbom.files)],
        "components": _sorted([_component(one) for one in sbom.occurrences]),
        "findings": [_finding(one) for one in report.findings],
        "not_affected": [{"advisory": one.record, "purl": one.occurrence.component.purl} for one in report.cleared],
        "end_of_life": [{"distribution": name, "ended": ended.isoformat()} for name, ended in report.ended],
        "owned": report.owned,
        "unparsed": [{"file": gap.file, "line": gap.line, "because": gap.because} for gap in gaps],
        "unknown": [
            {"ecosystem": row.ecosystem, "because": row.because, "components": row.components} for row in report.unknown
        ],
        "feed": _feed(report),
    }


def error_to_json(message: str, where: str | None, hint: str | None) -> dict[str, Any]:
    """Return the document of a scan that did not come about."""
    return {"schema": SCHEMA, "error": {"message": message, "where": where, "hint": hint}}


def _feed(report: ScanReport) -> dict[str, Any]:
    """The state of the feeds that the scan rests on: as of the one that was synced longest ago."""
    synced = [one.synced_at for one in report.snapshots if one.synced_at is not None]
    newest = newest_of(report.snapshots)
    return {
        "as_of": format_instant(min(synced)) if synced else None,
        "newest": format_instant(newest) if newest else None,
        "records": sum(one.records for one in report.snapshots),
    }


def _locations(locations: Sequence[Location]) -> list[dict[str, Any]]:
    if len(locations) == 1:
        return [{"file": locations[0].file, "line": locations[0].line}]
    return [
        {"file": one.file, "line": one.line}
        for one in sorted(locations, key=lambda place: (place.file, place.line or 0))
    ]


def _component(occurrence: Occurrence) -> dict[str, Any]:
    component = occurrence.component
    return {
        "purl": component.purl,
        "version": component.version,
        "locations": _locations(occurrence.locations),
        "direct": occurrence.direct,
        "scope": occurrence.scope.value,
        "source": component.source.value,
    }


def _sorted(components: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the components by purl and source; of those that are alike in both, by place."""
    known = itemgetter("purl", "source")
    if len(set(map(known, components))) < len(components):
        components = sorted(components, key=lambda one: str(one["locations"]))
    return sorted(components, key=known)


def _finding(finding: ScanFinding) -> dict[str, Any]:
    severity, fix = finding.severity, finding.fix
    return {
        "advisory": finding.advisory,
        "aliases": list(finding.members),
        "purl": finding.purl,
        "packages": list(finding.purls),
        "state": finding.state.value,
        "kind": "malicious" if finding.malicious else "vulnerability",
        "severity": None if severity is None else {"score": severity.score, "vector": severity.vector},
        "known_exploited": finding.known_exploited,
        "fix": None if fix is None else {"version": fix.version, "command": fix.command},
        "confidence": finding.confidence,
        "locations": _locations(finding.occurrence.locations),
    }
