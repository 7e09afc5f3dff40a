"""What a module of this room declares."""

from collections.abc import Callable
from typing import Any

from holdfast.facts.reports._gathering import ReportGathering
from holdfast.model.frozen import frozen

MAX_REPORT_BYTES = 64 << 20
"""A report above it is not held as a whole, which takes several times its size: its lists are gone through."""
MAX_STREAMED_BYTES = 1 << 30
"""A report above it is refused."""


@frozen
class ReportSpec:
    """One format of reports.

    `fits(document)` tells by its fields whether a JSON object is such a report; the first that says so, by id, reads
    it. `read(document, gathering)` adds what it says, or raises `FactError`.
    """

    id: str
    fits: Callable[[dict[str, Any]], bool]
    read: Callable[[dict[str, Any], ReportGathering], None]
