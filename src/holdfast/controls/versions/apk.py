"""Versions of Alpine's packages, and of distributions that use apk.

Rules:

* `number{.number}[letter]{_suffix[number]}[~hash][-r number]`;
* the first number is a number; of the others, one that begins with 0 is compared as text with any other, so
  `1.0` < `1.05` < `1.1`;
* at one place: alpha < beta < pre < rc < the end < revision < hash < suffix number < cvs < svn < git < hg < p < letter
  < number;
* what apk 3 calls invalid has no key. Compared pairwise, it is read as far as apk 2 would: empty numbers are 0, digits
  may follow a letter, and the first thing that cannot be read at all precedes the end;
* what cannot be read before its first digit (`latest`) is no version.

Source: apk-tools, src/version.c; apk-package(5)
"""

import re

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_VALID = re.compile(
    r"[0-9]++(?:\.[0-9]++)*+[a-z]?(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)(?![a-z])[0-9]*+)*+"
    r"(?:~[0-9A-Fa-f]++)?(?:-r[0-9]++)?",
    re.ASCII,
)
_DIGIT = re.compile(r"[0-9]", re.ASCII)
_LEADING = re.compile(r"[0-9]*+", re.ASCII)
# A revision without a number is one where nothing, or a dash, follows.
_TOKENS = re.compile(
    r"(?P<number>\.[0-9]*+)|(?P<letter>[a-z](?P<patch>[0-9]*+))"
    r"|_(?P<suffix>alpha|beta|pre|rc|cvs|svn|git|hg|p)(?![a-z])(?P<suffix_number>[0-9]*+)"
    r"|~(?P<hash>[0-9A-Fa-f]++)|-r(?P<revision>[0-9]++|(?=-|\Z))",
    re.ASCII,
)

_SUFFIXES = {
    "alpha": b"\x01",
    "beta": b"\x02",
    "pre": b"\x03",
    "rc": b"\x04",
    "cvs": b"\x0a",
    "svn": b"\x0b",
    "git": b"\x0c",
    "hg": b"\x0d",
    "p": b"\x0e",
}
_INVALID, _END, _REVISION, _HASH, _SUFFIX_NUMBER = b"\x05", b"\x06", b"\x07", b"\x08", b"\x09"
_NO_NUMBER, _LETTER, _TEXT_NUMBER, _NUMBER = b"\x0f", b"\x10", b"\x11", b"\x12"
_END_OF_TEXT = b"\x00"
_PLACES: dict[str | None, int] = {"number": 0, "letter": 1, "suffix_number": 2, "hash": 3, "revision": 4}
"""Which tokens may follow which, by the group of each that closes last."""
_MANY = (_PLACES["number"], _PLACES["suffix_number"])


def _number_key(digits: str) -> bytes:
    if not digits:
        return _NO_NUMBER
    if digits[0] == "0":
        return _TEXT_NUMBER + digits.encode("ascii") + _END_OF_TEXT
    return _NUMBER + encode_number(digits)


def _token_key(token: re.Match[str]) -> bytes:
    if token["number"] is not None:
        return _number_key(token["number"][1:])
    if token["letter"] is not None:
        patch = _NUMBER + encode_number(token["patch"]) if token["patch"] else b""
        return _LETTER + token["letter"][0].encode("ascii") + patch
    if token["suffix"] is not None:
        digits = token["suffix_number"]
        return _SUFFIXES[token["suffix"]] + (_SUFFIX_NUMBER + encode_number(digits) if digits else b"")
    if token["hash"] is not None:
        return _HASH + token["hash"].encode("ascii") + _END_OF_TEXT
    return _REVISION + encode_number(token["revision"])


def _read(version: str) -> tuple[bytes, int]:
    """Return a key of what can be read, not ended yet, and where that ends."""
    first = _LEADING.match(version)
    digits = first[0] if first else ""
    out, last, end = [encode_number(digits)], 0, len(digits)
    while token := _TOKENS.match(version, end):
        kind = _PLACES[token.lastgroup]
        if kind < last or (kind == last and kind not in _MANY):
            break
        out.append(_token_key(token))
        last, end = kind, token.end()
    return b"".join(out), end


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what apk calls invalid."""
    return _read(version)[0] + _END if _VALID.fullmatch(version) else None


def _loose_key(version: str) -> bytes | None:
    read, end = _read(version)
    if end == len(version):
        return read + _END if version else None
    return read + _INVALID if _DIGIT.search(version, 0, end) else None


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 as apk would; `None` when nothing of one of them can be read."""
    return compare_keys(_loose_key(a), _loose_key(b))


SPEC = SchemeSpec(id="apk", ecosystems=("Alpine", "Wolfi", "Chainguard"), key=key, compare=compare)
