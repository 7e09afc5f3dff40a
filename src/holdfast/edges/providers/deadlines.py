"""A deadline for all that an exchange by httpx reads: its headers, however slowly they drip, and its body.

httpx bounds each wait alone; a header that comes a byte at a time is as many waits, and would hold a thread for days.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import Any

import httpx

_END: ContextVar[float] = ContextVar("end", default=inf)
"""The instant, by the monotonic clock, at which the exchange of this thread is given up."""


@contextmanager
def deadline(within_s: float) -> Iterator[None]:
    """Let what is read in this context, over a transport that is bounded, end after so many seconds."""
    before = _END.get()
    _END.set(time.monotonic() + within_s)
    try:
        yield
    finally:
        _END.set(before)


def bound(transport: httpx.BaseTransport | None) -> None:
    """Let a transport heed deadlines; one that is not httpx's own is left alone.

    httpx hands nothing on to the network of its connections, so it is reached by its private name.
    """
    if isinstance(transport, httpx.HTTPTransport):
        pool: Any = transport._pool
        pool._network_backend = _Bounded(pool._network_backend)


class _Bounded:
    """The network, or a connection over it, that heeds deadlines; all else is the real one's."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def connect_tcp(self, *words: Any, **named: Any) -> "_Bounded":
        return _Bounded(self._real.connect_tcp(*words, **named))

    def start_tls(self, *words: Any, **named: Any) -> "_Bounded":
        return _Bounded(self._real.start_tls(*words, **named))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if time.monotonic() > _END.get():  # a wait of its own is bounded by `timeout`
            raise httpx.ReadTimeout("the answer took too long")
        data: bytes = self._real.read(max_bytes, timeout=timeout)
        return data
