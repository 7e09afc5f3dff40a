"""Waiting for a real process, by looking again until a deadline."""

import threading
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = 30.0) -> None:
    """Look until the condition holds. Raises: AssertionError: it did not in time."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        moment()


def moment(seconds: float = 0.02) -> None:
    """Let a moment pass for another process."""
    threading.Event().wait(seconds)
