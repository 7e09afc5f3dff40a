"""Waivers for lists and pages, each with where it stands: asked for, in force, about to expire, over, or void and why.
One is in force in part where its finding is several CVEs, and it is for some of them.

What is known now voids a waiver as it does in the gate: the same evaluator is asked.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from holdfast.findings.waivers import Limits, find_left, find_void, left_words
from holdfast.loop.policies import levels_of, waiver_limits
from holdfast.loop.store_lookup import StoreLookup
from holdfast.model.finding import Finding, Kind
from holdfast.model.fix import Fix
from holdfast.model.frozen import frozen
from holdfast.model.waiver import KeptWaiver, Waiver
from holdfast.ports.lookup import RecordFacts
from holdfast.ports.store import Transaction
from holdfast.remediations.suggest import find_safe_version

SOON = timedelta(days=14)


class Standing(StrEnum):
    """Where a waiver stands."""

    ASKED = "asked for"
    HOLDS = "in force"
    PARTIAL = "in part"
    EXPIRING = "expiring"
    VOID = "void"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@frozen
class WaiverRow:
    """A waiver with where it stands; `because` says why it is void. `mine` says that the asking person owns it."""

    kept: KeptWaiver
    standing: Standing
    because: tuple[str, ...]
    mine: bool

    @property
    def can_be_ended(self) -> bool:
        """Whether there is something to withdraw."""
        return self.standing not in {Standing.EXPIRED, Standing.WITHDRAWN}


@frozen
class WaiversView:
    """One page of waivers, newest first; `next` is the last id where there are more."""

    rows: tuple[WaiverRow, ...]
    next: str | None


def waivers_view(tx: Transaction, now: datetime, after: str | None, limit: int, *, person: str = "") -> WaiversView:
    """Return a page of waivers with an id below `after`, as `person` sees them."""
    kept = tx.waivers.list(after, limit + 1)
    shown = kept[:limit]
    lookup = StoreLookup(tx)
    facts = lookup.facts(sorted({name for one in shown for name in one.waiver.ids}))
    limits: dict[str, Limits] = {}
    rows = []
    for one in shown:
        if one.service_id not in limits:
            limits[one.service_id] = waiver_limits(levels_of(tx, tx.services.get(one.service_id)))
        standing, because = stand(lookup, one, facts, limits[one.service_id], now)
        rows.append(WaiverRow(one, standing, because, one.waiver.owner == person))
    return WaiversView(tuple(rows), shown[-1].waiver.id if len(kept) > limit else None)


def stand(
    lookup: StoreLookup, kept: KeptWaiver, facts: Mapping[str, RecordFacts], limits: Limits, now: datetime
) -> tuple[Standing, tuple[str, ...]]:
    """Return where a waiver stands, and why it is void."""
    one = kept.waiver
    if kept.ended_at is not None:
        return Standing.WITHDRAWN, ()
    if now >= one.expires_at:
        return Standing.EXPIRED, ()
    if not one.approved_by:
        return Standing.ASKED, ()
    finding = _finding(lookup, one, facts)
    void, left = find_void(one, finding, limits, now), find_left(one, finding)
    if void:
        return Standing.VOID, void
    if left:
        return Standing.PARTIAL, left_words(left, finding)
    return (Standing.EXPIRING if one.expires_at - now < SOON else Standing.HOLDS), ()


def _finding(lookup: StoreLookup, waiver: Waiver, facts: Mapping[str, RecordFacts]) -> Finding:
    """Return what a waiver is for, as it is known now."""
    about = [facts[name] for name in waiver.ids if name in facts]
    kind = Kind.MALICIOUS if any(name.startswith("MAL-") for name in waiver.ids) else Kind.VULNERABILITY
    return Finding(
        kind,
        waiver.finding or waiver.ids[0],
        tuple(sorted({*waiver.ids, *(name for one in about for name in one.members)})),
        known_exploited=any(one.known_exploited for one in about),
        epss=max((one.epss for one in about if one.epss is not None), default=None),
        fix=_fix(lookup, waiver),
        whole=tuple(sorted({name for one in about for name in one.whole})),
    )


def _fix(lookup: StoreLookup, waiver: Waiver) -> Fix | None:
    if not waiver.package:
        return None
    least = next((version for operator, version in waiver.versions if operator in {"=", ">", ">="}), "0")
    rules = lookup.rules(waiver.ecosystem, waiver.package)
    found = find_safe_version(waiver.ecosystem, least, rules)
    return Fix(found, waiver.package, None, None) if found else None
