"""Versions of Haskell packages, and of the compiler GHC.

Rules:

* numbers between dots, compared one by one; of two that are equal as far as they go, the longer one is later, so
  `1.0` < `1.0.0`;
* what Cabal would not read today, leading zeros and the tags of old (`1.0-beta`), has no key; compared pairwise,
  leading zeros and tags do not count;
* anything else is no version.

Source: https://pvp.haskell.org; Cabal, Distribution.Types.Version
"""

import re

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_STRICT = re.compile(r"(?:0|[1-9][0-9]*+)(?:\.(?:0|[1-9][0-9]*+))*+", re.ASCII)
_LOOSE = re.compile(r"([0-9]++(?:\.[0-9]++)*+)(?:-[0-9A-Za-z]++)*+", re.ASCII)
_END = b"\x00"


def _numbers_key(numbers: str) -> bytes:
    return b"".join(map(encode_number, numbers.split("."))) + _END


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what Cabal would not read."""
    return _numbers_key(version) if _STRICT.fullmatch(version) else None


def _loose_key(version: str) -> bytes | None:
    match = _LOOSE.fullmatch(version.strip())
    return None if match is None else _numbers_key(match[1])


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1; `None` when one of them is no version."""
    return compare_keys(_loose_key(a), _loose_key(b))


SPEC = SchemeSpec(id="hackage", ecosystems=("Hackage", "GHC"), key=key, compare=compare)
