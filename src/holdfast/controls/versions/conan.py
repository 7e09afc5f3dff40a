"""Versions of Conan packages.

Rules:

* `items[-pre][+build]`, items between dots; `pre` and `build` are versions themselves; zeros at the end do not count;
* numbers are compared as numbers, everything else as text, and a number with text as text; of two that are equal as far
  as they go, the longer one is later;
* a version with `pre` precedes the same without, one with `build` follows it;
* an item that begins with a digit and is no number (OpenSSL's `1k`) makes no key: 9 < 10, `10` < `1k`, `1k` < `9`,
  which is no order. Such versions are compared pairwise;
* what has no digit (`system`) is no version.

Source: Conan's reference, "Version"; conan/internal/model/version.py
"""

import re
from typing import NamedTuple

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec

_WORD_ITEM = re.compile(r"[A-Za-z_][!-~]*+", re.ASCII)
_DIGIT = re.compile(r"[0-9]", re.ASCII)

_END, _NUMBER, _WORD = b"\x01", b"\x02", b"\x03"
_PRERELEASE, _RELEASE = b"\x01", b"\x02"
_NO_BUILD, _BUILD = b"\x01", b"\x02"
_END_OF_WORD = b"\x00"


class _Version(NamedTuple):
    items: list[str]
    pre: "_Version | None"
    build: "_Version | None"


def _is_number(item: str) -> bool:
    return item.isascii() and item.isdigit()


def _parse(text: str) -> _Version:
    """Return the parts of a version. A build holds no `+` and a pre-release no `-`, so it goes three deep at most."""
    text, plus, build = text.rpartition("+") if "+" in text else (text, "", "")
    text, dash, pre = text.rpartition("-") if "-" in text else (text, "", "")
    items = [(item.lstrip("0") or "0") if _is_number(item) else item for item in text.split(".")]
    while items and items[-1] == "0":
        items.pop()
    return _Version(items, _parse(pre) if dash else None, _parse(build) if plus else None)


def _key(version: _Version) -> bytes | None:
    out = []
    for item in version.items:
        if _is_number(item):
            out.append(_NUMBER + encode_number(item))
        elif _WORD_ITEM.fullmatch(item):
            out.append(_WORD + item.encode("ascii") + _END_OF_WORD)
        else:
            return None
    pre = b"" if version.pre is None else _key(version.pre)
    build = b"" if version.build is None else _key(version.build)
    if pre is None or build is None:
        return None
    out += [_END, _PRERELEASE + pre if pre else _RELEASE, _BUILD + build if build else _NO_BUILD]
    return b"".join(out)


def _is_version(version: str) -> bool:
    return (
        version.isprintable()
        and not version.startswith(("[", "<", ">", "~", "^", "="))
        and bool(_DIGIT.search(version))
    )


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for a range, for what has no digit, and where there is no order."""
    return _key(_parse(version)) if _is_version(version) else None


def _compare_items(a: str, b: str) -> int:
    if _is_number(a) and _is_number(b):
        left, right = encode_number(a), encode_number(b)
        return (left > right) - (left < right)
    return (a > b) - (a < b)


def _compare_tails(a: "_Version | None", b: "_Version | None", *, none: int) -> int:
    """Return -1, 0 or 1 for two pre-releases or builds; `none` is the sign of not having one."""
    if a is None or b is None:
        return ((a is None) - (b is None)) * none
    return _compare(a, b)


def _compare(a: _Version, b: _Version) -> int:
    signs = (_compare_items(one, two) for one, two in zip(a.items, b.items, strict=False))
    sign = next((sign for sign in signs if sign), 0) or (len(a.items) > len(b.items)) - (len(a.items) < len(b.items))
    return sign or _compare_tails(a.pre, b.pre, none=1) or _compare_tails(a.build, b.build, none=-1)


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 as Conan would; `None` for a range, and for what has no digit."""
    return _compare(_parse(a), _parse(b)) if _is_version(a) and _is_version(b) else None


SPEC = SchemeSpec(id="conan", ecosystems=("ConanCenter",), key=key, compare=compare)
