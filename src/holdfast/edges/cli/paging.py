"""Lists that say more than their items: the first page beside all items of all pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.ports.api import Api


def answer_pages(
    api: Api, method: str, path: str, query: Mapping[str, object], *, body: object | None = None
) -> tuple[dict[str, Any], Iterator[Any]]:
    """Return the first page and an iterator over the items of it and all that follow, asked for as they are needed."""
    first: dict[str, Any] = api.call(method, path, query=query, body=body)

    def items() -> Iterator[Any]:
        page = first
        while True:
            yield from page["items"]
            if page["next"] is None:
                return
            page = api.call(method, path, query={**query, "cursor": page["next"]}, body=body)

    return first, items()


def journal_entries(api: Api, after: int) -> Iterator[dict[str, Any]]:
    """Yield the journal's entries with a higher number than `after`, in their order."""
    while True:
        page = api.call("GET", "/journal", query={"after": after, "limit": 1000})
        yield from page["items"]
        if page["next"] is None:
            return
        after = int(page["next"])
