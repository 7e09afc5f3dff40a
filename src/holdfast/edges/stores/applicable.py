"""Since when an interval applies.

What a former revision covered keeps its instant; the rest begins with the new revision.
"""

from collections.abc import Sequence
from datetime import datetime

from holdfast.model.advisory import Interval
from holdfast.model.frozen import frozen


@frozen
class Piece:
    """An interval, or a part of one, and when a published revision first covered it."""

    interval: Interval
    applicable_at: datetime | None


def carry_over(new: Sequence[Interval], before: Sequence[Piece], fresh_at: datetime) -> list[Piece]:
    """Return the new intervals, cut where former ones began or ended, each part with its own instant."""
    if not before:
        return [Piece(interval, fresh_at) for interval in new]
    packages: dict[tuple[str, str], list[Piece]] = {}
    for piece in sorted(before, key=lambda piece: piece.interval.lo):
        packages.setdefault((piece.interval.ecosystem, piece.interval.name), []).append(piece)
    out: list[Piece] = []
    for interval in new:
        out += _cut(interval, packages.get((interval.ecosystem, interval.name), []), fresh_at)
    return out


def _cut(interval: Interval, before: Sequence[Piece], fresh_at: datetime) -> list[Piece]:
    out: list[Piece] = []
    at: bytes | None = interval.lo
    for piece in before:
        old = piece.interval
        if at is None or not _below(at, interval.hi) or not _below(old.lo, interval.hi):
            break
        if not _below(at, old.hi):
            continue
        if at < old.lo:
            out.append(_part(interval, at, old.lo, fresh_at))
            at = old.lo
        end = old.hi if interval.hi is None or (old.hi is not None and old.hi < interval.hi) else interval.hi
        out.append(_part(interval, at, end, piece.applicable_at))
        at = end
    if at is not None and _below(at, interval.hi):
        out.append(_part(interval, at, interval.hi, fresh_at))
    return _joined(out)


def _below(key: bytes, hi: bytes | None) -> bool:
    return hi is None or key < hi


def _part(interval: Interval, lo: bytes, hi: bytes | None, applicable_at: datetime | None) -> Piece:
    return Piece(Interval(interval.ecosystem, interval.name, lo, hi), applicable_at)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces with neighbours of one instant as one."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if last and last.interval.hi == piece.interval.lo and last.applicable_at == piece.applicable_at:
            out[-1] = _part(last.interval, last.interval.lo, piece.interval.hi, last.applicable_at)
        else:
            out.append(piece)
    return out
