"""Versions of Go modules, of the standard library and of the toolchain.

Rules:

* semantic versions with or without `v`, pseudo-versions among them; `+incompatible` does not count;
* `v1` and `v1.2` are short for `v1.0.0` and `v1.2.0`;
* Go's own releases (`1.22rc1`, `go1.21.3`, `go1.22-vendor`) stand where advisories place them: `1.22rc1` is
  `1.22.0-rc.1`.

Source: https://go.dev/ref/mod#versions, https://go.dev/doc/toolchain#version
"""

import re

from holdfast.controls.versions import semver
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_RELEASE_TAG = re.compile(
    r"(?:(go)|v)?([0-9]++)(?:\.([0-9]++))?(?:\.([0-9]++))?(?:(alpha|beta|rc)([0-9]++))?([-+ ].*)?", re.ASCII
)


def _canonical(version: str) -> str:
    """Return the semantic version that a tag of Go's own stands for; anything else as it is."""
    match = _RELEASE_TAG.fullmatch(version)
    if match is None:
        return version
    go, major, minor, patch, stage, number, vendor = match.groups()
    if vendor and not go:  # `-suffix` is a vendor's mark after `go1.22`, but a pre-release in `1.22.0-rc.1`
        return version
    core = f"{major}.{minor or '0'}.{patch or '0'}"
    return f"{core}-{stage}.{number}" if stage else core


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what Go would not accept (`latest`, a commit)."""
    return semver.key(version) or semver.key(_canonical(version))


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 by the lenient order of semantic versions; `None` when it cannot be told."""
    return compare_keys(semver.loose_key(_canonical(a)), semver.loose_key(_canonical(b)))


SPEC = SchemeSpec(id="go", ecosystems=("Go",), key=key, compare=compare)
