"""One exposure with all that explains it: clocks, life, evidence, plan, fix, journal."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from holdfast.errors import NotFoundError
from holdfast.findings.clocks import problems
from holdfast.findings.heard import said_reasons
from holdfast.findings.rank import explain_rank
from holdfast.loop.view_action import Action, action_for
from holdfast.loop.view_map import state_of
from holdfast.loop.view_timeline import Clock, Timeline, clocks_of, timeline_of, window_start
from holdfast.metrics.summary import Group
from holdfast.model.exposure import Exposure
from holdfast.model.fix import Fix
from holdfast.model.frozen import frozen
from holdfast.model.instant import from_microseconds
from holdfast.model.journal import JournalEntry
from holdfast.model.run import Run
from holdfast.ports.advisories import AdvisoryRow
from holdfast.ports.store import Transaction
from holdfast.remediations.suggest import suggest_exposure_fix


@frozen
class JournalLine:
    """An entry of the journal in words; `by` is an opaque id, `None` where nobody is named."""

    seq: int
    at: datetime
    kind: str
    words: str
    by: str | None


@frozen
class ExposureView:
    """One exposure. `since` is when it could first be used, `reasons` why it ranks where it does.

    `said` are the reasons that a VEX document gives, in sentences.
    """

    exposure: Exposure
    state: str
    since: datetime
    reasons: tuple[str, ...]
    clocks: tuple[Clock, Clock, Clock]
    timeline: Timeline
    action: Action
    fix: Fix | None
    advisories: tuple[AdvisoryRow, ...]
    runs: tuple[Run, ...]
    journal: tuple[JournalLine, ...]
    releases: tuple[str, ...]
    said: tuple[str, ...]
    contradictions: tuple[str, ...]


def exposure_view(
    tx: Transaction, exposure_id: str, now: datetime, *, history: Group | None = None, entries: int = 200
) -> ExposureView:
    """Return an exposure with what explains it; `history` are the figures its clocks are compared with.

    Raises:
        NotFoundError: there is no such exposure.
    """
    exposure = tx.exposures.get(exposure_id)
    runs = tuple(tx.runs.of_exposures([exposure.id]))
    rows = tx.advisories.of_clusters([exposure.cluster]).get(exposure.cluster, ())
    lines = [line_of(entry) for entry in (tx.journal.about(exposure.id, entries) if entries else ())]
    return ExposureView(
        exposure,
        state_of(exposure),
        window_start(exposure),
        explain_rank(exposure),
        clocks_of(exposure, now, history),
        timeline_of(exposure, runs, now),
        action_for(tx, exposure, runs, now),
        fix_of(tx, exposure),
        tuple(rows),
        runs,
        tuple(lines),
        _releases(tx, exposure),
        said_reasons(exposure.said) if exposure.said else (),
        problems(exposure.clocks),
    )


def fix_of(tx: Transaction, exposure: Exposure) -> Fix | None:
    """Return the way out; `None` where no version is known that no advisory touches."""
    if exposure.risk.fix_version is None:
        return None
    return suggest_exposure_fix(exposure, exposure.risk.fix_version, _formats(tx, exposure))


def _formats(tx: Transaction, exposure: Exposure) -> Mapping[str, str]:
    """File → format of the newest composition that the exposure was seen in."""
    digest: str | None = None
    try:
        if exposure.subject.kind == "host":
            digest = tx.hosts.get(exposure.subject.id).sbom
        elif exposure.releases:
            digest = tx.releases.get(max(exposure.releases)).sbom
        return {file: name for file, name, _ in tx.sboms.load(digest).files} if digest else {}
    except NotFoundError:  # what it was seen in is gone by now; the file's name still tells its format
        return {}


def _releases(tx: Transaction, exposure: Exposure) -> tuple[str, ...]:
    out = []
    for identifier in exposure.releases if exposure.subject.kind == "service" else ():
        try:
            release = tx.releases.get(identifier)
        except NotFoundError:
            continue
        out.append(f"{release.service} {release.version}")
    return tuple(out)


_WORDS = {
    "exposure.opened": "detected",
    "exposure.updated": "brought up to date",
    "exposure.mitigated": "mitigated",
    "exposure.lifted": "mitigation lifted",
    "exposure.regressed": "open again",
    "exposure.resolved": "resolved",
    "exposure.merged": "merged with another",
    "exposure.waived": "waived: it would fail, and somebody bears that for a while",
    "exposure.unwaived": "waived no more",
    "exposure.cleared": "cleared by a VEX document",
    "exposure.reopened": "open again: no VEX document clears it any more",
    "run.planned": "run planned",
    "run.requested": "run asked for by a person",
    "run.approved": "run approved",
    "run.rejected": "run rejected",
    "run.held": "run held back",
    "run.step": "step",
    "run.effective": "run read back as effective",
    "run.failed": "run failed",
    "run.released": "run let go: its exposure ended",
    "run.dropped": "run dropped before it began",
    "run.undo_requested": "undo asked for by a person",
    "run.undoing": "run being undone",
    "run.undone": "run undone",
    "run.trouble": "run in trouble",
    "run.handed_over": "run handed over to the exposure that goes on",
}
_DETAILS = ("plan", "level", "action", "phase", "detail", "held", "because", "proof", "problem", "ending")


def line_of(entry: JournalEntry) -> JournalLine:
    """Return an entry in words; a kind that has none stands by itself."""
    body: Any = json.loads(entry.body)
    body = body if isinstance(body, dict) else {}
    words = _WORDS.get(entry.kind, entry.kind)
    details = _details(body)
    by = body.get("by")
    return JournalLine(
        entry.seq,
        from_microseconds(entry.at),
        entry.kind,
        f"{words}: {' · '.join(details)}" if details else words,
        by if isinstance(by, str) else None,
    )


def _details(body: Mapping[str, Any]) -> Sequence[str]:
    found = [(name, body.get(name)) for name in _DETAILS]
    return [f"plan {value}" if name == "plan" else value for name, value in found if isinstance(value, str) and value]
