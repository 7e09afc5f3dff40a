"""Semantic versions.

Rules:

* Semantic Versioning 2.0.0, strictly, with one liberty: a leading `v` does not count;
* build metadata is read and ignored, so versions that differ in it are equal;
* what is not strict (`1.2`, `01.2.3`, `1.2.3.4`, `1.0.0-beta.01`) has no key; compared pairwise, missing numbers are 0,
  further numbers count, and leading zeros do not.

Source: https://semver.org/spec/v2.0.0.html
"""

import re

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_STRICT = re.compile(
    r"v?(0|[1-9][0-9]*+)\.(0|[1-9][0-9]*+)\.(0|[1-9][0-9]*+)"
    r"(?:-([0-9A-Za-z.-]++))?(?:\+[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?",
    re.ASCII,
)
_LOOSE = re.compile(r"[v=\s]*+([0-9]++(?:\.[0-9]++)*+)[-.]?([^+]*+).*", re.ASCII | re.DOTALL)

_PRERELEASE, _RELEASE = b"\x01", b"\x02"
_NUMBER, _WORD = b"\x01", b"\x02"
_END = b"\x00"


def _identifier_key(identifier: str) -> bytes:
    if identifier.isascii() and identifier.isdigit():
        return _NUMBER + encode_number(identifier)
    return _WORD + identifier.encode("utf-8", "surrogatepass") + _END


def _is_strict(identifier: str) -> bool:
    return bool(identifier) and not (identifier[0] == "0" and len(identifier) > 1 and identifier.isdigit())


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what is not strictly a semantic version."""
    match = _STRICT.fullmatch(version)
    if match is None:
        return None
    major, minor, patch, prerelease = match.groups()
    core = encode_number(major) + encode_number(minor) + encode_number(patch)
    if prerelease is None:
        return core + _RELEASE
    identifiers = prerelease.split(".")
    if not all(map(_is_strict, identifiers)):
        return None
    return core + _PRERELEASE + b"".join(map(_identifier_key, identifiers)) + _END


def loose_key(version: str) -> bytes | None:
    """Return a key for the lenient order, which agrees with the strict one; `None` without a leading number.

    It is comparable with other loose keys only.
    """
    match = _LOOSE.fullmatch(version)
    if match is None or "\0" in version:
        return None
    core, prerelease = match.groups()
    numbers = core.split(".")
    while len(numbers) > 1 and not numbers[-1].strip("0"):
        numbers.pop()
    head = b"".join(map(encode_number, numbers)) + _END
    identifiers = [identifier for identifier in prerelease.strip().split(".") if identifier]
    if not identifiers:
        return head + _RELEASE
    return head + _PRERELEASE + b"".join(map(_identifier_key, identifiers)) + _END


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 by the lenient order; `None` when one of them does not begin with a number."""
    return compare_keys(loose_key(a), loose_key(b))


SPEC = SchemeSpec(id="semver", ecosystems=("npm", "crates.io", "Hex", "SwiftURL"), key=key, compare=compare)
