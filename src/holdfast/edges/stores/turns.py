"""Turns at writing, first come, first served.

SQLite has one writer. Its own busy handler polls, so one process that writes batch after batch can starve another; and
a plain lock lets a thread that just let go take it again. Here threads queue by ticket and processes by a pair of file
locks: who waits for the second holds the first, so the one that let go has to queue behind.
"""

import fcntl
import os
import threading
from collections import deque
from pathlib import Path

from holdfast.errors import UsageError


def nested_write() -> UsageError:
    """Return what is wrong with a thread that would wait for itself."""
    return UsageError("a write transaction inside a write transaction", hint="end the first one before")


class Turns:
    """A fair lock between the threads of this process and, with a file, between processes."""

    def __init__(self, file: Path | None) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._owner: int | None = None
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600) if file else None

    def take(self) -> None:
        """Wait for the turn.

        Raises:
            UsageError: this thread has the turn already; waiting would never end.
        """
        if self._owner == threading.get_ident():
            raise nested_write()
        ticket = threading.Event()
        with self._guard:
            self._queue.append(ticket)
            if len(self._queue) == 1:
                ticket.set()
        try:
            ticket.wait()
            self._lock_file()
            self._owner = threading.get_ident()
        finally:
            if self._owner != threading.get_ident():  # interrupted: no ticket may stay that nobody answers to
                self._leave(ticket)

    def _lock_file(self) -> None:
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, 0)
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX, 1, 1)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 0)

    def give(self) -> None:
        """Let the next one have it."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 1)
        self._owner = None
        self._leave(self._queue[0])

    def _leave(self, ticket: threading.Event) -> None:
        with self._guard:
            self._queue.remove(ticket)
            if self._queue:
                self._queue[0].set()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
