"""Versions of Maven artifacts, as Maven 3.9 compares them.

Rules:

* digits and text alternate; `.`, `-` and every change between digits and text divide; letter case does not count;
* a `-`, a change between digits and text, and text after anything open a list inside the list; nulls (0, `ga`, `final`,
  `release`) at the end of a list do not count;
* text: alpha < beta < milestone < rc (cr) < snapshot < null < sp < any other, in alphabetical order; `a`, `b` and `m`
  before a digit are short for the first three;
* at one place: text < list < number; the end equals null;
* Maven's own order is not transitive where text follows something in its own list, with dots (`1.x.1`), or a list is
  the first in its list (`1-0-rc`): such versions have no key and are compared pairwise, and so is what does not begin
  with a digit, or is not plain ASCII;
* an empty string, one with blanks or control characters, a range, a property (`${x}`), `LATEST` and `RELEASE` are no
  versions.

Source: https://maven.apache.org/pom.html#Version_Order_Specification; maven-artifact 3.9.9, ComparableVersion
"""

import re

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec

_DIGITS = "0123456789"
_PLAIN = re.compile(r"([0-9]++(?:\.[0-9]++)*+)(?:\.(?:final|ga|release))?", re.ASCII | re.IGNORECASE)
_PIECES = re.compile(r"[0-9]++|[^0-9.-]++|[.-]", re.ASCII)
_NO_VERSIONS = {"", "LATEST", "RELEASE"}
_NOT_IN_VERSIONS = frozenset("[](){}$,*^<>=")
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_RANK_OF_NULL = _QUALIFIERS.index("")

# What a key goes on with, after the numbers of a list: a list that begins with text, the end, a list that begins with
# a number, a further number.
_QUALIFIED = {qualifier: bytes((place + 1,)) for place, qualifier in enumerate(_QUALIFIERS[:_RANK_OF_NULL])}
_END = b"\x06"
_QUALIFIED |= {"": b"\x07", "sp": b"\x08"}
_OTHER, _LIST, _NUMBER = b"\x09", b"\x0a", b"\x0b"
_END_OF_TEXT = b"\x00"

Items = list[str]
"""Numbers without leading zeros, `0` included, and text after its aliases."""


def _is_number(item: str) -> bool:
    return item[:1] in _DIGITS and item != ""


def _parse(version: str) -> list[Items]:
    """Return the lists of a version, each inside the one before it and its last item."""
    lists: list[Items] = [[]]
    pieces = _PIECES.findall(version.lower())
    was_divided = True
    for place, piece in enumerate(pieces):
        following = pieces[place + 1] if place + 1 < len(pieces) else ""
        if piece in ".-":
            if was_divided:
                lists[-1].append("0")
            if piece == "-":
                lists.append([])
            was_divided = True
            continue
        was_divided = False
        if _is_number(piece):
            lists[-1].append(piece.lstrip("0") or "0")
            if following and following not in ".-":
                lists.append([])
            continue
        before_digit = bool(following) and following not in ".-"
        if (before_digit or not following) and lists[-1]:
            lists.append([])
        word = _SHORT.get(piece, piece) if before_digit else piece
        lists[-1].append(_ALIASES.get(word, word))
        if before_digit:
            lists.append([])
    return _normalize(lists)


def _normalize(lists: list[Items]) -> list[Items]:
    """Take nulls off the end of every list, and then lists off the end that are empty."""
    for items in lists:
        while items and items[-1] in ("0", ""):
            items.pop()
    while lists and not lists[-1]:
        lists.pop()
    return lists


def _list_key(items: Items, *, is_first: bool) -> bytes | None:
    """Return the part of a key that one list makes; `None` where it has no place in an order."""
    out = []
    numbers = items
    if not is_first:
        if not items:
            return None
        out.append(_LIST)
        if not _is_number(items[0]):
            out = [_QUALIFIED.get(items[0]) or _OTHER + items[0].encode("ascii") + _END_OF_TEXT]
            numbers = items[1:]
    if not all(map(_is_number, numbers)):
        return None
    return b"".join((*out, *(_NUMBER + encode_number(number) for number in numbers)))


def _plain_key(numbers: Items) -> bytes:
    while numbers and not numbers[-1].strip("0"):
        numbers.pop()
    return b"".join([_NUMBER + encode_number(number) for number in numbers]) + _END


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for no version, and where Maven's order is none."""
    plain = _PLAIN.fullmatch(version)
    if plain is not None:  # most versions are numbers alone
        return _plain_key(plain[1].split("."))
    if not version[:1].isdigit() or not version.isascii() or not _is_version(version):
        return None
    parts = [_list_key(items, is_first=place == 0) for place, items in enumerate(_parse(version))]
    return None if None in parts else b"".join(part for part in parts if part is not None) + _END


def _is_version(version: str) -> bool:
    return (
        version not in _NO_VERSIONS
        and version.isprintable()
        and " " not in version
        and _NOT_IN_VERSIONS.isdisjoint(version)
    )


def _rank(text: str) -> tuple[int, bytes]:
    if text in _QUALIFIERS:
        return _QUALIFIERS.index(text), b""
    return len(_QUALIFIERS), text.encode("utf-16-be", "surrogatepass")  # Java compares units of UTF-16


def _compare_to_null(item: str) -> int:
    if _is_number(item):
        return int(item != "0")
    rank = _rank(item)[0]
    return (rank > _RANK_OF_NULL) - (rank < _RANK_OF_NULL)


def _compare_items(a: str | None, b: str | None) -> int:
    """Return -1, 0 or 1 for two items of which none is a list; `None` is the end."""
    if a is None or b is None:
        return (0 if b is None else -_compare_to_null(b)) if a is None else _compare_to_null(a)
    if _is_number(a) and _is_number(b):
        left, right = encode_number(a), encode_number(b)
        return (left > right) - (left < right)
    if _is_number(a) or _is_number(b):
        return 1 if _is_number(a) else -1
    one, two = _rank(a), _rank(b)
    return (one > two) - (one < two)


def _compare_list(lists: list[Items], item: str | None) -> int:
    """Return -1, 0 or 1 for a list, which goes on with the lists inside it, and what is no list."""
    if item is not None:
        return -1 if _is_number(item) else 1
    signs = (_compare_to_null(one) for items in lists for one in items)
    return next((sign for sign in signs if sign), 0)


def _compare(a: list[Items], b: list[Items]) -> int:
    for level in range(max(len(a), len(b))):
        left = a[level] if level < len(a) else []
        right = b[level] if level < len(b) else []
        for place in range(max(len(left), len(right)) + 1):
            left_list = place == len(left) and level + 1 < len(a)
            right_list = place == len(right) and level + 1 < len(b)
            if left_list and right_list:
                break
            one = left[place] if place < len(left) else None
            two = right[place] if place < len(right) else None
            if left_list:
                sign = _compare_list(a[level + 1 :], two)
            elif right_list:
                sign = -_compare_list(b[level + 1 :], one)
            else:
                sign = _compare_items(one, two)
            if sign:
                return sign
        else:
            return 0
    return 0


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 as Maven would; `None` when one of them is no version."""
    return _compare(_parse(a), _parse(b)) if _is_version(a) and _is_version(b) else None


SPEC = SchemeSpec(id="maven", ecosystems=("Maven",), key=key, compare=compare)
