"""Entries of the journal: one append-only chain per org.

`hash = sha256(previous hash ‖ canonical bytes of every stored field)`, so each stored byte is covered. The first entry
follows 32 zero bytes. The canonical bytes are the JSON array `[org, seq, at, kind, body]` with `at` in integer
microseconds, in UTF-8, without spaces and with non-ASCII kept.
"""

import hashlib
import json

from holdfast.model.frozen import frozen

GENESIS = "0" * 64


@frozen
class JournalEntry:
    """One entry as stored. `seq` counts from 1; `at` is in microseconds; `body` is JSON text; `hash` is hex."""

    org: str
    seq: int
    at: int
    kind: str
    body: str
    hash: str


def entry_hash(previous: str, org: str, seq: int, at: int, kind: str, body: str) -> str:  # noqa: PLR0917 - the order stored
    """Return the hash of an entry that follows `previous`."""
    canonical = json.dumps([org, seq, at, kind, body], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(bytes.fromhex(previous) + canonical.encode("utf-8", "surrogatepass")).hexdigest()
