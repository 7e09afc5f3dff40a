"""How much one token may ask, and how many streams one process holds; past it the answer is 429."""

import time
from collections.abc import Callable

from holdfast.model.frozen import frozen


@frozen
class Limits:
    """`rate` questions a second and token, `burst` of them at once; `streams` open ones in this process.

    The burst lets every client of a large environment evaluate again after one change.
    """

    rate: float = 5000.0
    burst: int = 50_000
    streams: int = 50_000


class Buckets:
    """A token bucket for each name."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._monotonic = limits, monotonic
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> float:
        """Take one; returns 0, or the seconds after which there is one again."""
        now = self._monotonic()
        level, at = self._buckets.get(name, (float(self._limits.burst), now))
        level = min(float(self._limits.burst), level + (now - at) * self._limits.rate)
        if level < 1.0:
            self._buckets[name] = (level, now)
            return (1.0 - level) / self._limits.rate
        self._buckets[name] = (level - 1.0, now)
        return 0.0
