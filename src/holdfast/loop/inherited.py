"""What a service inherits when it comes under the gate: its first accepted scan.

Rules:
1. Only who may set policies accepts. A pipeline can't: by naming another service it would excuse whatever it brings.
2. What was accepted is not accepted again unless it is asked for in so many words, and then what was there before keeps
   its clock. What was accepted, when and by whom is journaled.
3. A build without a merge base, of which nothing runs where it is bound for, is compared with the composition that was
   accepted, judged by today's advisories: one that arrives overnight makes nothing red.
4. A repair's term counts from the acceptance for what was accepted, and never from before: nothing is late on the first
   day. For what became known later it counts from when that was first known where the service runs; where it runs
   nowhere, from when the world knew. Measures never look at an acceptance.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from holdfast.errors import ForbiddenError, NotFoundError
from holdfast.facts.sbom import sbom_digest
from holdfast.gate.deadlines import find_deadline
from holdfast.gate.sides import Side, under
from holdfast.loop.declare import ensure_service
from holdfast.loop.gate_side import side_of
from holdfast.loop.policies import levels_of
from holdfast.loop.scan import scan
from holdfast.loop.store_lookup import StoreLookup
from holdfast.loop.turn import Turn
from holdfast.model.build import Basis
from holdfast.model.component import Sbom
from holdfast.model.exposure import Subject
from holdfast.model.finding import Finding, Kind
from holdfast.model.frozen import frozen
from holdfast.model.inherited import Inherited, InheritedFinding
from holdfast.model.instant import format_instant
from holdfast.model.inventory import Reach, Service
from holdfast.model.tenancy import Permission
from holdfast.ports.store import Transaction


@frozen
class Accepted:
    """What a service inherits. `is_new` says that it was accepted now, and not before."""

    inherited: Inherited
    service: Service
    is_new: bool


def accept_inherited(turn: Turn, name: str, sbom: Sbom, *, replace: bool = False) -> Accepted:
    """Record what a service is made of now as what it inherits; what was recorded stays, unless `replace`.

    Raises:
        ForbiddenError: the token may not set policies, or is another team's.
    """
    turn.require(Permission.POLICY_WRITE)
    service = ensure_service(turn, name)
    _require_team(turn, service)
    known = turn.tx.inherited.find(service.id)
    digest = sbom_digest(sbom)
    if known is not None and (not replace or known.sbom == digest):
        return Accepted(known, service, is_new=False)
    levels = levels_of(turn.tx, service)
    side = under(side_of(scan(sbom, StoreLookup(turn.tx), turn.now, max_age=levels.max_age)), levels)
    turn.tx.sboms.save(digest, sbom)
    before = clocks_of(known) if known else {}
    findings = tuple(_inherit(one, before, service.reach, turn.now) for one in _in_order(side.findings))
    gaps = tuple(sorted({gap.id for gap in side.gaps}))
    inherited = Inherited(turn.tx.org, service.id, digest, turn.now, turn.identity, findings, gaps)
    turn.tx.inherited.save(inherited)
    body: dict[str, object] = {"id": service.id, "sbom": digest, "findings": len(findings), "gaps": len(gaps)}
    body |= {"replaces": known.sbom if known else None, "by": turn.actor}
    turn.tx.journal.append("inherited.accepted", body)
    return Accepted(inherited, service, is_new=True)


def _require_team(turn: Turn, service: Service) -> None:
    team = turn.token.team if turn.token else None
    if team is not None and service.team != team:
        raise ForbiddenError(f"`{service.name}` belongs to another team", hint="ask with a token of its team")


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: one.order)


def _inherit(
    finding: Finding, before: Mapping[tuple[str, ...], datetime], reach: Reach, now: datetime
) -> InheritedFinding:
    since = min((before[key] for key in finding.keys if key in before), default=now)
    deadline = find_deadline(finding, reach, since)
    purl = finding.component.purl if finding.component else None
    due_at = deadline.due_at if deadline else None
    return InheritedFinding(finding.kind.value, finding.id, purl, tuple(sorted(finding.keys)), since, due_at)


def get_inherited(tx: Transaction, service: Service) -> Inherited:
    """Return what a service inherited. Raises: NotFoundError: nothing was accepted."""
    found = tx.inherited.find(service.id)
    if found is None:
        hint = "accept what is there now: `holdfast adopt`, or `holdfast gate --accept-inherited`"
        raise NotFoundError(f"nothing was accepted as inherited by `{service.name}`", hint=hint)
    return found


def clocks_of(inherited: Inherited) -> dict[tuple[str, ...], datetime]:
    """Return since when each inherited finding is due, by the keys of `Finding`."""
    found: dict[tuple[str, ...], datetime] = {}
    for one in inherited.findings:
        for key in one.keys:
            found[key] = min(one.since, found.get(key, one.since))
    return found


def learnt_since(inherited: Inherited | None, basis: Basis, base: Side | None) -> Mapping[tuple[str, ...], datetime]:
    """Return since when what is in the accepted composition is known, by the keys of `Finding`; never before it was.

    Only against that composition is all in it inherited.
    """
    if inherited is None or basis is not Basis.INHERITED or base is None:
        return {}
    return {
        key: max(inherited.accepted_at, one.applicable_at or inherited.accepted_at)
        for one in base.findings
        for key in one.keys
    }


def known_since(tx: Transaction, service: Service, environment: str = "") -> Mapping[tuple[str, ...], datetime]:
    """Return since when each finding is known where the service runs, by the keys of `Finding`."""
    subject = Subject("service", service.id, service.name)
    places = [environment] if environment else [one.name for one in tx.environments.list()]
    found: dict[tuple[str, ...], datetime] = {}
    for exposure in tx.exposures.of_subjects([(subject, place) for place in places]):
        if not exposure.is_live or exposure.drill is not None:
            continue
        for name in exposure.advisories:
            key = (Kind.VULNERABILITY.value, exposure.ecosystem, exposure.name, name)
            since = exposure.clocks.detected_at
            found[key] = min(since, found.get(key, since))
    return found


def basis_notes(inherited: Inherited | None, basis: Basis) -> tuple[str, ...]:
    """Return what is to be said of what a build is compared with."""
    if basis is Basis.INHERITED and inherited is not None:
        return (f"compared with what was accepted as inherited at {format_instant(inherited.accepted_at)}",)
    return (NOT_ACCEPTED,) if basis is Basis.NOTHING else ()


NOT_ACCEPTED = (
    "there is nothing to compare with: everything counts as added (accept what is there with `holdfast adopt`, or "
    "`holdfast gate --accept-inherited`)"
)
