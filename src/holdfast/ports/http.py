"""HTTP, as probes and feeds need it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from holdfast.model.frozen import frozen


@frozen
class Answer:
    """An HTTP response; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]

    def body(self, limit_bytes: int = 1 << 20) -> bytes:
        """Return at most `limit_bytes` of the body."""
        out = b""
        for chunk in self.chunks:
            out += chunk
            if len(out) >= limit_bytes:
                break
        return out[:limit_bytes]


class Http(Protocol):
    """Sends one request; redirects are not followed."""

    def open(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout_s: float, body: bytes | None = None
    ) -> AbstractContextManager[Answer]:
        """Send it and give the answer while the context is open.

        Raises:
            ActionError: no answer (refused, timed out, cut, not a valid URL); an `UnsentError` if nobody was reached.
        """
        ...
