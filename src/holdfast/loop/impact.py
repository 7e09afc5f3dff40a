"""What is affected by this? Asked of an advisory that is known, of one that is not stored, or of a package.

The question is answered from keys alone: nothing is parsed or compared per instance. It can be asked as of an instant.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.versions import version_key
from holdfast.errors import UsageError
from holdfast.loop.turn import Turn
from holdfast.model.advisory import Compiled, Event, Interval, Pairwise, Range
from holdfast.model.frozen import frozen
from holdfast.model.purl import parse_purl
from holdfast.model.tenancy import Permission
from holdfast.ports.queries import ImpactPage

MAX_PAGE = 1000


@frozen
class ImpactQuestion:
    """Exactly one of `advisory` (an id or any alias), `record` (OSV JSON, not stored) and `purl` (with version)."""

    advisory: str | None = None
    record: bytes | dict[str, Any] | None = None
    purl: str | None = None
    as_of: datetime | None = None
    after: str | None = None
    limit: int = 100


def find_impact(turn: Turn, question: ImpactQuestion) -> ImpactPage:
    """Return a page of what runs and is affected, with the exact count of all.

    Raises:
        NotFoundError: no such advisory.
        UsageError: not exactly one question, or it is asked of the future.
    """
    turn.require(Permission.READ)
    if sum(part is not None for part in (question.advisory, question.record, question.purl)) != 1:
        raise UsageError("expected exactly one of an advisory, a record and a purl")
    if question.as_of is not None and question.as_of > turn.now:
        raise UsageError("nobody knows what will run then", hint="ask as of now, or earlier")
    intervals, pairwise = _rules(turn, question)
    return turn.tx.queries.impact(
        intervals,
        pairwise,
        as_of=question.as_of,
        after=question.after,
        limit=max(1, min(MAX_PAGE, question.limit)),
        packages=_packages(question),
    )


def _packages(question: ImpactQuestion) -> Sequence[tuple[str, str, str]]:
    if question.purl is None:
        return ()
    component = parse_purl(question.purl, where="purl")
    return [(component.ecosystem, component.name, component.version)]


_Rules = tuple[list[tuple[str | None, Interval]], list[tuple[str | None, Pairwise]]]


def _rules(turn: Turn, question: ImpactQuestion) -> _Rules:
    if question.purl is not None:
        return _rules_of_purl(question.purl)
    if question.record is not None:
        compiled = compile_advisory(parse_osv(question.record, where="record"))
        return _named([compiled])
    return _named(_compiled(turn, question.advisory or ""))


def _compiled(turn: Turn, advisory_id: str) -> Sequence[Compiled]:
    """Every record of the cluster that the id is in: an alias is as good a name as any."""
    home = turn.tx.clusters.of([advisory_id]).get(advisory_id)
    if home is None:
        rows = [turn.tx.advisories.get(advisory_id)]
    else:
        rows = [row for row in turn.tx.advisories.of_clusters([home])[home] if row.withdrawn is None]
    return [compile_advisory(parse_osv(row.body.encode(), where=row.id)) for row in rows]


def _named(records: Sequence[Compiled]) -> _Rules:
    intervals = [(record.advisory.id, interval) for record in records for interval in record.intervals]
    pairwise = [(record.advisory.id, rule) for record in records for rule in record.pairwise]
    return list(intervals), list(pairwise)


def _rules_of_purl(text: str) -> _Rules:
    component = parse_purl(text, where="purl")
    version = component.match_version
    key = version_key(component.ecosystem, version)
    if key is not None:
        return [(None, Interval(component.ecosystem, component.match_name, key, key + b"\x00"))], []
    events = (Event("introduced", version), Event("last_affected", version))
    return [], [(None, Pairwise(component.ecosystem, component.match_name, Range("ECOSYSTEM", events), (version,)))]
