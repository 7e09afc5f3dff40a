"""A clock that is told the time, and identifiers that are the same in every run."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self._now = at

    def now(self) -> datetime:
        """Return the present instant."""
        return self._now

    def tick(self, seconds: float = 1.0) -> datetime:
        """Move on, or back when negative; returns the new instant."""
        self._now += timedelta(seconds=seconds)
        return self._now

    def set(self, at: datetime) -> None:
        """Set the time."""
        self._now = at


class FakeIds:
    """Counts, per prefix: `svc_000001`, `svc_000002`, …"""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def new(self, prefix: str) -> str:
        """Return the next one."""
        self._last[prefix] = self._last.get(prefix, 0) + 1
        return f"{prefix}_{self._last[prefix]:06d}"
