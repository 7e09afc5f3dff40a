"""Versions of RPM packages, exactly as `rpmvercmp` orders them.

Rules:

* `[epoch:]version[-release]`; a missing epoch is 0, a missing release sorts before any, even an empty one;
* only ASCII letters, digits, `~` and `^` count, all else separates;
* at one place: `~` < the end < `^` < letters < numbers; leading zeros do not count;
* an epoch that is no number is none to rpm, which then reads its colon as a separator; that has no key, and is compared
  pairwise;
* an empty string, or one with NUL, is no version.

Source: https://rpm-software-management.github.io/rpm/man/rpm-version.7
"""

import re
from functools import lru_cache

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_EPOCH = re.compile(r"([0-9]*+):", re.ASCII)
_PIECES = re.compile(r"[0-9]++|[A-Za-z]++|[~^]", re.ASCII)

_TILDE, _END, _CARET, _WORD, _NUMBER = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
_NO_RELEASE, _RELEASE = b"\x00", b"\x01"
_END_OF_WORD = b"\x00"


@lru_cache(maxsize=1024)
def _piece_key(piece: str) -> bytes:
    if piece.isdigit():
        return _NUMBER + encode_number(piece)
    if piece == "~":
        return _TILDE
    if piece == "^":
        return _CARET
    return _WORD + piece.encode("ascii") + _END_OF_WORD


def _part_key(part: str) -> bytes:
    return b"".join(map(_piece_key, _PIECES.findall(part))) + _END


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for an epoch that is no number, an empty string, or one with NUL."""
    return None if ":" in version and not _EPOCH.match(version) else _loose_key(version)


def _loose_key(version: str) -> bytes | None:
    if not version or "\0" in version:
        return None
    match = _EPOCH.match(version)
    epoch, rest = (match[1], version[match.end() :]) if match else ("0", version)
    head, dash, tail = rest.rpartition("-")
    if not dash:
        return encode_number(epoch) + _part_key(rest) + _NO_RELEASE
    return encode_number(epoch) + _part_key(head) + _RELEASE + _part_key(tail)


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1; `None` when one of them is no version at all."""
    return compare_keys(_loose_key(a), _loose_key(b))


SPEC = SchemeSpec(
    id="rpm",
    ecosystems=(
        "AlmaLinux",
        "Rocky Linux",
        "Red Hat",
        "Fedora",
        "SUSE",
        "openSUSE",
        "Mageia",
        "Azure Linux",
        "openEuler",
        "Photon OS",
    ),
    key=key,
    compare=compare,
)
