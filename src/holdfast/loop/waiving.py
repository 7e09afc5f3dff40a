"""Waivers on the server: asked for by somebody, approved by somebody else, withdrawn by anybody who may.

Rules:
1. A waiver is for one finding in one range of versions of one package in one service. Everything that is known of the
   finding when it is approved is written into it: what was accepted then is no news later.
2. Until it is approved it waives nothing. Who approves is a person, not its owner, and one that the policy names.
3. It ends by itself as the policy says; withdrawing one journals who and why.
4. What runs and is of its finding is marked to be judged anew when it is approved or withdrawn (`loop.judging`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from holdfast.errors import ConflictError, ForbiddenError, UsageError
from holdfast.findings.waiver_read import RESPONSES
from holdfast.findings.waivers import JUSTIFICATIONS
from holdfast.gate.levels import MOST_WAIVED
from holdfast.loop.approvals import require_person
from holdfast.loop.policies import find_subject, levels_of
from holdfast.loop.store_lookup import StoreLookup
from holdfast.loop.turn import Turn
from holdfast.model.build import Level
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import Permission
from holdfast.model.waiver import KeptWaiver, Status, Waiver
from holdfast.ports.store import Transaction
from holdfast.remediations.suggest import find_safe_version

UNSIGNED = ""
MOST_BOUNDS = 10


@frozen
class WaiverAsk:
    """What is to be waived, where, why and for how long. `package` is empty for what is in no package."""

    finding: str
    service: str
    status: Status
    reason: str
    expires_at: datetime
    statement: str = ""
    ecosystem: str = ""
    package: str = ""
    versions: tuple[tuple[str, str], ...] = ()


def ask_waiver(turn: Turn, ask: WaiverAsk) -> KeptWaiver:
    """Ask for a waiver; it waives nothing until somebody else approves it.

    Raises:
        UsageError: no word of VEX, no bound of versions, or a time that has passed or is longer than allowed.
    """
    turn.require(Permission.BUILDS_WRITE)
    service_id = find_subject(turn.tx, Level.SERVICE, ask.service)
    service = turn.tx.services.get(service_id)
    allowed = JUSTIFICATIONS if ask.status is Status.NOT_AFFECTED else RESPONSES
    if ask.reason not in allowed:
        raise UsageError(f"`{ask.reason[:60]}` is no reason", where="$.reason", hint=f"one of {', '.join(allowed)}")
    if ask.status is Status.AFFECTED and not ask.statement.strip():
        raise UsageError("a risk that is accepted needs a statement", where="$.statement")
    if ask.package and not 0 < len(ask.versions) <= MOST_BOUNDS:
        raise UsageError("expected bounds of versions", where="$.versions", hint="such as `=4.17.20`")
    longest = levels_of(turn.tx, service).waivers.longest or MOST_WAIVED
    if not turn.now < ask.expires_at <= turn.now + longest:
        words = f"it must end within {longest.days} days, and after {format_instant(turn.now)}"
        raise UsageError(words, where="$.expires_at")
    waiver = Waiver(
        turn.ids.new("wav"),
        (ask.finding,),
        service.name,
        ask.status,
        ask.reason,
        turn.identity,
        UNSIGNED,
        turn.now,
        ask.expires_at,
        ask.ecosystem,
        ask.package,
        ask.versions,
        ask.statement,
        finding=ask.finding,
    )
    kept = KeptWaiver(turn.tx.org, service_id, waiver, turn.now)
    turn.tx.waivers.save(kept)
    _journal(turn, "waiver.asked", kept)
    return kept


def approve_waiver(turn: Turn, waiver_id: str) -> KeptWaiver:
    """Approve a waiver, as a person who is not its owner; from now on it counts.

    Raises:
        ForbiddenError: its owner asks, or somebody whom the policy does not name.
        ConflictError: it is approved, withdrawn or over.
    """
    turn.require(Permission.POLICY_WRITE)
    person = require_person(turn)
    kept = turn.tx.waivers.get(waiver_id)
    if kept.ended_at is not None or kept.waiver.approved_by or kept.waiver.expires_at <= turn.now:
        raise ConflictError(f"waiver {waiver_id} is approved, withdrawn or over")
    if person == kept.waiver.owner:
        raise ForbiddenError("nobody approves a waiver of their own", hint="ask somebody else")
    service = turn.tx.services.get(kept.service_id)
    approvers = levels_of(turn.tx, service).waivers.approvers
    names = {person, turn.token.person_name if turn.token else None}
    if approvers is not None and not approvers & names:
        raise ForbiddenError("the policy names others as approvers of waivers")
    changed = replace(kept, waiver=_signed(turn, kept, person))
    turn.tx.waivers.save(changed)
    mark_waived(turn.tx, [changed])
    _journal(turn, "waiver.approved", changed)
    return changed


def _signed(turn: Turn, kept: KeptWaiver, person: str) -> Waiver:
    """Return a waiver with what is known of its finding now."""
    lookup, waiver = StoreLookup(turn.tx), kept.waiver
    homes = turn.tx.clusters.of(waiver.ids)
    ids = {one for members in turn.tx.clusters.members(sorted(set(homes.values()))).values() for one in members}
    facts = lookup.facts(sorted({*waiver.ids, *ids}))
    return replace(
        waiver,
        ids=tuple(sorted({*waiver.ids, *ids})),
        approved_by=person,
        signed_at=turn.now,
        known_exploited=any(one.known_exploited for one in facts.values()),
        fix_version=_fix(lookup, waiver) or _fix_of_running(turn.tx, kept, sorted(set(homes.values()))),
        approval_checked=True,
    )


def _fix(lookup: StoreLookup, waiver: Waiver) -> str | None:
    if not waiver.package:
        return None
    least = next((version for operator, version in waiver.versions if operator in {"=", ">", ">="}), "0")
    return find_safe_version(waiver.ecosystem, least, lookup.rules(waiver.ecosystem, waiver.package))


def _fix_of_running(tx: Transaction, kept: KeptWaiver, clusters: Sequence[str]) -> str | None:
    """Return the fix of what runs and is of it: of a distribution's package, advisories go by source and release."""
    for one in tx.exposures.of_clusters(clusters):
        is_of = one.is_live and one.subject.id == kept.service_id
        if is_of and kept.waiver.package in {one.name, one.source_package} and one.risk.fix_version:
            return one.risk.fix_version
    return None


def withdraw_waiver(turn: Turn, waiver_id: str, reason: str) -> KeptWaiver:
    """End a waiver before its time. Raises: ConflictError: it has ended already."""
    turn.require(Permission.POLICY_WRITE)
    kept = turn.tx.waivers.get(waiver_id)
    if kept.ended_at is not None:
        raise ConflictError(f"waiver {waiver_id} was withdrawn already")
    changed = replace(kept, ended_at=turn.now)
    turn.tx.waivers.save(changed)
    mark_waived(turn.tx, [changed])
    _journal(turn, "waiver.withdrawn", changed, reason=reason)
    return changed


def mark_waived(tx: Transaction, kept: Iterable[KeptWaiver]) -> None:
    """Let what runs of the findings of waivers be judged anew, soon."""
    names = {name for one in kept for name in one.waiver.ids}
    tx.vex.mark(set(tx.clusters.of(sorted(names)).values()))


def _journal(turn: Turn, kind: str, kept: KeptWaiver, **facts: object) -> None:
    waiver = kept.waiver
    body: dict[str, object] = {
        "id": waiver.id,
        "about": kept.service_id,
        "finding": list(waiver.ids),
        "status": waiver.status.value,
        "reason_code": waiver.reason,
        "expires_at": format_instant(waiver.expires_at),
        "by": turn.actor,
    }
    turn.tx.journal.append(kind, body | facts)
