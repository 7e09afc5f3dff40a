"""Versions of Dart packages.

Rules:

* semantic versions, but build metadata counts: a version with it is later than the same without, and identifiers of it
  are compared as those of a pre-release are;
* leading zeros do not count, and a leading `v` does not either;
* what is not three numbers has no key; compared pairwise, missing numbers are 0 and further numbers count.

Source: https://dart.dev/tools/pub/versioning; pub_semver, lib/src/version.dart
"""

import re

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_STRICT = re.compile(
    rf"v?([0-9]++)\.([0-9]++)\.([0-9]++)(?:-({_IDENTIFIERS}))?(?:\+({_IDENTIFIERS}))?",
    re.ASCII,
)
_LOOSE = re.compile(r"[v=\s]*+([0-9]++(?:\.[0-9]++)*+)[-.]?([^+]*+)(?:\+(.*))?", re.ASCII | re.DOTALL)

_PRERELEASE, _RELEASE = b"\x01", b"\x02"
_NO_BUILD, _BUILD = b"\x01", b"\x02"
_NUMBER, _WORD = b"\x01", b"\x02"
_END = b"\x00"


def _identifiers_key(text: str) -> bytes:
    out = []
    for identifier in text.split("."):
        if identifier.isascii() and identifier.isdigit():
            out.append(_NUMBER + encode_number(identifier))
        elif identifier:
            out.append(_WORD + identifier.encode("utf-8", "surrogatepass") + _END)
    return b"".join(out) + _END


def _tail_key(prerelease: str | None, build: str | None) -> bytes:
    head = _PRERELEASE + _identifiers_key(prerelease) if prerelease else _RELEASE
    return head + (_BUILD + _identifiers_key(build) if build else _NO_BUILD)


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what pub would not read, a leading `v` aside."""
    match = _STRICT.fullmatch(version)
    if match is None:
        return None
    return b"".join(map(encode_number, match.groups()[:3])) + _tail_key(match[4], match[5])


def _loose_key(version: str) -> bytes | None:
    match = _LOOSE.fullmatch(version)
    if match is None or "\0" in version:
        return None
    numbers = match[1].split(".")
    while len(numbers) > 1 and not numbers[-1].strip("0"):
        numbers.pop()
    return b"".join(map(encode_number, numbers)) + _END + _tail_key(match[2].strip(". "), match[3])


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 by the lenient order; `None` when one of them does not begin with a number."""
    return compare_keys(_loose_key(a), _loose_key(b))


SPEC = SchemeSpec(id="pub", ecosystems=("Pub",), key=key, compare=compare)
