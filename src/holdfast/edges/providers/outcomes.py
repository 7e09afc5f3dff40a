"""What this process was told of keys: the only evidence there is, where nobody can be asked."""

import threading
from collections import OrderedDict

from holdfast.ports.outside import Reply

LIMIT = 10_000


class Outcomes:
    """Replies by idempotency key, the oldest dropped. Safe between threads; gone with the process."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Reply] = OrderedDict()

    def keep(self, key: str, reply: Reply) -> None:
        """Remember how a key ended."""
        with self._lock:
            self._known[key] = reply
            self._known.move_to_end(key)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)

    def forget(self, key: str) -> None:
        """Know nothing of a key any more: something was begun, and how it ends is not told yet."""
        with self._lock:
            self._known.pop(key, None)

    def find(self, key: str) -> Reply | None:
        """Return how a key ended, `None` when nobody knows."""
        with self._lock:
            return self._known.get(key)
