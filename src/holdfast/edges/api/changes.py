"""Waking event streams when something was committed.

It is only a hint to look: a stream asks the journal itself, and looks now and then without any hint, because another
replica, or another process on the same store, may have written.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Waiter:
    org: str
    loop: asyncio.AbstractEventLoop
    event: asyncio.Event


@dataclass(slots=True)
class Changes:
    """Streams that wait, by org. `notify` may be called from any thread."""

    _waiters: dict[int, _Waiter] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether streams should end: the process is stopping."""
        return self._closed

    def notify(self, org: str) -> None:
        """Wake the streams of an org."""
        self._wake([waiter for waiter in self._snapshot() if waiter.org == org])

    def close(self) -> None:
        """Wake and end every stream, so that a stopping server does not wait for browsers."""
        self._closed = True
        self._wake(self._snapshot())

    def _snapshot(self) -> list[_Waiter]:
        with self._lock:
            return list(self._waiters.values())

    @staticmethod
    def _wake(waiters: list[_Waiter]) -> None:
        for waiter in waiters:
            if not waiter.loop.is_closed():
                waiter.loop.call_soon_threadsafe(waiter.event.set)

    @contextmanager
    def listening(self, org: str) -> Iterator[asyncio.Event]:
        """Give an event that every hint about the org sets, from now on.

        Clear it, then look, then wait for it: what is written between looking and waiting is not missed.
        """
        waiter = _Waiter(org, asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiters[id(waiter)] = waiter
        try:
            yield waiter.event
        finally:
            with self._lock:
                self._waiters.pop(id(waiter), None)
