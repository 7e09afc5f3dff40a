"""What is said of a finding in the words of VEX.

Rules:

1. A waiver in force speaks first: `not_affected` with its justification, or `affected`, a risk that is borne.
2. What another's document says of it comes next, where it counts: its status, in its words, with its author.
3. What was matched with low confidence, and what has no fix that one could take, is `under_investigation`.
4. The rest is `affected`, with what to do.

Source: OpenVEX 0.2.0; CISA, "Minimum Requirements for Vulnerability Exploitability eXchange (VEX)".
"""

from holdfast.findings.waivers import JUSTIFICATIONS
from holdfast.gate.decide import Decision, Judged
from holdfast.gate.outputs._words import ADVISORIES, clean, in_order, remedy
from holdfast.model import vex
from holdfast.model.finding import Finding
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.waiver import Status


@frozen
class Statement:
    """A status, and the words that it needs: a justification or an action; `notes` for people.

    `response` is what is done about what is affected, in CycloneDX's words.
    """

    status: str
    justification: str = ""
    action: str = ""
    response: str = ""
    notes: str = ""
    impact: str = ""


def spoken_of(decision: Decision) -> list[Judged]:
    """Return the findings that VEX has words for."""
    return [one for one in in_order(decision) if one.finding.kind in ADVISORIES and one.finding.component]


def statement_of(one: Judged) -> Statement:
    """Return what is said of a finding."""
    if one.waived is not None and one.waived.holds:
        waiver = one.waived.waiver
        notes = f"waiver {waiver.id}, until {format_instant(waiver.expires_at)}"
        notes = clean(f"{waiver.statement} ({notes})" if waiver.statement else notes)
        if waiver.status is Status.NOT_AFFECTED:
            return Statement("not_affected", justification=waiver.reason, notes=notes)
        words = clean(f"{waiver.reason}: {waiver.statement}" if waiver.statement else waiver.reason)
        return Statement("affected", action=words, response=waiver.reason, notes=notes)
    if one.said is not None and not one.said.void:
        return _repeated(one.said.statement, one.finding)
    if one.finding.fix is None or one.finding.confidence == "low":
        why = (
            "no fix is known" if one.finding.fix is None else "the versions could be compared with low confidence only"
        )
        return Statement("under_investigation", notes=why)
    return Statement("affected", action=clean(remedy(one.finding), 4000), response="update")


def _repeated(said: vex.Statement, finding: Finding) -> Statement:
    """Return another's statement as ours, with whose it is; words that only its format knows become a sentence."""
    where = f" in {said.document}" if said.document else ""
    notes = clean(f"as {said.author} says{where}")
    known = said.justification in JUSTIFICATIONS
    impact = clean(" ".join(part for part in ("" if known else said.justification, said.impact) if part))
    status = said.status.value
    if said.status is vex.VexStatus.NOT_AFFECTED:
        return Statement(status, said.justification if known else "", notes=notes, impact=impact)
    action = clean(said.action or remedy(finding), 4000) if said.status is vex.VexStatus.AFFECTED else ""
    return Statement(status, action=action, response=next(iter(said.response), ""), notes=notes)


def fixed_by(decision: Decision) -> list[Finding]:
    """Return what the base had and the build has no more."""
    if decision.base_score is None:
        return []
    there = {key for one in decision.judged for key in one.finding.keys}
    gone = [one.finding for one in decision.base_score.ledger if not one.finding.keys & there]
    return sorted((one for one in gone if one.kind in ADVISORIES), key=lambda one: one.order)
