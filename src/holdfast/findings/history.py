"""Running history: spans become findings, and unbroken chains of running.

Rules:
- Valid time alone counts; the order in which facts arrived plays no part.
- Spans are half-open: one that ended at an instant does not run at it.
- Spans that touch or overlap, on whatever target of the environment, are one chain.
- A span that ended when or before it began covers nothing and is left out.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from holdfast.findings.identity import fingerprint
from holdfast.model.exposure import Span
from holdfast.model.frozen import frozen
from holdfast.model.instant import YEAR_ONE


@frozen
class Chain:
    """Unbroken running of something affected; `ended_at=None` goes on."""

    started_at: datetime
    ended_at: datetime | None

    def contains(self, at: datetime) -> bool:
        """Whether it runs at the instant, its end excluded."""
        return self.started_at <= at and (self.ended_at is None or at < self.ended_at)


def covers(span: Span, at: datetime) -> bool:
    """Whether the span runs at the instant, its end excluded."""
    return span.started_at <= at and (span.ended_at is None or at < span.ended_at)


def known(at: datetime | None) -> datetime | None:
    """Return the instant; a date of the year 1 is no date."""
    return None if at is None or at.year <= YEAR_ONE else at


def group_spans(spans: Iterable[Span]) -> dict[str, list[Span]]:
    """Return fingerprint → its spans, in a stable order whatever the order of arrival."""
    groups: dict[str, list[Span]] = {}
    for span in spans:
        key = fingerprint(span.subject, span.environment, span.ecosystem, span.name, span.cluster)
        groups.setdefault(key, []).append(span)
    for group in groups.values():
        group.sort(key=_order)
    return groups


def _order(span: Span) -> tuple[object, ...]:
    names = (span.target, span.release_id, span.version, span.advisory)
    return (span.started_at, names, span.recorded_at, span.ended_at is None, span.ended_at or span.started_at)


def find_chains(spans: Sequence[Span]) -> tuple[Chain, ...]:
    """Return the chains of one finding, oldest first; two chains never touch."""
    out: list[Chain] = []
    for span in sorted(spans, key=lambda span: span.started_at):
        if span.ended_at is not None and span.ended_at <= span.started_at:
            continue
        if out and (out[-1].ended_at is None or span.started_at <= out[-1].ended_at):
            out[-1] = Chain(out[-1].started_at, _later_end(out[-1].ended_at, span.ended_at))
        else:
            out.append(Chain(span.started_at, span.ended_at))
    return tuple(out)


def _later_end(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)


def find_chain_at(chains: Sequence[Chain], at: datetime) -> Chain | None:
    """Return the chain that runs at the instant; `None` when nothing affected ran then."""
    return next((chain for chain in chains if chain.contains(at)), None)


def find_applicable_at(spans: Sequence[Span], chain: Chain) -> datetime | None:
    """Return when a revision first made what ran in the chain affected; `None` when no span knows."""
    instants = (known(span.applicable_at) for span in spans if _within(span, chain))
    return min((at for at in instants if at is not None), default=None)


def _within(span: Span, chain: Chain) -> bool:
    return span.started_at >= chain.started_at and (chain.ended_at is None or span.started_at < chain.ended_at)


def find_last_end(spans: Sequence[Span], now: datetime) -> datetime | None:
    """Return when the affected thing last stopped running, by valid time; `None` without any history up to `now`."""
    return max((span.ended_at for span in spans if span.ended_at is not None and span.ended_at <= now), default=None)
