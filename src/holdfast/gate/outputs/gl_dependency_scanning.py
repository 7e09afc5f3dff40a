"""GitLab's dependency scanning report, schema 15: the security tab, the merge request's widget, the dependency list.

Rules:

1. Everything that is in a package stands in it, old and new: GitLab itself compares with the target branch. What a
   waiver calls not affected carries GitLab's flag for that.
2. Ids are UUIDs of digests. Both instants are that of the decision.
3. GitLab's limits: 20 identifiers, names of 255 characters, solutions of 7,000. Dependencies are CycloneDX's to list.
4. Texts are GitLab's Markdown there: what comes from outside is a span of code. A CVSS vector that its pattern refuses
   would have GitLab refuse the whole report, and is left out.

Source: GitLab, security-report-schemas 15, `dependency-scanning-report-format.json`.
"""

import re
import uuid
from datetime import UTC
from typing import Any

import msgspec

from holdfast import __version__
from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._spec import OutputContext, OutputSpec
from holdfast.gate.outputs._words import (
    NAME,
    clean,
    digest,
    fingerprints,
    headline,
    in_order,
    is_waived,
    reason,
    remedy,
)
from holdfast.gate.outputs.sarif import address_of
from holdfast.model.finding import Finding, Kind
from holdfast.model.waiver import Status

VERSION = "15.2.1"
_TYPES = {"CVE": "cve", "GHSA": "ghsa", "OSVDB": "osvdb", "USN": "usn", "RHSA": "rhsa", "GMS": "gms"}
_WEAKNESSES = frozenset({Kind.VULNERABILITY, Kind.MALICIOUS, Kind.END_OF_LIFE})
_ABOVE = ((9.0, "Critical"), (7.0, "High"), (4.0, "Medium"), (0.1, "Low"))
_VECTOR = re.compile(r"CVSS:3\.[01](/(AV:[NALP]|AC:[LH]|PR:[NLH]|UI:[NR]|S:[UC]|[CIA]:[NLH])){8}")
Json = dict[str, Any]


def render(decision: Decision, context: OutputContext) -> str:
    """Return the report."""
    shown = [one for one in in_order(decision) if one.finding.component and one.finding.kind in _WEAKNESSES]
    at = context.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    tool = {"id": NAME, "name": "Holdfast", "version": __version__, "vendor": {"name": "Holdfast"}}
    document = {
        "version": VERSION,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "dependency_scanning",
            "start_time": at,
            "end_time": at,
            "status": "success",
        },
        "vulnerabilities": [
            _vulnerability(one, mark, context) for one, mark in zip(shown, fingerprints(shown), strict=True)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def rating(finding: Finding) -> str:
    """Return GitLab's word for a severity; what has no score is `Unknown`."""
    if finding.kind is Kind.MALICIOUS:
        return "Critical"
    score = finding.score
    if score is None:
        return "Unknown"
    return next((word for least, word in _ABOVE if score >= least), "Info")


def _vulnerability(one: Judged, mark: str, context: OutputContext) -> Json:
    finding, component = one.finding, one.finding.component
    if component is None:
        return {}
    why = reason(one)
    file, _ = context.place(finding.locations)
    out: Json = {
        "id": str(uuid.UUID(digest("gitlab", mark), version=5)),
        "name": clean(finding.title or f"{finding.id} in {component.name}", 255),
        "description": _code(headline(finding)) + (f": {_code(why)}" if why else ""),
        "severity": rating(finding),
        "solution": _code(remedy(finding)),
        "identifiers": _identifiers(finding),
        "links": [{"url": address_of(finding)}],
        "location": {
            "file": clean(file),
            "dependency": {"package": {"name": component.name}, "version": component.version},
        },
    }
    if finding.occurrence and finding.occurrence.direct is not None:
        out["location"]["dependency"]["direct"] = finding.occurrence.direct
    vector = finding.severity.vector if finding.severity else None
    if vector and _VECTOR.fullmatch(vector):
        out["cvss_vectors"] = [{"vendor": "osv", "vector": vector}]
    if is_waived(one) and not (one.waived and one.waived.holds and one.waived.waiver.status is Status.AFFECTED):
        flag = {"type": "flagged-as-likely-false-positive", "origin": NAME, "description": reason(one)}
        out["flags"] = [flag]
    return out


def _identifiers(finding: Finding) -> list[Json]:
    names = [finding.id, *(name for name in finding.ids if name != finding.id)][:20]
    return [
        {"type": _TYPES.get(name.partition("-")[0], "osv"), "name": clean(name, 255), "value": clean(name, 255)}
        for name in names
    ]


def _code(text: str) -> str:
    """Return a span of code: GitLab reads these texts as its Markdown, where a name could mention people."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, room = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{room}{text}{room}{fence}"


SPEC = OutputSpec("gl_dependency_scanning", "json", "GitLab's dependency scanning report, schema 15", render)
