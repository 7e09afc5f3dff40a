"""Versions of NuGet packages.

Rules:

* one to four numbers, missing ones are 0, leading zeros do not count; then labels as in semantic versions, of which
  letter case does not count;
* build metadata is read and ignored, so versions that differ in it are equal;
* what NuGet would not read (`v1.0`, five numbers, an empty label) has no key and is compared leniently.

Source: https://learn.microsoft.com/nuget/concepts/package-versioning
"""

import re

from holdfast.controls.versions import semver
from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_VERSION = re.compile(
    r"([0-9]++(?:\.[0-9]++){0,3}+)"
    r"(?:-([0-9a-z-]++(?:\.[0-9a-z-]++)*+))?(?:\+[0-9a-z-]++(?:\.[0-9a-z-]++)*+)?",
    re.ASCII | re.IGNORECASE,
)
_NUMBERS = 4

_PRERELEASE, _RELEASE = b"\x01", b"\x02"
_NUMBER, _WORD = b"\x01", b"\x02"
_END = b"\x00"


def _label_key(label: str) -> bytes:
    return _NUMBER + encode_number(label) if label.isdigit() else _WORD + label.encode("ascii") + _END


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what NuGet would not read."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return None
    numbers = match[1].split(".")
    core = b"".join(map(encode_number, numbers)) + encode_number("") * (_NUMBERS - len(numbers))
    if match[2] is None:
        return core + _RELEASE
    return core + _PRERELEASE + b"".join(map(_label_key, match[2].lower().split("."))) + _END


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 by the lenient order; `None` when one of them does not begin with a number."""
    return compare_keys(semver.loose_key(a.strip().lower()), semver.loose_key(b.strip().lower()))


SPEC = SchemeSpec(id="nuget", ecosystems=("NuGet",), key=key, compare=compare)
