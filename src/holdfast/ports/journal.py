"""The append-only chain of an org."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from holdfast.model.journal import JournalEntry


class Journal(Protocol):
    """Appends to and reads one org's chain."""

    def append(self, kind: str, body: Mapping[str, object]) -> None:
        """Add an entry to this transaction; `body` is JSON-able and holds opaque ids, no personal data."""
        ...

    def read(self, after: int = 0, limit: int | None = None) -> Iterator[JournalEntry]:
        """Yield entries with `seq > after`, ascending."""
        ...

    def about(self, subject: str, limit: int = 200) -> list[JournalEntry]:
        """Return the entries whose body names `subject` (any opaque id) under `id` or `about`, ascending."""
        ...

    def head(self) -> tuple[int, str]:
        """Return (seq, hash) of the newest entry; (0, GENESIS) when empty."""
        ...
