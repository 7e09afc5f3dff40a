"""Versions of Debian packages, exactly as dpkg orders them.

Rules:

* `[epoch:]upstream[-revision]`; a missing epoch is 0, a missing revision equals `0`;
* text and numbers alternate; in text `~` sorts before the end, the end before letters, letters before all else;
* what dpkg only warns of (no digit at the start, an odd character) has no key and is compared pairwise; what dpkg
  refuses (an empty part, an epoch that is no number or over 2,147,483,647) cannot be compared.

Source: Debian Policy 5.6.12; dpkg, lib/dpkg/version.c
"""

import re
from functools import lru_cache

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_UPSTREAM = re.compile(r"[0-9][A-Za-z0-9.+~:-]*+", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9.+~]++", re.ASCII)
_PIECES = re.compile(r"[^0-9]*+[0-9]*+")
_BIGGEST_EPOCH = 2**31 - 1
_LONGEST_EPOCH = 32

_END_OF_TEXT = b"\x02"


def _text_order() -> bytes:
    """Return the table that gives each character its place in dpkg's order; digits stay."""
    table = bytearray(range(256))
    for byte in range(128):
        if not chr(byte).isalnum():
            table[byte] = 0x80 | byte
    table[ord("~")] = 0x01
    return bytes(table)


_TEXT_ORDER = _text_order()


@lru_cache(maxsize=1024)
def _piece_key(piece: str) -> bytes:
    text = piece.rstrip("0123456789")
    return text.encode("ascii").translate(_TEXT_ORDER) + _END_OF_TEXT + encode_number(piece[len(text) :])


def _part_key(part: str) -> bytes:
    # The last match is empty: no text and no number, which is how dpkg sees the end.
    return b"".join(map(_piece_key, _PIECES.findall(part)))


def _split(version: str) -> tuple[str, str, str] | None:
    """Return epoch, upstream version and revision; `None` for what dpkg refuses."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    elif not (epoch.isascii() and epoch.isdigit()) or len(epoch) > _LONGEST_EPOCH or int(epoch) > _BIGGEST_EPOCH:
        return None
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return (epoch, upstream, revision) if upstream and revision else None


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what dpkg warns of or refuses."""
    parts = _split(version.strip())
    if parts is None or not _UPSTREAM.fullmatch(parts[1]) or not _REVISION.fullmatch(parts[2]):
        return None
    return encode_number(parts[0]) + _part_key(parts[1]) + _part_key(parts[2])


def _loose_key(version: str) -> bytes | None:
    version = version.strip()
    parts = _split(version)
    if parts is None or not version.isascii() or not version.isprintable() or " " in version:
        return None
    return encode_number(parts[0]) + _part_key(parts[1]) + _part_key(parts[2])


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 as dpkg would, with or without a warning; `None` for what it refuses."""
    return compare_keys(_loose_key(a), _loose_key(b))


SPEC = SchemeSpec(id="dpkg", ecosystems=("Debian", "Ubuntu"), key=key, compare=compare)
