"""Cursors: where a page ended, opaque to whoever carries it."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from holdfast.errors import UsageError

_MAX_CHARACTERS = 16384


def to_cursor(values: Sequence[Any]) -> str:
    """Return the values of a page's last row as one URL-safe word."""
    return base64.urlsafe_b64encode(json.dumps(list(values), separators=(",", ":")).encode()).decode().rstrip("=")


def from_cursor(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """Return the values again.

    Raises:
        UsageError: this is not a cursor of that list.
    """
    try:
        if len(cursor) > _MAX_CHARACTERS:
            raise ValueError(cursor)
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise UsageError(f"not a cursor of this list: `{cursor[:40]}`", hint="take `next` of the page before")
    return values
