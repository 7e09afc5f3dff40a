"""Exposures out of the journal, so that every figure can be computed again from what cannot be changed unseen.

Rules:
- The last snapshot of an exposure counts; each episode has an id of its own.
- Entries of other kinds are passed over; an `exposure.*` entry that is not a snapshot is an error that names its place.
- What drills made is passed over: it never was wrong.
- With `until` the journal is read as of then, by record time.
"""

from collections.abc import Iterable
from datetime import datetime

from holdfast.findings.journal_body import exposure_from_json
from holdfast.model.exposure import Exposure
from holdfast.model.instant import to_microseconds
from holdfast.model.journal import JournalEntry

_KINDS = "exposure."


def exposures_from_journal(entries: Iterable[JournalEntry], *, until: datetime | None = None) -> list[Exposure]:
    """Return the last snapshot of every exposure, in order of first appearance; `entries` are in order of `seq`.

    Raises:
        JournalError: an `exposure.*` entry does not hold a snapshot.
    """
    latest: dict[str, Exposure] = {}
    last = None if until is None else to_microseconds(until)
    for entry in entries:
        if entry.kind.startswith(_KINDS) and (last is None or entry.at <= last):
            exposure = exposure_from_json(entry.body, where=f"journal entry {entry.seq}")
            if exposure.drill is None:
                latest[exposure.id] = exposure
    return list(latest.values())
