"""A decision for people: what blocks and what to type, then what else there is, then the score and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from holdfast.controls.distributions import count_words, no_fix_words
from holdfast.edges.cli.output import markdown_cell, print_rows, printable
from holdfast.edges.cli.scan_output import named_with
from holdfast.edges.cli.words import duration_text, instant_text, seconds_between
from holdfast.findings.vex import Said, words_of
from holdfast.gate.decide import Decision, Judged
from holdfast.model.build import Answer, Basis, Mode
from holdfast.model.finding import Kind
from holdfast.model.instant import format_instant

_BLOCKING = [("Blocks", "finding"), ("Because", "because"), ("Where", "where"), ("Do", "fix")]
_WARNINGS = [("Warns", "finding"), ("Because", "because"), ("Where", "where"), ("Do", "fix")]
_WAIVED = [("Waived", "finding"), ("Until", "until"), ("Because", "reason")]
_VOID = [("Void waiver", "waiver"), ("Of", "finding"), ("Because", "because")]
SAID = [("Said by others", "said"), ("Of", "finding"), ("Counts", "counts")]
_UNKNOWN = [("Could not tell", "because"), ("Where", "where")]
_LEDGER = [("Risk", "risk"), ("Finding", "finding"), ("Because", "because")]
_SHOWN = 10
WORDS = {Answer.PASS: "Pass", Answer.BLOCKED: "Blocked", Answer.UNKNOWN: "Could not tell"}


def print_decision(
    decision: Decision, style: str, snapshots: Sequence[Mapping[str, Any]] = (), now: datetime | None = None
) -> None:
    """Print a decision as `table` or `markdown`; `snapshots` are those of its document, told with their age."""
    void = [one for one in decision.judged if one.is_new and one.waived and not one.waived.holds]
    sections: list[tuple[Sequence[dict[str, Any]], list[tuple[str, str]]]] = [
        ([_row(one) for one in decision.blocking], _BLOCKING),
        ([{"because": gap.because, "where": gap.place} for gap in decision.gaps], _UNKNOWN),
        ([_row(one) for one in decision.warnings], _WARNINGS),
        ([_void(one) for one in void], _VOID),
        ([_waived(one) for one in decision.waived], _WAIVED),
        ([row for one in decision.spoken_of for row in said_rows(one.said, _name(one))], SAID),
        (_ledger(decision), _LEDGER),
    ]
    for rows, columns in sections:
        if rows:
            print_rows(rows, columns, style)
            print()
    for line in [*(_feed(one, now) for one in snapshots), *_summary(decision)]:
        print(markdown_cell(line) + "  " if style == "markdown" else printable(line))


def _name(one: Judged) -> str:
    finding = one.finding
    if finding.component is None:
        return finding.id
    through = f" (through {finding.occurrence.path[0]})" if finding.occurrence and finding.occurrence.path else ""
    package = named_with(finding.component.name, finding.packages)
    return f"{finding.named} in {package} {finding.component.version}{through}"


def _row(one: Judged) -> dict[str, Any]:
    fix = one.finding.fix
    places = one.finding.locations
    rules = ", ".join(f"{hit.rule.id}{_from(one)}" for hit in one.judgement.hits)
    return {
        "finding": _name(one),
        "because": f"{one.because}{_clock(one)}" if one.because else rules,
        "where": str((fix.location if fix else None) or (places[0] if places else "")),
        "fix": _no_fix(one) if fix is None else fix.typed or fix.note or f"raise it to {fix.version}",
    }


def _clock(one: Judged) -> str:
    """The clock of a repair, of what was there before; empty where there is none."""
    return f" ({one.deadline.clock})" if one.deadline is not None and not one.is_new else ""


def _ecosystem(one: Judged) -> str:
    return one.finding.component.ecosystem if one.finding.component else ""


def _no_fix(one: Judged) -> str:
    component = one.finding.component
    if one.finding.kind is Kind.MALICIOUS:
        return "take it out"
    return (no_fix_words(one.finding.state, component.ecosystem) if component else "") or "no fix is known"


def _from(one: Judged) -> str:
    hit = one.judgement.hits[0]
    if not hit.is_early or hit.rule.enforce_from is None:
        return ""
    return f" (blocks from {format_instant(hit.rule.enforce_from)})"


def _waived(one: Judged) -> dict[str, Any]:
    waiver = one.waived.waiver if one.waived else None
    if waiver is None:
        return {}
    return {"finding": _name(one), "until": format_instant(waiver.expires_at), "reason": waiver.reason}


def _void(one: Judged) -> dict[str, Any]:
    if one.waived is None:
        return {}
    return {"waiver": one.waived.waiver.id, "finding": _name(one), "because": "; ".join(one.waived.void)}


def said_rows(said: Said | None, finding: str) -> list[dict[str, Any]]:
    """Return what documents say of a finding: what counts first, then what says another thing."""
    if said is None:
        return []
    counts = "; ".join(f"no: {why}" for why in said.void) or "yes"
    others = [{"said": words_of(one), "finding": finding, "counts": "no: another is stricter"} for one in said.others]
    return [{"said": said.words, "finding": finding, "counts": counts}, *others]


def _ledger(decision: Decision) -> list[dict[str, Any]]:
    """The worst lines of the score; none when nothing was taken off."""
    shown = [one for one in decision.score.ledger if one.risk > 0][:_SHOWN]
    rows = [
        {
            "risk": f"{one.risk:.1f}",
            "finding": f"{one.finding.id} in {one.finding.component.name}" if one.finding.component else one.finding.id,
            "because": ", ".join(one.because),
        }
        for one in shown
    ]
    more = len(decision.score.ledger) - len(shown)
    return [*rows, {"risk": "", "finding": f"{more} more", "because": ""}] if more > 0 else rows


def _feed(one: Mapping[str, Any], now: datetime | None) -> str:
    """What the advisories of an ecosystem were: how old, how new their newest record, and which exactly."""
    age = seconds_between(one["synced"], format_instant(now) if now else None)
    synced = "never synced" if one["synced"] is None else f"synced {instant_text(one['synced'])}"
    old = f", {duration_text(age)} ago" if age is not None and age >= 1 else ""
    newest = f"newest {instant_text(one['newest'])}" if one["newest"] else "newest without date"
    digest = one.get("digest")
    which = f", {digest[:19]}" if digest else ""
    return f"{one['ecosystem']}: {one['records']} advisories, {synced}{old}, {newest}{which}."


def _summary(decision: Decision) -> list[str]:
    base = f", base {decision.base_score.value:.1f}" if decision.base_score else ""
    score = decision.score
    lines = [
        f"Score {score.value:.1f}{base}, at least {decision.bar:g}: 100 less {score.worst:.1f} for the worst"
        f" and {score.rest:.1f} for the rest."
    ]
    if decision.score_fails:
        lines.append("The score is below the bar.")
    counts = [f"{len(decision.blocking)} block", f"{len(decision.warnings)} warn", f"{len(decision.waived)} waived"]
    cleared = sum(one.said is not None and one.said.clears for one in decision.spoken_of)
    if cleared:
        counts.append(f"{cleared} cleared by VEX")
    if decision.basis is not Basis.NOTHING:
        counts.append(f"{decision.existing} were there before")
    lines.append(f"{', '.join(counts)}; {len(decision.gaps)} could not be told.")
    unfixed = count_words((one.finding.state, _ecosystem(one)) for one in decision.judged if one.finding.component)
    if unfixed:
        lines.append(f"Of all findings, {unfixed}.")
    lines += [f"Note: {note}" for note in decision.notes]
    lines.append(_verdict(decision))
    return lines


def _verdict(decision: Decision) -> str:
    said = WORDS[decision.answer]
    if decision.mode is not Mode.BLOCK and decision.would_be is not Answer.PASS:
        return f"{said} (mode `{decision.mode}`; it would be: {WORDS[decision.would_be].lower()})."
    return f"{said}."
