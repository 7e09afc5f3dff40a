"""Addresses of the API with names in them that a person typed."""

from urllib.parse import quote

from holdfast.errors import UsageError


def address(*parts: str) -> str:
    """Return `/a/b/c`; no part can reach beyond its place.

    Raises:
        UsageError: a part that names nothing.
    """
    for part in parts:
        if part in {"", ".", ".."} or "/" in part:
            raise UsageError(f"expected a name or an id, got `{part}`")
    return "".join(f"/{quote(part, safe='')}" for part in parts)
