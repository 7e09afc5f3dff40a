"""Version schemes: one module each, found by ecosystem.

Rules:

* a scheme is loaded when a version of its ecosystem is first looked at, never the whole room for a known ecosystem;
* a release suffix (`Debian:12`) does not change the scheme;
* a version without a key is compared pairwise, and what comes of it has low confidence.
"""

from functools import lru_cache
from importlib import import_module
from typing import cast

from holdfast.controls.versions._scheme import SchemeSpec

__all__ = ["SchemeSpec", "compare_versions", "is_comparable", "scheme_for", "version_key"]

# A shortcut for the ecosystems that nearly every scan meets; any other is looked up in the SPECs of the room.
_NEAR = {
    "PyPI": "pep440",
    "npm": "semver",
    "crates.io": "semver",
    "Hex": "semver",
    "SwiftURL": "semver",
    "Go": "go",
    "Maven": "maven",
    "NuGet": "nuget",
    "RubyGems": "rubygems",
    "Packagist": "packagist",
    "Pub": "pub",
    "GitHub Actions": "actions",
    "Debian": "dpkg",
    "Ubuntu": "dpkg",
    "Alpine": "apk",
    "Wolfi": "apk",
    "Chainguard": "apk",
    "AlmaLinux": "rpm",
    "Rocky Linux": "rpm",
    "Red Hat": "rpm",
}


@lru_cache(maxsize=256)
def _scheme_of(name: str) -> SchemeSpec | None:
    if name in _NEAR:
        return cast(SchemeSpec, import_module(f"{__name__}.{_NEAR[name]}").SPEC)
    from holdfast.registry import load_room

    specs = cast("tuple[SchemeSpec, ...]", load_room("controls.versions"))
    return next((spec for spec in specs if name in spec.ecosystems), None)


@lru_cache(maxsize=1024)
def scheme_for(ecosystem: str) -> SchemeSpec | None:
    """Return the scheme of an ecosystem, with or without a release suffix; `None` where there is none yet."""
    return _scheme_of(ecosystem.partition(":")[0])


@lru_cache(maxsize=8192)  # the versions that mend a package are asked for with each of its records
def version_key(ecosystem: str, version: str) -> bytes | None:
    """Return the order-preserving key; `None` where the ecosystem has no scheme or the string is no version in it."""
    scheme = scheme_for(ecosystem)
    return None if scheme is None else scheme.key(version)


@lru_cache(maxsize=2048)
def compare_versions(ecosystem: str, a: str, b: str) -> int | None:
    """Return -1, 0 or 1 as `a` precedes, equals or follows `b`; `None` where it cannot be told."""
    scheme = scheme_for(ecosystem)
    return None if scheme is None else scheme.compare(a, b)


def is_comparable(ecosystem: str, version: str) -> bool:
    """Tell whether a version has a place in its scheme's order at all; one that has none makes a verdict unknown."""
    return compare_versions(ecosystem, version, version) is not None
