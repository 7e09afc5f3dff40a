"""Versions of R packages.

Rules:

* numbers between `.` or `-`, which mean the same; leading zeros do not count;
* number by number; of two that are equal as far as they go, the longer one is later: `0.1.0` < `0.1.0.0`;
* anything else is no version: R would not read it.

Source: R, `?package_version`; Writing R Extensions, "The DESCRIPTION file"
"""

import re

from holdfast.controls.versions._number import encode_number
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_VERSION = re.compile(r"[0-9]++(?:[.-][0-9]++)*+", re.ASCII)
_END = b"\x00"


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what R would not read."""
    version = version.strip()
    if not _VERSION.fullmatch(version):
        return None
    return b"".join(map(encode_number, version.replace("-", ".").split("."))) + _END


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1; `None` when one of them is no version."""
    return compare_keys(key(a), key(b))


SPEC = SchemeSpec(id="cran", ecosystems=("CRAN", "Bioconductor"), key=key, compare=compare)
