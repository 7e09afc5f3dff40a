"""Several services in one tree: what is each one's, and their verdicts as one.

Rules:

1. A file is its service's by the innermost folder. One that lies in no service's folder is the nearest one's (the
   longest way down that both share); of equally near ones the strictest answers for it, by tier, exposure and name.
   Every file is somebody's, and so is what was found without a place.
2. What lies in folders of several services is each one's, with its own places.
3. What another tool says of a package is of every service that has the package; of anything else, by its place.
4. The verdict of all is the worst of them. Nothing that one of them says is left out, and each says whose it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from holdfast.errors import UsageError
from holdfast.gate.decide import Bound, Decision
from holdfast.gate.score import Score
from holdfast.loop.gate import Stated
from holdfast.loop.scan import ScanReport
from holdfast.model.build import Answer
from holdfast.model.component import Location, Occurrence, Sbom
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach
from holdfast.model.reported import Report, ReportedFinding

MOST_SERVICES, MOST_FOLDERS = 200, 2000
_LOWEST_TIER = 9
_REACHES = (Reach.INTERNET, Reach.UNKNOWN, Reach.INTERNAL, Reach.DEVELOPMENT)
_ANSWERS = (Answer.PASS, Answer.UNKNOWN, Answer.BLOCKED)
_LISTS = ("blocking", "warnings", "waived", "vex", "unknown", "ledger")
_ALONE = ("build", "verdict", "would_be", "mode", "basis", "base", "score", "base_score", "min_score", "reasons",
          "existing", "existing_unknown", "policy", "notes")  # fmt: skip

Owner = Callable[[str], str]
"""Gives the service of a file."""


@frozen
class Verdict:
    """What was decided of one service; `folders` are its own, below what was judged."""

    service: str
    folders: tuple[str, ...]
    decision: Decision
    document: Mapping[str, Any]


def find_services(stated: Stated) -> tuple[Bound, ...]:
    """Return the services of a tree that are to be judged each by itself, by name; none where there is one at most.

    Raises:
        UsageError: there are too many.
    """
    names = {name for _, name in stated.folders if name}
    found = tuple(sorted((one for one in stated.services if one.service in names), key=lambda one: one.service))
    if len(found) > MOST_SERVICES or len(stated.folders) > MOST_FOLDERS:
        hint = "gate folders one by one, or name one: `--service NAME`"
        raise UsageError(f"over {MOST_SERVICES} services, or {MOST_FOLDERS} folders, are declared here", hint=hint)
    return found if len(found) > 1 else ()


def folders_of(stated: Stated, service: str) -> tuple[str, ...]:
    """Return the folders of a service, below what is judged."""
    return tuple(sorted({folder for folder, name in stated.folders if name == service}))


def owner_of(stated: Stated) -> Owner:
    """Return what tells whose a file is, by rule 1."""
    strictness = {one.service: _strictness(one) for one in find_services(stated)}
    folders = [(folder.split("/") if folder else [], name) for folder, name in stated.folders if name in strictness]
    known: dict[tuple[str, ...], str] = {}
    named = {folder: name for folder, name in stated.folders if folder and name in strictness}

    def owner(file: str) -> str:
        parts = tuple(part for part in file.split("/") if part not in {"", "."})
        if (found := named.get("/".join(parts))) is not None:  # a service may name a file as well
            return found
        parts = parts[:-1]
        if parts not in known:
            known[parts] = min(folders, key=lambda one: _nearness(one[0], parts, strictness[one[1]]))[1]
        return known[parts]

    return owner


def _strictness(one: Bound) -> tuple[int, int, str]:
    return one.tier or _LOWEST_TIER, _REACHES.index(one.reach), one.service


def _nearness(folder: Sequence[str], parts: Sequence[str], strictness: tuple[int, int, str]) -> tuple[object, ...]:
    """Order folders for a file's: those around it, the innermost first; then by the way that they share."""
    shared = next((at for at, (one, other) in enumerate(zip(folder, parts, strict=False)) if one != other), None)
    length = min(len(folder), len(parts)) if shared is None else shared
    return length < len(folder), -length, strictness


def split_sbom(sbom: Sbom, owner: Owner) -> dict[str, Sbom]:
    """Return what each service is made of; one that has nothing is not in it."""
    occurrences: dict[str, list[Occurrence]] = {}
    for one in sbom.occurrences:
        for name, mine in _shared_out(one, owner).items():
            occurrences.setdefault(name, []).append(mine)
    files: dict[str, list[tuple[str, str, int]]] = {}
    for file in sbom.files:
        files.setdefault(owner(file[0]), []).append(file)
    gaps: dict[str, list[Any]] = {}
    for gap in sbom.unparsed:
        gaps.setdefault(owner(gap.file), []).append(gap)
    return {
        name: Sbom(tuple(occurrences.get(name, ())), tuple(files.get(name, ())), tuple(gaps.get(name, ())))
        for name in sorted({*occurrences, *files, *gaps})
    }


def _shared_out(one: Occurrence, owner: Owner) -> dict[str, Occurrence]:
    places: dict[str, list[Location]] = {}
    for place in one.locations:
        places.setdefault(owner(place.file), []).append(place)
    if not places:
        return {owner(""): one}
    return {name: replace(one, locations=tuple(listed)) for name, listed in places.items()}


def split_scan(report: ScanReport, owner: Owner) -> dict[str, ScanReport]:
    """Return what a scan says of each service, as a base: whose finding it is counts, not the fix."""
    findings: dict[str, list[Any]] = {}
    for one in report.findings:
        leads, packages = _shared_out(one.occurrence, owner), [_shared_out(place, owner) for place in one.packages]
        for name in dict.fromkeys(name for each in (leads, *packages) for name in each):
            mine = [each[name] for each in packages if name in each]
            lead = leads.get(name) or mine[0]
            findings.setdefault(name, []).append(replace(one, occurrence=lead, packages=tuple(mine)))
    unjudged: dict[str, list[Any]] = {}
    for gap in report.unjudged:
        for name, mine_ in _shared_out(gap.occurrence, owner).items():
            unjudged.setdefault(name, []).append(replace(gap, occurrence=mine_))
    sboms = split_sbom(report.sbom, owner)
    return {
        name: replace(
            report,
            sbom=sboms.get(name, Sbom(())),
            findings=tuple(findings.get(name, ())),
            unjudged=tuple(unjudged.get(name, ())),
            ended=_ended_in(report.ended, sboms.get(name, Sbom(()))),
        )
        for name in sorted({*sboms, *findings, *unjudged})
    }


def _ended_in(ended: Sequence[tuple[str, date]], sbom: Sbom) -> tuple[tuple[str, date], ...]:
    """Return the releases past their end that a part has packages of: another's are no reason to call its own old."""
    used = {one.component.ecosystem for one in sbom.occurrences} if ended else set()
    return tuple(one for one in ended if one[0] in used)


def split_reports(reports: Sequence[Report], owner: Owner, sboms: Mapping[str, Sbom]) -> dict[str, tuple[Report, ...]]:
    """Return what other tools report of each service, by rule 3."""
    having: dict[Any, list[str]] = {}
    for name, sbom in sboms.items():
        for one in sbom.occurrences:
            having.setdefault(one.component, []).append(name)

    def names(one: ReportedFinding) -> Sequence[str]:
        found = having.get(one.component, ()) if one.component is not None else ()
        return found or [owner(one.locations[0].file if one.locations else "")]

    out: dict[str, list[Report]] = {}
    for report in reports:
        mine: dict[str, list[ReportedFinding]] = {}
        for said in report.findings:
            for name in names(said):
                mine.setdefault(name, []).append(said)
        gaps: dict[str, list[Any]] = {}
        for gap in report.unparsed:
            gaps.setdefault(owner(gap.file), []).append(gap)
        for name in {*mine, *gaps}:
            part = replace(report, findings=tuple(mine.get(name, ())), unparsed=tuple(gaps.get(name, ())))
            out.setdefault(name, []).append(part)
    return {name: tuple(listed) for name, listed in out.items()}


def below(sbom: Sbom, folder: str) -> Sbom:
    """Return a composition with the files of a folder, in which all of it lies, told from there."""
    if not folder:
        return sbom
    start = f"{folder}/"
    occurrences = tuple(
        replace(one, locations=tuple(replace(at, file=at.file.removeprefix(start)) for at in one.locations))
        for one in sbom.occurrences
    )
    files = tuple(sorted((file.removeprefix(start), kind, count) for file, kind, count in sbom.files))
    gaps = tuple(replace(one, file=one.file.removeprefix(start)) for one in sbom.unparsed)
    return Sbom(occurrences, files, gaps)


def told_from_top(answer: Any, folder: str, elsewhere: frozenset[str]) -> Any:
    """Return a server's answer about a folder with places told from the top; `elsewhere` are told so already."""
    if isinstance(answer, list):
        return [told_from_top(one, folder, elsewhere) for one in answer]
    if not isinstance(answer, dict):
        return answer
    keys = [key for key in ("file", "place", "where") if isinstance(answer.get(key), str) and answer[key]]
    keys = [key for key in keys if key != "where" or answer.keys() == {"id", "because", "where"}]
    keys = [key for key in keys if key != "file" or "line" in answer]
    own = {key: f"{folder}/{text}" for key in keys if (text := answer[key]).partition(":")[0] not in elsewhere}
    return {name: own.get(name) or told_from_top(value, folder, elsewhere) for name, value in answer.items()}


def unite(said: Sequence[Verdict]) -> tuple[Decision, dict[str, Any]]:
    """Return the verdicts of several services as one decision and one document, by rule 4."""
    worst = max(said, key=lambda one: (_rank(one.decision), -one.decision.score.value))
    lowest = min(said, key=lambda one: one.decision.score.value).decision
    decisions = [one.decision for one in said]
    decision = Decision(
        answer=max((one.answer for one in decisions), key=_ANSWERS.index),
        would_be=max((one.would_be for one in decisions), key=_ANSWERS.index),
        mode=worst.decision.mode,
        basis=worst.decision.basis,
        score=_with_ledger(lowest.score, [one.score for one in decisions]),
        base_score=_base_score(lowest, decisions),
        bar=lowest.bar,
        score_fails=any(one.score_fails for one in decisions),
        judged=tuple(replace(each, service=one.service) for one in said for each in one.decision.judged),
        gaps=tuple(replace(g, because=f"{one.service}: {g.because}") for one in said for g in one.decision.gaps),
        old_gaps=sum(one.old_gaps for one in decisions),
        reasons=tuple(f"{one.service}: {reason}" for one in said for reason in one.decision.reasons),
        notes=tuple(_notes([(one.service, one.decision.notes) for one in said])),
    )
    return decision, _document(said, worst.document, decision)


def _rank(one: Decision) -> tuple[int, int]:
    return _ANSWERS.index(one.answer), _ANSWERS.index(one.would_be)


def _with_ledger(score: Score, every: Sequence[Score]) -> Score:
    return replace(score, ledger=tuple(entry for one in every for entry in one.ledger))


def _base_score(lowest: Decision, every: Sequence[Decision]) -> Score | None:
    bases = [one.base_score for one in every if one.base_score is not None]
    return None if lowest.base_score is None else _with_ledger(lowest.base_score, bases)


def _notes(said: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Return notes of services: what all of them say once, anything else with whose it is."""
    shared = [note for note in said[0][1] if all(note in notes for _, notes in said)]
    own = [f"{name}: {note}" for name, notes in said for note in notes if note not in shared]
    return [*shared, *own]


def _document(said: Sequence[Verdict], worst: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    snapshots = {str(row): row for one in said for row in one.document["snapshot"]}
    return {
        **{name: value for name, value in worst.items() if name != "build"},
        "verdict": decision.answer.value,
        "would_be": decision.would_be.value,
        "score": decision.score.value,
        "base_score": decision.base_score.value if decision.base_score else None,
        "min_score": decision.bar,
        "reasons": list(decision.reasons),
        **{part: [{**row, "service": one.service} for one in said for row in one.document[part]] for part in _LISTS},
        "existing": sum(one.document["existing"] for one in said),
        "existing_unknown": sum(one.document["existing_unknown"] for one in said),
        "snapshot": [snapshots[key] for key in sorted(snapshots)],
        "notes": list(decision.notes),
        "services": [_service(one) for one in said],
    }


def _service(one: Verdict) -> dict[str, Any]:
    counts = {part: len(one.document[part]) for part in ("blocking", "warnings", "waived", "unknown")}
    alone = {name: one.document[name] for name in _ALONE if name in one.document}
    return {"service": one.service, "folders": list(one.folders), **alone, **counts}
