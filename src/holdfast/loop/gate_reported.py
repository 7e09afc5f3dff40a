"""Other tools' reports among our findings: the same policy, score and waivers for all of them.

Rules:

1. A package's finding that shares an id with ours in the same package is ours, seen by both tools. A distribution's
   notice joins nothing: findings of different CVEs that name one notice stay apart, and a notice of several CVEs goes
   by its own id alone, so that what is accepted of one CVE is not of another.
2. Any other is told apart by what it is and the text of its line, never by the line's number: what moved is the same.
   The same line twice in a file is two things. Two tools that name one weakness (CWE) at one line saw one thing; of
   secrets, of which no text is kept, that line is known by its number.
3. What a tool reports of the change was there before when the base's file has the line, or the base has the package in
   that version: no second report is needed.
4. What a tool could not read is a gap, and what it suppressed does not count. A gap in a file that the base has just
   so was there before.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from holdfast.errors import FactError
from holdfast.gate.sides import Gap, Side
from holdfast.model.advisory import PackageState, Severity
from holdfast.model.component import Component, Location, Occurrence, Sbom
from holdfast.model.finding import Finding, Kind
from holdfast.model.fix import Fix
from holdfast.model.frozen import frozen
from holdfast.model.naming import cves_of
from holdfast.model.purl import find_distribution
from holdfast.model.reported import Report, ReportedFinding
from holdfast.ports.tree import Tree

_MOST_BYTES = 16 << 20
_LEVELS = {"critical": 9.0, "high": 7.0, "medium": 4.0, "low": 0.1, "none": 0.0}


@frozen
class Sources:
    """Where reported lines and packages are looked up: the tree that is judged, and what it is compared with."""

    head: Tree
    base: Tree | None = None
    base_sbom: Sbom | None = None


@frozen
class Reported:
    """What other tools say of a tree: findings and gaps, each with whether the base has it as well."""

    findings: tuple[tuple[Finding, bool], ...] = ()
    gaps: tuple[tuple[Gap, bool], ...] = ()


NOTHING = Reported()


def add_reports(head: Side, base: Side | None, reports: Sequence[Report], sources: Sources) -> tuple[Side, Side | None]:
    """Return both sides with what other tools reported of the head."""
    return add_reported(head, base, read_reported(reports, sources))


def add_reported(head: Side, base: Side | None, reported: Reported) -> tuple[Side, Side | None]:
    """Return both sides with what other tools say."""
    found = _Found(head.findings)
    for one, _ in reported.findings:
        found.add(one)
    gaps = tuple(gap for gap, _ in reported.gaps)
    here = replace(head, findings=tuple(found.findings), gaps=(*head.gaps, *gaps))
    if base is None:
        return here, None
    old = tuple(one for one, was in reported.findings if was)
    old_gaps = tuple(gap for gap, was in reported.gaps if was)
    return here, replace(base, findings=(*base.findings, *old), gaps=(*base.gaps, *old_gaps))


def read_reported(reports: Sequence[Report], sources: Sources) -> Reported:
    """Return what reports say of a tree; it alone is looked at, and what it is compared with."""
    here, before = _Lines(sources.head), _Lines(sources.base) if sources.base is not None else None
    known = {one.component for one in sources.base_sbom.occurrences} if sources.base_sbom else set()
    found: list[tuple[Finding, bool]] = []
    for report in reports:
        seen: Counter[tuple[str, ...]] = Counter()  # what a second report of a tool repeats is not a second thing
        for one in report.findings:
            if one.suppressed:
                continue
            if one.component is not None:
                found.append((_of_package(one), one.component in known))
            else:
                found.append(_of_line(one, here, before, seen))
    return Reported(tuple(found), tuple(_gaps(reports, sources)))


def _gaps(reports: Iterable[Report], sources: Sources) -> Iterator[tuple[Gap, bool]]:
    """Yield what tools could not read, and whether it was there before."""
    for report in reports:
        for gap in report.unparsed:
            place = gap.file if gap.line is None else f"{gap.file}:{gap.line}"
            content = _content(sources.head, gap.file)
            of_file = f"{gap.file}:" if content is not None else ""
            was = content is not None and sources.base is not None and content == _content(sources.base, gap.file)
            yield Gap(f"unread:{report.tool}:{of_file}{gap.because}", f"{report.tool}: {gap.because}", place), was


def _content(tree: Tree, file: str) -> bytes | None:
    """Return a file's content, or why it can't be read; `None` where there is none."""
    if not file:
        return None
    try:
        return tree.read(file, _MOST_BYTES)
    except FactError as error:
        return None if error.message == "no such file" else error.message.encode()


class _Found:
    """Findings, each found again by any of its keys: reports may hold a hundred thousand."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        self._places: dict[tuple[str, ...], int] = {}
        for place, one in enumerate(self.findings):
            self._note(place, one)

    def _note(self, place: int, one: Finding) -> None:
        for key in one.keys:
            self._places.setdefault(key, place)

    def add(self, one: Finding) -> None:
        """Take one more, or note that another tool has seen one of them as well."""
        places = {self._places[key] for key in one.keys if key in self._places}
        place = min((at for at in places if not _are_apart(self.findings[at], one)), default=None)
        if place is None:
            self.findings.append(one)
            self._note(len(self.findings) - 1, one)
        else:
            self.findings[place] = _united(self.findings[place], one)
            self._note(place, self.findings[place])


def _united(known: Finding, one: Finding) -> Finding:
    """Return what both say; a fix that the other tool knows counts, unless the distribution says there is none.

    A notice keeps to its own id, and is as grave as the gravest of what it mends.
    """
    is_notice = _is_built(known) and not cves_of(known.ids)
    ids = known.ids if is_notice else tuple(sorted({*known.ids, *one.ids}))
    graver = is_notice and (one.score or 0.0) > (known.score or 0.0)
    learns = known.fix is None and one.fix is not None and known.state in {PackageState.AFFECTED, PackageState.FIXED}
    return replace(
        known,
        ids=ids,
        whole=known.whole if cves_of(ids) == cves_of(known.ids) else (),
        tools=tuple(dict.fromkeys((*known.tools, *one.tools))),
        marks=tuple(dict.fromkeys((*known.marks, *one.marks))),
        severity=one.severity if graver else known.severity or one.severity,
        fix=one.fix if learns else known.fix,
        state=PackageState.FIXED if learns else known.state,
    )


def _are_apart(known: Finding, one: Finding) -> bool:
    """Whether two findings on a distribution's package are of different CVEs, whatever notice mends both."""
    mine, theirs = cves_of(known.ids), cves_of(one.ids)
    return _is_built(known) and bool(mine and theirs) and mine.isdisjoint(theirs)


def _is_built(one: Finding) -> bool:
    """Whether it is about a package that a distribution built."""
    return one.component is not None and find_distribution(one.component.ecosystem.partition(":")[0]) is not None


def _ids_of(one: ReportedFinding, component: Component) -> tuple[str, ...]:
    """Return what a finding is known by: of a distribution's package, never by several CVEs."""
    ids = {one.id, *one.aliases}
    if len(cves_of(ids)) > 1 and find_distribution(component.ecosystem.partition(":")[0]) is not None:
        ids = {one.id}
    return tuple(sorted(ids))


def _of_package(one: ReportedFinding) -> Finding:
    component = one.component
    assert component is not None  # noqa: S101 - the caller looked
    fix = Fix(one.fixed_in[0], component.name, None, None, note=f"as {one.tool} says") if one.fixed_in else None
    return Finding(
        one.kind,
        one.id,
        _ids_of(one, component),
        one.message,
        _severity(one),
        occurrence=Occurrence(component, one.locations),
        fix=fix,
        tools=(one.tool,),
        state=PackageState.FIXED if fix else PackageState.AFFECTED,
    )


def _of_line(
    one: ReportedFinding, here: "_Lines", before: "_Lines | None", seen: Counter[tuple[str, ...]]
) -> tuple[Finding, bool]:
    """Return a finding at a line, and whether the base's file has that line already."""
    place = next(iter(one.locations), Location(""))
    text = here.text(place)
    digest = ""  # nothing is made of a line that holds a secret
    if one.kind is not Kind.SECRET:
        digest = _digest(" ".join(text.split()))[:16] if text else one.line_hash
    marks = []
    for name in (one.id, *(alias for alias in one.aliases if alias.upper().startswith("CWE-"))):
        at = f"line {place.line}" if one.kind is Kind.SECRET and name != one.id else digest
        key = (one.kind.value, name, place.file, at)
        seen[one.tool, *key] += 1
        marks.append(f"1:{_digest(json.dumps([*key, seen[one.tool, *key]]))}")
    finding = Finding(
        one.kind,
        one.id,
        tuple(sorted({one.id, *one.aliases})),
        one.message,
        _severity(one),
        places=one.locations,
        tools=(one.tool,),
        fingerprint=marks[0],
        marks=tuple(marks),
    )
    if before is None or text is None:
        return finding, False
    if not text:  # a blank line says nothing of what is there: only a file that is the same does
        return finding, here.of(place.file) == before.of(place.file)
    return finding, before.count(place.file, text) >= here.nth(place, text)


def _severity(one: ReportedFinding) -> Severity | None:
    """Return what a level in words counts as at least; `None` where the tool says none."""
    return one.severity or (Severity(_LEVELS[one.level], None) if one.level in _LEVELS else None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Lines:
    """Lines of files in a tree, without their outer white space, each file read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._files: dict[str, list[str]] = {}

    def of(self, file: str) -> list[str]:
        """Return a file's lines; none where it can't be read."""
        if file not in self._files:
            try:
                text = self._tree.read(file, _MOST_BYTES).decode("utf-8", "replace")
            except FactError:
                self._files[file] = []  # not one empty line: of that it would be said that it was there before
            else:
                self._files[file] = [line.strip() for line in text.split("\n")]
        return self._files[file]

    def text(self, place: Location) -> str | None:
        """Return the text of a place's line; `None` where there is none."""
        lines = self.of(place.file) if place.line else []
        return lines[place.line - 1] if place.line and 0 < place.line <= len(lines) else None

    def count(self, file: str, text: str) -> int:
        """Return how often a file has a line."""
        return self.of(file).count(text)

    def nth(self, place: Location, text: str) -> int:
        """Return which of the equal lines of its file a place is, from 1."""
        return self.of(place.file)[: place.line].count(text)
