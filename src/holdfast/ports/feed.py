"""Where advisories and enrichments come from.

Rules every feed keeps:

1. What it gives is raw: the caller parses, so that one bad record never costs the others.
2. It streams: nothing holds a whole ecosystem in memory.
3. A feed that is cut, is no feed, or is a bomb raises; what was streamed until then is whole records.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Protocol

from holdfast.model.advisory import Snapshot
from holdfast.model.frozen import frozen


@frozen
class RawRecord:
    """The bytes of one OSV record; `name` is the id that its place in the feed promises."""

    name: str
    body: bytes


@frozen
class FeedChanges:
    """What a feed has that is not known yet, for one ecosystem.

    `records` is read once, and closed by the reader. `present` are the ids that the feed has now, sent or not; `None`
    when only reading all records tells. `validator` is kept with the snapshot after all records were read, and given
    back the next time. `expected` is about how many records will come, for progress; `None` when it is not known.
    `origin` is given by a feed that is a verified copy: what the site that it was made at knew of its feed. It is as
    old as that was, and what it lacks was gone there.
    """

    records: Generator[RawRecord, None, None]
    present: frozenset[str] | None
    validator: str | None
    expected: int | None = None
    origin: Snapshot | None = None

    def reading(self) -> closing[Generator[RawRecord, None, None]]:
        """Give the records, closing what they come from at the end."""
        return closing(self.records)


class Feed(Protocol):
    """A place that advisories are synced from."""

    def describe(self) -> str:
        """Return what names this feed in snapshots and verdicts: a path or an address without credentials."""
        ...

    def ecosystems(self) -> Sequence[str] | None:
        """Return OSV's names (without release suffix) of what the feed has, sorted; `None` when only reading tells.

        Raises:
            FeedError: the feed is not there or is none.
        """
        ...

    def changes(self, ecosystem: str, known: Mapping[str, datetime | None], snapshot: Snapshot | None) -> FeedChanges:
        """Return what differs from `known` (id → modified, `None` for no date) since `snapshot`.

        Raises:
            FeedError: it could not be read. Reading the records may raise it too.
        """
        ...


def newest_of_dates(dates: Iterable[datetime | None]) -> datetime | None:
    """Return the latest of the dates that are known; `None` when none is."""
    return max((at for at in dates if at is not None), default=None)


@frozen
class EnrichmentRows:
    """All rows of one enrichment: CVE → its fields; `as_of` is the publisher's date, else when it was read."""

    kind: str
    rows: Mapping[str, Mapping[str, object]]
    as_of: datetime
    source: str


class EnrichmentSource(Protocol):
    """A place that KEV, EPSS or SSVC is read from."""

    kind: str

    def describe(self) -> str:
        """Return what names it: a path or an address without credentials."""
        ...

    def fetch(self, now: datetime) -> EnrichmentRows:
        """Read all of it.

        Raises:
            FeedError: it is not there, or is not what it claims to be.
        """
        ...
