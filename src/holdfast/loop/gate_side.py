"""What a scan found, as the gate judges it.

Rules:

1. Everything that could not be told is a gap with an identity that does not hang on a line: what was there before is
   recognized.
2. A component from a local path is named, not a gap; so is whatever a policy declares private. One from version control
   or from an address is a gap, where its ecosystem has versions to judge: nobody can tell what it is.
3. A dependency file that vanished is a gap, unless every package that it named is still read somewhere.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from holdfast.controls.match import covered
from holdfast.gate.sides import Gap, Side
from holdfast.loop.scan import ScanReport, Unjudged
from holdfast.loop.scan_findings import ScanFinding
from holdfast.model.advisory import PackageState
from holdfast.model.component import Occurrence, Source
from holdfast.model.finding import Finding, Kind

_FROM = {Source.VCS: "version control", Source.URL: "an address"}


def side_of(report: ScanReport) -> Side:
    """Return a scan as one side of a decision, before any policy."""
    findings = [finding_of(one) for one in report.findings]
    findings += [_ended(name, ended) for name, ended in report.ended]
    packages = tuple(
        replace(one, locations=one.locations[:1], path=())
        for one in report.sbom.occurrences
        if one.component.source is Source.REGISTRY
    )
    return Side(tuple(findings), tuple(_gaps(report)), packages)


def find_vanished(head: ScanReport, base: ScanReport) -> tuple[Gap, ...]:
    """Return the dependency files of the base that are not there any more, with packages that nobody names now."""
    read = {file for file, _, _ in head.sbom.files} | {gap.file for gap in head.sbom.unparsed}
    named = {_package(one) for one in head.sbom.occurrences}
    out = []
    for file, _, _ in base.sbom.files:
        if file in read:
            continue
        lost = {
            _package(one)
            for one in base.sbom.occurrences
            if any(place.file == file for place in one.locations) and _package(one) not in named
        }
        if lost:
            because = f"a dependency file vanished, and {len(lost)} of its packages are read nowhere else"
            out.append(Gap(f"vanished:{file}", because, file))
    return tuple(out)


def _package(occurrence: Occurrence) -> tuple[str, str, str]:
    return occurrence.component.ecosystem, occurrence.component.name, occurrence.component.version


def finding_of(one: ScanFinding) -> Finding:
    """Return what a scan found, as policy, score, waivers and VEX documents see it."""
    malicious = one.malicious
    ids = tuple(sorted({one.advisory, *one.members}))
    return Finding(
        kind=Kind.MALICIOUS if malicious else Kind.VULNERABILITY,
        id=malicious or one.advisory,
        ids=ids,
        severity=one.severity,
        known_exploited=one.known_exploited,
        epss=one.epss,
        automatable=one.automatable,
        total_impact=one.total_impact,
        applicable_at=one.published,
        occurrence=one.occurrence,
        fix=one.fix,
        confidence=one.confidence,
        state=one.state,
        packages=one.packages,
        whole=one.whole,
        mends=one.mends,
    )


def _ended(name: str, ended: date) -> Finding:
    """A distribution that nobody mends any more; the same one, whatever packages of it are there."""
    title = f"{name} got its last security updates on {ended.isoformat()}"
    known = datetime(ended.year, ended.month, ended.day, tzinfo=UTC)
    return Finding(
        Kind.END_OF_LIFE,
        f"EOL-{name}",
        (f"EOL-{name}",),
        title,
        applicable_at=known,
        fingerprint=f"1:{name}",
        state=PackageState.END_OF_LIFE,
    )


def _gaps(report: ScanReport) -> Iterator[Gap]:
    for gap in report.sbom.unparsed:
        place = gap.file if gap.line is None else f"{gap.file}:{gap.line}"
        yield Gap(f"unread:{gap.file}:{gap.because}", gap.because, place)
    for occurrence in report.sbom.occurrences:
        component = occurrence.component
        elsewhere = component.source in {Source.VCS, Source.URL} and covered(component.ecosystem)
        if elsewhere:
            because = f"{component.purl} comes from {_FROM[component.source]}: no advisory speaks of it"
            name = f"source:{component.ecosystem}:{component.name}:{component.version}"
            yield Gap(name, because, str(next(iter(occurrence.locations), "")), _private_name(occurrence))
    for one in report.unjudged:
        yield _unjudged(one)


def _unjudged(one: Unjudged) -> Gap:
    component = one.occurrence.component
    record = f" ({one.record})" if one.record else ""
    name = f"unjudged:{component.ecosystem}:{component.match_name}:{one.record or component.match_version}"
    place = str(next(iter(one.occurrence.locations), ""))
    return Gap(name, f"{component.purl}: {one.because}{record}", place, _private_name(one.occurrence))


def _private_name(occurrence: Occurrence) -> str:
    """Return the name by which a policy may declare it private."""
    return f"{occurrence.component.ecosystem.partition(':')[0]}:{occurrence.component.name}"
