"""A feed in memory that does as it is told."""

import json
from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any

from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot
from holdfast.ports.feed import FeedChanges, RawRecord


class MemoryFeed:
    """Holds OSV records by ecosystem and sends all of them every time.

    `cut_after` makes reading fail after so many records; `down` makes every call fail.
    """

    def __init__(self, records: Mapping[str, list[Mapping[str, Any]]], source: str = "memory") -> None:
        self._source = source
        self.records = {ecosystem: list(items) for ecosystem, items in records.items()}
        self.raw: dict[str, list[RawRecord]] = {}
        self.cut_after: int | None = None
        self.down = False

    def describe(self) -> str:
        """Return the name it was made with."""
        return self._source

    def ecosystems(self) -> tuple[str, ...]:
        """Return what it has."""
        if self.down:
            raise FeedError("no answer", where=self._source)
        return tuple(sorted(self.records))

    def changes(self, ecosystem: str, known: Mapping[str, datetime | None], snapshot: Snapshot | None) -> FeedChanges:
        """Return every record."""
        if self.down:
            raise FeedError("no answer", where=self._source)
        items = [RawRecord(str(one["id"]), json.dumps(one).encode()) for one in self.records[ecosystem]]
        items += self.raw.get(ecosystem, [])
        present = frozenset(item.name for item in items)
        return FeedChanges(self._send(items), present, f"{len(items)}", len(items))

    def _send(self, items: list[RawRecord]) -> Generator[RawRecord, None, None]:
        for number, item in enumerate(items):
            if self.cut_after is not None and number >= self.cut_after:
                raise FeedError("the feed was cut", where=self._source)
            yield item
