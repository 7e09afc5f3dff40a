"""The time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, once per evaluation."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...
