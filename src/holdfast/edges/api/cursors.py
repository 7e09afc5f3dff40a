"""Opaque cursors of keyset pages.

A cursor is the key of the last item, with the list it belongs to and a check, in URL-safe base64. The check finds what
was cut or typed wrongly; it is no secret, because a key says nothing that the page did not say.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from holdfast.errors import UsageError

T = TypeVar("T")
_CHECK_BYTES = 6
_MOST_CHARACTERS = 8192


def _check(kind: str, key: bytes) -> bytes:
    return hashlib.sha256(kind.encode() + b"\0" + key).digest()[:_CHECK_BYTES]


def write_cursor(kind: str, key: str | None) -> str | None:
    """Return the cursor after `key` in the list `kind`; `None` on the last page."""
    if key is None:
        return None
    raw = key.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(_check(kind, raw) + raw).decode().rstrip("=")


def read_cursor(kind: str, cursor: str | None) -> str | None:
    """Return the key that a cursor of this list holds.

    Raises:
        UsageError: it is not a cursor of this list.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        key = raw[_CHECK_BYTES:].decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeError):
        raise _refused() from None
    if len(cursor) > _MOST_CHARACTERS or raw[:_CHECK_BYTES] != _check(kind, raw[_CHECK_BYTES:]):
        raise _refused()
    return key


def _refused() -> UsageError:
    return UsageError("not a cursor of this list", where="cursor", hint="pass `next` of the page before, unchanged")


def cut_page(
    kind: str, items: Sequence[T], key: Callable[[T], str], cursor: str | None, limit: int
) -> tuple[list[T], str | None]:
    """Return a page of a list that is at hand as a whole, by key, and the cursor of the next one."""
    after = read_cursor(kind, cursor)
    ordered = sorted((item for item in items if after is None or key(item) > after), key=key)
    return next_page(kind, ordered, key, limit)


def next_page(kind: str, items: Sequence[T], key: Callable[[T], str], limit: int) -> tuple[list[T], str | None]:
    """Return the first `limit` of `items`, which the store gave from the cursor on, and the cursor of the next page.

    Ask the store for one item more than `limit`: that one says whether there is a next page.
    """
    page = list(items[:limit])
    return page, write_cursor(kind, key(page[-1])) if len(items) > limit and page else None
