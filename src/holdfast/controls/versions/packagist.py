"""Versions of Composer packages.

Rules:

* Composer normalizes a version first: one to four numbers, missing ones are 0; then a stability (`alpha`, `beta`, `RC`,
  `patch`) with its numbers; then `-dev`; a leading `v`, a build, a stability flag and an alias do not count;
* dates (`20240131`, `2024-01-31`) keep the numbers they have; `2.x-dev` is later than every `2.…`;
* at one place: dev < alpha < beta < RC < the end < numbers < patch;
* what Composer cannot normalize (`dev-main`, five numbers, `1.0-foo`) has no key; it is compared pairwise as PHP's
  `version_compare` does, whose order is not transitive: any number equals `#`;
* what begins neither with a number nor with `dev-` is no version.

Source: https://getcomposer.org/doc/articles/versions.md; composer/semver, VersionParser; PHP, version_compare
"""

import re
from itertools import zip_longest

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_ALIAS = re.compile(r"([^,\s]++)\s++as\s++[^,\s]++")
_FLAG = re.compile(r"@(?:stable|RC|beta|alpha|dev)\Z", re.IGNORECASE)
_BUILD = re.compile(r"([^,\s+]++)\+\S++")
_MODIFIER = r"[._-]?(?:(stable|beta|b|RC|alpha|a|patch|pl|p)((?:[.-]?[0-9]++)*+)?)?([.-]?dev)?"
_FLAGS = re.ASCII | re.IGNORECASE
_CLASSICAL = re.compile(rf"v?([0-9]{{1,5}}+(?:\.[0-9]++){{0,3}}){_MODIFIER}", _FLAGS)
_DATE = re.compile(rf"v?([0-9]{{4}}(?:[.:-]?[0-9]{{2}}){{1,6}}(?:[.:-]?[0-9]{{1,3}}){{0,2}}){_MODIFIER}", _FLAGS)
_BRANCH = re.compile(r"v?([0-9]++(?:\.(?:[0-9]++|[x*])){0,3})[.-]?dev", _FLAGS)
_NUMBERS = re.compile(r"[0-9]++", re.ASCII)
_START = re.compile(r"v?([0-9]|dev-)", _FLAGS)
_PIECES = re.compile(r"[0-9]++|[A-Za-z]++|#", re.ASCII)
_PLACES = 4
_BRANCH_NUMBER = "9999999"
_LONGEST_DATE = 64

_DEV, _ALPHA, _BETA, _RC, _END, _NUMBER, _PATCH = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x07"
_STABILITIES = {
    "alpha": _ALPHA,
    "a": _ALPHA,
    "beta": _BETA,
    "b": _BETA,
    "rc": _RC,
    "patch": _PATCH,
    "pl": _PATCH,
    "p": _PATCH,
}
_FORMS = (
    ("dev", 0),
    ("alpha", 1),
    ("a", 1),
    ("beta", 2),
    ("b", 2),
    ("RC", 3),
    ("rc", 3),
    ("#", 4),
    ("pl", 5),
    ("p", 5),
)
_RANK_OF_NUMBER, _RANK_OF_OTHER = 4, -1


def _strip(version: str) -> str:
    """Return a version without the parts that Composer takes off before it looks at it."""
    version = version.strip()
    alias = _ALIAS.fullmatch(version)
    version = _FLAG.sub("", alias[1] if alias else version)
    build = _BUILD.fullmatch(version)
    return build[1] if build else version


def _pieces(version: str) -> list[str] | None:
    """Return the numbers and words that a version is normalized to, words in lower case; `None` where it cannot be."""
    match = _CLASSICAL.fullmatch(version)
    if match is None and len(version) <= _LONGEST_DATE:
        match = _DATE.fullmatch(version)
    if match is None:
        return _branch_pieces(version)
    numbers: list[str] = _NUMBERS.findall(match[1])
    if match.re is _CLASSICAL:
        numbers += ["0"] * (_PLACES - len(numbers))
    stability = (match[2] or "").lower()
    if stability == "stable":
        return numbers
    words = [stability, *_NUMBERS.findall(match[3] or "")] if stability else []
    return [*numbers, *words, "dev"] if match[4] else numbers + words


def _branch_pieces(version: str) -> list[str] | None:
    branch = _BRANCH.fullmatch(version)
    if branch is None:
        return None
    numbers = branch[1].lower().replace("*", "x").replace("x", _BRANCH_NUMBER).split(".")
    return [*numbers, *[_BRANCH_NUMBER] * (_PLACES - len(numbers)), "dev"]


def _piece_key(piece: str) -> bytes:
    return _NUMBER + encode_number(piece) if piece.isdigit() else _STABILITIES.get(piece, _DEV)


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what Composer cannot normalize to numbers."""
    pieces = _pieces(_strip(version))
    return None if pieces is None else b"".join(map(_piece_key, pieces)) + _END


def _rank(piece: str) -> int:
    if piece[0].isdigit():
        return _RANK_OF_NUMBER
    return next((rank for form, rank in _FORMS if piece.startswith(form)), _RANK_OF_OTHER)


def _compare_pieces(a: str | None, b: str | None) -> int:
    """Return -1, 0 or 1 as PHP sees two pieces; `None` is the end."""
    if a is None or b is None:
        piece, sign = (b, -1) if a is None else (a, 1)
        if piece is None or piece[0].isdigit():
            return sign if piece else 0
        rank = _rank(piece)
        return sign * ((rank > _RANK_OF_NUMBER) - (rank < _RANK_OF_NUMBER))
    if a[0].isdigit() and b[0].isdigit():
        left, right = encode_number(a), encode_number(b)
        return (left > right) - (left < right)
    return (_rank(a) > _rank(b)) - (_rank(a) < _rank(b))


def _loose_pieces(version: str) -> list[str]:
    """Return the pieces that PHP would compare; none for what is neither a version nor the name of a branch."""
    version = _strip(version)
    start = _START.match(version)
    return _pieces(version) or (_PIECES.findall(version, start.start(1)) if start else [])


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 by Composer's order, else as PHP would; `None` when one of them is no version."""
    by_key = compare_keys(key(a), key(b))
    if by_key is not None:
        return by_key
    left, right = _loose_pieces(a), _loose_pieces(b)
    if not left or not right:
        return None
    signs = (_compare_pieces(one, two) for one, two in zip_longest(left, right))
    return next((sign for sign in signs if sign), 0)


SPEC = SchemeSpec(id="packagist", ecosystems=("Packagist",), key=key, compare=compare)
