"""How often somebody may fail to log in.

Who fails `MOST` times within a minute waits for the next one. Only failures count: a busy pipeline is never held up by
its own. What is kept is bounded, the oldest address is forgotten first.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

MOST = 60
WINDOW = timedelta(minutes=1)
_MOST_ADDRESSES = 4096


class LoginLimits:
    """Counts failures by address. Safe between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._failed: OrderedDict[str, tuple[datetime, int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str, now: datetime) -> int | None:
        """Return for how many seconds an address must wait, `None` when it need not."""
        with self._lock:
            since, count = self._failed.get(address, (now, 0))
        left = since + WINDOW - now
        return max(1, int(left.total_seconds())) if count >= self._most and left > timedelta(0) else None

    def count(self, address: str, now: datetime) -> None:
        """Note a failure."""
        with self._lock:
            since, count = self._failed.pop(address, (now, 0))
            self._failed[address] = (since, count + 1) if now - since < WINDOW else (now, 1)
            while len(self._failed) > _MOST_ADDRESSES:
                self._failed.popitem(last=False)
