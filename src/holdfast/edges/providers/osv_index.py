"""`modified_id.csv` of OSV's bucket, and what it says against what is known.

Rules:

1. A line is `modified,id`; an unreadable line refuses the whole index, because what it does not list counts as gone.
2. A date of the year 1 is no date: such records are judged by the archive's validator instead.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from holdfast.errors import FeedError, UsageError
from holdfast.model.frozen import frozen
from holdfast.model.instant import YEAR_ONE, parse_instant

MAX_INDEX_BYTES = 256 << 20


@frozen
class Difference:
    """`changed` ids have another date or are new; `undated` says that some records have none."""

    changed: frozenset[str]
    undated: bool


@frozen
class Validators:
    """What to ask again with: of the archive, and of the index; `None` when the server gave none."""

    archive: str | None = None
    index: str | None = None

    def pack(self) -> str:
        """Return both as one text."""
        import json  # what is written stays as it always was; reading costs no module more

        return json.dumps({"archive": self.archive, "index": self.index}, separators=(",", ":"))

    @classmethod
    def unpack(cls, text: str | None) -> "Validators":
        """Return what `pack` wrote; anything else is as good as none."""
        try:
            held: object = msgspec.json.decode(text or "{}")
        except (msgspec.DecodeError, RecursionError):
            return cls()
        if not isinstance(held, dict):
            return cls()
        archive, index = held.get("archive"), held.get("index")
        return cls(archive if isinstance(archive, str) else None, index if isinstance(index, str) else None)


def parse_index(data: bytes, *, where: str) -> dict[str, datetime | None]:
    """Return id → modified; `None` for the year 1.

    Raises:
        FeedError: a line is not `modified,id`; names the line.
    """
    out: dict[str, datetime | None] = {}
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FeedError("an index that is not UTF-8", where=where) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        modified, comma, advisory_id = line.partition(",")
        if not comma or not advisory_id.strip():
            raise FeedError(f"expected `modified,id`, got `{line[:80]}`", where=f"{where}:{number}")
        out[advisory_id.strip()] = _instant(modified, f"{where}:{number}")
    return out


def _instant(text: str, where: str) -> datetime | None:
    try:
        at = parse_instant(text, where=where)
    except UsageError as error:
        raise FeedError(error.message, where=where) from None
    return None if at.year == YEAR_ONE else at


def compare_index(index: Mapping[str, datetime | None], known: Mapping[str, datetime | None]) -> Difference:
    """Return how the index differs from what is known."""
    missing = object()
    changed = frozenset(key for key, modified in index.items() if known.get(key, missing) != modified)
    return Difference(changed, any(modified is None for modified in index.values()))
