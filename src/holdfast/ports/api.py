"""The product's own HTTP API, as the terminal calls it: over the network, or in process on the local store."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol


class Api(Protocol):
    """Calls `/api/v1`."""

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Send one request (`path` without `/api/v1`) and return the decoded JSON; `None` for an empty answer.

        `None` values of `query` are left out.

        Raises:
            HoldfastError: the subclass that the problem answer names, with its hint.
        """
        ...

    def pages(self, path: str, *, query: Mapping[str, object] | None = None) -> Iterator[Any]:
        """Yield the items of all pages of a list."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
