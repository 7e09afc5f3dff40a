"""The machine's own clock, and random identifiers.

Rules: the clock never gives an instant before the last one that it gave in this process. When the machine's clock was
set back it gives the last instant again until the machine has caught up, and says so once in the log. Across processes
and restarts instants may run backwards; what is kept by valid time takes that.
"""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: sorts like the number it stands for
_LENGTH = 26
_RANDOM_BITS = 80


def _machine_now() -> datetime:
    return datetime.now(UTC)


class SystemClock:
    """The time of this machine, never backwards within one process; `machine` reads its clock."""

    def __init__(self, machine: Callable[[], datetime] = _machine_now) -> None:
        self._machine = machine
        self._last = datetime.min.replace(tzinfo=UTC)
        self._guard = threading.Lock()
        self._is_behind = False

    def now(self) -> datetime:
        """Return the present instant, or the last one given while the machine's clock is behind it."""
        with self._guard:
            return self._advance(self._machine())

    def _advance(self, at: datetime) -> datetime:
        if at >= self._last:
            self._last, self._is_behind = at, False
        elif not self._is_behind:
            self._is_behind = True
            behind_s = (self._last - at) / timedelta(seconds=1)
            structlog.get_logger().warning("clock ran backwards", behind_s=behind_s, held_at=self._last.isoformat())
        return self._last


class RandomIds:
    """`<prefix>_` and 26 signs of base 32: 48 bits of milliseconds, then 80 random bits.

    They sort by creation; within one millisecond of one process each is above the one before.
    """

    def __init__(self) -> None:
        self._last = 0
        self._guard = threading.Lock()

    def new(self, prefix: str) -> str:
        """Return a new identifier."""
        with self._guard:
            drawn = time.time_ns() // 1_000_000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
            self._last = drawn if drawn > self._last else self._last + 1
            number = self._last
        signs = (_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
        return f"{prefix}_{''.join(signs)}"
