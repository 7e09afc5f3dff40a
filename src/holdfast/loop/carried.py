"""What was carried here from another site, against what is here: nothing older takes the place of something newer."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot
from holdfast.model.instant import format_instant

SKEW = timedelta(hours=1)
"""How far two machines' clocks may be apart."""
_CLOCKS = "the clock of this machine, or of the one that exported it, is wrong"
Lists = Mapping[str, tuple[str, datetime]]
"""kind (`kev`, `epss`, `ssvc`) → (source, as of)."""


def refuse_future(snapshots: Sequence[Snapshot], now: datetime, where: str) -> None:
    """Raise FeedError for a sync that is yet to come: it would count as fresh for as long as that takes."""
    for one in snapshots:
        if one.synced_at is not None and one.synced_at > now + SKEW:
            at = format_instant(one.synced_at)
            raise FeedError(f"{one.ecosystem} was synced {at}, which is yet to come", where=where, hint=_CLOCKS)


def refuse_future_lists(lists: Lists, now: datetime, where: str) -> None:
    """Raise FeedError for a list of a date that is yet to come: no newer one could take its place."""
    for kind, (_, as_of) in sorted(lists.items()):
        if as_of > now + SKEW:
            at = format_instant(as_of)
            raise FeedError(f"{kind.upper()} is of {at}, which is yet to come", where=where, hint=_CLOCKS)


def find_missing(new: Sequence[Snapshot], held: Sequence[Snapshot]) -> list[str]:
    """Return, in words, the ecosystems that are held and not offered."""
    offered = {one.ecosystem for one in new}
    return [f"{one.ecosystem} is not in it" for one in held if one.ecosystem not in offered]


def find_older(new: Sequence[Snapshot], held: Sequence[Snapshot]) -> list[str]:
    """Return, in words, what would be older than what is held; nothing when it may take its place."""
    offered = {one.ecosystem: one for one in new}
    return [
        words
        for one in held
        if (other := offered.get(one.ecosystem)) is not None and (words := _older(other, one)) is not None
    ]


def _older(other: Snapshot, one: Snapshot) -> str | None:
    if one.synced_at is not None and (other.synced_at is None or other.synced_at < one.synced_at):
        synced = format_instant(other.synced_at) if other.synced_at else "never"
        return f"{one.ecosystem} was synced {synced}, and here {format_instant(one.synced_at)}"
    if one.newest is not None and (other.newest is None or other.newest < one.newest):
        newest = format_instant(other.newest) if other.newest else "without date"
        return f"the newest record of {one.ecosystem} is {newest}, and here {format_instant(one.newest)}"
    return None


def find_older_lists(new: Lists, held: Lists) -> list[str]:
    """Return, in words, the lists that would be older than those that are held."""
    return [
        f"{kind.upper()} is of {format_instant(new[kind][1])}, and here of {format_instant(as_of)}"
        for kind, (_, as_of) in sorted(held.items())
        if kind in new and new[kind][1] < as_of
    ]
