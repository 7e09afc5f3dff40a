"""A scan for people: findings first, then what could not be judged, then on what it rests."""

from collections.abc import Sequence
from typing import Any

from holdfast.controls.distributions import count_words, no_fix_words
from holdfast.edges.cli.output import markdown_cell, print_rows, printable
from holdfast.loop.scan import ScanReport
from holdfast.loop.scan_findings import ScanFinding
from holdfast.model.component import Occurrence, Source
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
_OTHERS = 3
_WORDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


def severity_text(finding: ScanFinding) -> str:
    """Return `9.8 critical`, `unscored`, with a mark when it is known to be exploited."""
    score = finding.severity.score if finding.severity else None
    word = "unscored" if score is None else next((word for least, word in _WORDS if score >= least), "none")
    if finding.malicious:
        return "malicious"
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


def _rank(finding: ScanFinding) -> tuple[bool, bool, float, str, str]:
    score = finding.severity.score if finding.severity else None
    known = -(7.0 if score is None else score)
    return not finding.malicious, not finding.known_exploited, known, finding.purl, finding.advisory


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
        "package": named_with(component.name, finding.packages) + through,
        "version": component.version,
        "advisory": ", ".join(dict.fromkeys(names)),
        "fix": fix.version if fix else no_fix_words(finding.state, component.ecosystem) or _no_fix(finding),
        "where": str(place) if place else "",
        "command": (fix.command or fix.note) if fix else "",
    }


def _no_fix(finding: ScanFinding) -> str:
    return "take it out" if finding.malicious else "none known"


def named_with(name: str, packages: Sequence[Occurrence]) -> str:
    """Return a package's name, and how many others of the same source have it too: `openssl (and libssl3)`."""
    others = [one.component.name for one in packages[1:]]
    more = f", {len(others) - _OTHERS} more" if len(others) > _OTHERS else ""
    return f"{name} (and {', '.join(others[:_OTHERS])}{more})" if others else name


def _summary(report: ScanReport) -> list[str]:
    sbom = report.sbom
    if report.is_empty:
        return ["Nothing to scan: no dependency file was found."]
    own = sum(one.component.source is not Source.REGISTRY for one in sbom.occurrences)
    lines = [f"{len(sbom.files)} files, {len(sbom.occurrences)} components, {len(report.findings)} findings."]
    if own:
        lines.append(f"{own} components come from paths, version control or addresses: named, not matched.")
    unfixed = count_words((one.state, one.occurrence.component.ecosystem) for one in report.findings)
    if unfixed:
        lines.append(f"Among them, {unfixed}.")
    if report.cleared:
        lines.append(f"{len(report.cleared)} times, a distribution says that a package is not affected: no finding.")
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
