"""A scan for people: findings first, then what could not be judged, then on what it rests."""

from collections.abc import Sequence
from typing import Any

from holdfast.edges.cli.output import markdown_cell, print_rows, printable
from holdfast.loop.scan import ScanFinding, ScanReport
from holdfast.model.component import Source
from holdfast.model.instant import format_instant

_FINDINGS = [
    ("Severity", "severity"),
    ("Package", "package"),
    ("Version", "version"),
    ("Advisory", "advisory"),
    ("Fix", "fix"),
    ("Where", "where"),
    ("Do", "command"),
]
_GAPS = [("Not read", "file"), ("Because", "because")]
_UNKNOWN = [("Unknown", "ecosystem"), ("Components", "components"), ("Because", "because")]
_WORDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


def severity_text(finding: ScanFinding) -> str:
    """Return `9.8 critical`, `unscored`, with a mark when it is known to be exploited."""
    score = finding.severity.score if finding.severity else None
    word = "unscored" if score is None else next((word for least, word in _WORDS if score >= least), "none")
    text = word if score is None else f"{score:g} {word}"
    return f"{text}, exploited" if finding.known_exploited else text


def print_report(report: ScanReport, style: str) -> None:
    """Print a report as `table` or `markdown`."""
    sections: list[tuple[Sequence[dict[str, Any]], list[tuple[str, str]]]] = [
        ([_row(one) for one in sorted(report.findings, key=_rank)], _FINDINGS),
        ([{"ecosystem": one.ecosystem, "components": one.components, "because": one.because}
          for one in report.unknown], _UNKNOWN),
        ([{"file": _place(one.file, one.line), "because": one.because} for one in report.sbom.unparsed], _GAPS),
    ]  # fmt: skip
    for rows, columns in sections:
        if rows:
            print_rows(rows, columns, style)
            print()
    for line in _summary(report):
        print(markdown_cell(line) + "  " if style == "markdown" else printable(line))


def _rank(finding: ScanFinding) -> tuple[bool, float, str, str]:
    score = finding.severity.score if finding.severity else None
    known = -(7.0 if score is None else score)
    return not finding.known_exploited, known, finding.purl, finding.advisory


def _place(file: str, line: int | None) -> str:
    return file if line is None else f"{file}:{line}"


def _row(finding: ScanFinding) -> dict[str, Any]:
    occurrence, fix = finding.occurrence, finding.fix
    component = occurrence.component
    place = (fix.location if fix else None) or next(iter(occurrence.locations), None)
    names = [finding.advisory, *(name for name in finding.members if name.startswith("CVE-"))]
    through = f" (through {occurrence.path[0]})" if occurrence.path else ""
    return {
        "severity": severity_text(finding),
        "package": component.name + through,
        "version": component.version,
        "advisory": ", ".join(dict.fromkeys(names)),
        "fix": fix.version if fix else "none known",
        "where": str(place) if place else "",
        "command": (fix.command or fix.note) if fix else "",
    }


def _summary(report: ScanReport) -> list[str]:
    sbom = report.sbom
    if report.is_empty:
        return ["Nothing to scan: no dependency file was found."]
    own = sum(one.component.source is not Source.REGISTRY for one in sbom.occurrences)
    lines = [f"{len(sbom.files)} files, {len(sbom.occurrences)} components, {len(report.findings)} findings."]
    if own:
        lines.append(f"{own} components come from paths, version control or addresses: named, not matched.")
    for name, ended in report.ended:
        lines.append(f"{name} is past its end of life: it got its last security updates on {ended.isoformat()}.")
    if report.owned:
        lines.append(f"{report.owned} components came with the distribution's packages, which are judged instead.")
    unknown = sum(one.components for one in report.unknown)
    if unknown:
        lines.append(f"{unknown} components could not be judged: unknown is not pass.")
    for snapshot in report.snapshots:
        at = format_instant(snapshot.synced_at) if snapshot.synced_at else "never"
        newest = format_instant(snapshot.newest) if snapshot.newest else "without date"
        base = f"{snapshot.ecosystem}: {snapshot.records} advisories from {snapshot.source}"
        lines.append(f"{base}, synced {at}, newest {newest}.")
    return lines
