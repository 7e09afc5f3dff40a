"""Since when an interval applies, over revisions."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.stores.applicable import Piece, carry_over
from holdfast.model.advisory import Interval
from holdfast.testing.stores import at

_KEYS = st.integers(0, 20).map(lambda number: bytes([number]))


def _disjoint(bounds: list[bytes], *, open_end: bool) -> list[Interval]:
    edges = sorted(set(bounds))
    pairs = [(edges[n], edges[n + 1]) for n in range(0, len(edges) - 1, 2)]
    out = [Interval("PyPI", "a", lo, hi) for lo, hi in pairs]
    if open_end and len(edges) % 2:
        out.append(Interval("PyPI", "a", edges[-1], None))
    return out


def _holder(pieces: list[Piece], key: bytes) -> list[Piece]:
    return [p for p in pieces if p.interval.lo <= key and (p.interval.hi is None or key < p.interval.hi)]


def test_what_was_covered_before_keeps_its_instant() -> None:
    before = [Piece(Interval("PyPI", "a", b"\x02", b"\x05"), at(1))]
    found = carry_over([Interval("PyPI", "a", b"\x01", None)], before, at(9))
    assert [(piece.interval.lo, piece.interval.hi, piece.applicable_at) for piece in found] == [
        (b"\x01", b"\x02", at(9)),
        (b"\x02", b"\x05", at(1)),
        (b"\x05", None, at(9)),
    ]


def test_another_packages_history_does_not_count() -> None:
    before = [Piece(Interval("PyPI", "b", b"\x02", b"\x05"), at(1))]
    interval = Interval("PyPI", "a", b"\x01", b"\x09")
    assert carry_over([interval], before, at(9)) == [Piece(interval, at(9))]


@given(st.lists(_KEYS, max_size=9), st.lists(_KEYS, max_size=9), st.booleans(), st.booleans())
def test_pieces_cover_exactly_the_new_intervals(
    new: list[bytes], old: list[bytes], new_open: bool, old_open: bool
) -> None:
    intervals = _disjoint(new, open_end=new_open)
    before = [Piece(interval, at(number)) for number, interval in enumerate(_disjoint(old, open_end=old_open))]
    found = carry_over(intervals, before, at(99))
    for number in range(22):
        key = bytes([number])
        holders = _holder(found, key)
        assert len(holders) == len(_holder([Piece(one, None) for one in intervals], key))
        for holder in holders:
            former = _holder(before, key)
            assert holder.applicable_at == (former[0].applicable_at if former else at(99))
