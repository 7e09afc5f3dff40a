"""The JSON of a decision, `holdfast.gate/1`. Everything is sorted: the same inputs give the same bytes."""

from collections.abc import Sequence
from typing import Any

from holdfast.findings.vex import Said
from holdfast.findings.waivers import Waived
from holdfast.gate.deadlines import Deadline
from holdfast.gate.decide import Decision, Judged
from holdfast.gate.score import Entry
from holdfast.model.advisory import Snapshot
from holdfast.model.finding import Finding
from holdfast.model.instant import format_instant
from holdfast.model.vex import Statement

SCHEMA = "holdfast.gate/1"


def decision_to_json(
    decision: Decision, policy: Sequence[tuple[str, str]], snapshots: Sequence[Snapshot], base: str | None
) -> dict[str, Any]:
    """Return the document; `policy` is (level, digest), `base` what it was compared with."""
    return {
        "schema": SCHEMA,
        "verdict": decision.answer.value,
        "would_be": decision.would_be.value,
        "mode": decision.mode.value,
        "basis": decision.basis.value,
        "base": base,
        "score": decision.score.value,
        "base_score": decision.base_score.value if decision.base_score else None,
        "min_score": decision.bar,
        "reasons": list(decision.reasons),
        "blocking": [judged_to_json(one) for one in decision.blocking],
        "warnings": [judged_to_json(one) for one in decision.warnings],
        "waived": [judged_to_json(one) for one in decision.waived],
        "vex": [judged_to_json(one) for one in decision.spoken_of],
        "unknown": [{"id": gap.id, "because": gap.because, "where": gap.place or None} for gap in decision.gaps],
        "existing": decision.existing,
        "existing_unknown": decision.old_gaps,
        "ledger": [_entry(one) for one in decision.score.ledger],
        "policy": [{"level": level, "digest": digest or None} for level, digest in policy],
        "snapshot": [_snapshot(one) for one in snapshots],
        "notes": list(decision.notes),
    }


def error_to_json(message: str, where: str | None, hint: str | None) -> dict[str, Any]:
    """Return the document of a decision that did not come about."""
    return {"schema": SCHEMA, "error": {"message": message, "where": where, "hint": hint}}


def judged_to_json(one: Judged) -> dict[str, Any]:
    """Return one finding with what was decided about it."""
    return {
        **_finding(one.finding),
        "introduced_here": one.is_new,
        "outcome": one.outcome.value,
        "rules": [
            {"id": hit.rule.id, "level": hit.level, "because": hit.rule.because or None, "enforced": not hit.is_early}
            for hit in one.judgement.hits
        ],
        "because": one.because or None,
        "waiver": _waived(one.waived) if one.waived else None,
        "vex": said_to_json(one.said) if one.said else None,
        "deadline": _deadline(one.deadline) if one.deadline else None,
    }


def _finding(one: Finding) -> dict[str, Any]:
    severity, fix, component = one.severity, one.fix, one.component
    return {
        "kind": one.kind.value,
        "id": one.id,
        "aliases": list(one.ids),
        "purl": component.purl if component else None,
        "packages": [package.component.purl for package in one.packages],
        "state": one.state.value,
        "severity": None if severity is None else {"score": severity.score, "vector": severity.vector},
        "known_exploited": one.known_exploited,
        "epss": one.epss,
        "fix": None if fix is None else {"version": fix.version, "command": fix.typed, "note": fix.note or None},
        "path": list(one.occurrence.path) if one.occurrence else [],
        "direct": one.occurrence.direct if one.occurrence else None,
        "locations": [{"file": place.file, "line": place.line} for place in one.locations],
        "tools": list(one.tools),
        "confidence": one.confidence,
    }


def _waived(one: Waived) -> dict[str, Any]:
    waiver = one.waiver
    return {
        "id": waiver.id,
        "status": waiver.status.value,
        "reason": waiver.reason,
        "expires": format_instant(waiver.expires_at),
        "holds": one.holds,
        "void": list(one.void),
    }


def said_to_json(said: Said) -> dict[str, Any]:
    """Return what documents say of a finding; `others` say another thing and don't count."""
    return {
        "said": said.words,
        "clears": said.clears,
        "void": list(said.void),
        **_statement(said.statement),
        "others": [_statement(one) for one in said.others],
    }


def _statement(one: Statement) -> dict[str, Any]:
    return {
        "status": one.status.value,
        "justification": one.justification or None,
        "impact": one.impact or None,
        "action": one.action or None,
        "response": list(one.response),
        "author": one.author,
        "document": one.document or None,
        "version": one.version or None,
        "timestamp": format_instant(one.at) if one.at else None,
        "file": one.file,
    }


def _deadline(one: Deadline) -> dict[str, Any]:
    return {
        "days": one.term.days,
        "due": format_instant(one.due_at) if one.due_at else None,
        "forensics": one.term.forensics,
        "because": list(one.because),
        "known_since": format_instant(one.known_since) if one.known_since else None,
        "granted": format_instant(one.granted_at) if one.granted_at else None,
    }


def _entry(one: Entry) -> dict[str, Any]:
    component = one.finding.component
    return {
        "id": one.finding.id,
        "purl": component.purl if component else None,
        "risk": round(one.risk, 3),
        "severity": round(one.severity, 3),
        "likelihood": one.likelihood,
        "exposure": one.exposure,
        "because": list(one.because),
        "excused": one.excused,
    }


def _snapshot(one: Snapshot) -> dict[str, Any]:
    return {
        "ecosystem": one.ecosystem,
        "source": one.source,
        "synced": format_instant(one.synced_at) if one.synced_at else None,
        "newest": format_instant(one.newest) if one.newest else None,
        "records": one.records,
        "validator": one.validator,
        "digest": one.digest,
        "lists": one.lists,
    }
