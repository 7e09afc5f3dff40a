"""Package names, in the one spelling that each ecosystem prints and compares.

Rules:

* PyPI compares names as PEP 503 says; Packagist, Hex and Pub know lower case alone;
* a Swift package is named by its address without scheme, user and `.git`; letter case does not count in it;
* NuGet and GitHub keep the case that the author wrote and compare without it;
* every other ecosystem compares names as they stand.
"""

from collections.abc import Iterable
from functools import lru_cache

_LOWER = {"Packagist", "Hex", "Pub"}
_CASELESS = {"NuGet", "SwiftURL", "GitHub Actions"}


def cves_of(ids: Iterable[str]) -> frozenset[str]:
    """Return the CVEs among names of vulnerabilities; two CVEs are two vulnerabilities, whatever names both."""
    return frozenset(one for one in ids if one.startswith("CVE-"))


@lru_cache(maxsize=4096)  # a scan asks for the same names as they are read, matched and written
def normalize_pypi(name: str) -> str:
    """Return the name as PEP 503 compares it."""
    out = name.lower().replace("_", "-").replace(".", "-")
    while "--" in out:
        out = out.replace("--", "-")
    return out


def _without_scheme(address: str) -> str:
    _, scheme, rest = address.rpartition("://")
    if not scheme:  # `git@host:owner/name`, as ssh writes it
        user, at, rest = address.rpartition("@")
        rest = rest.replace(":", "/", 1) if at and "/" not in user else address
    head, slash, path = rest.partition("/")
    rest = head.rpartition("@")[2] + slash + path
    while rest.endswith(("/", ".git")):
        rest = rest.rstrip("/").removesuffix(".git")
    return rest or address


def canonical_name(ecosystem: str, name: str) -> str:
    """Return the name as the ecosystem writes it, in OSV and in package URLs."""
    if ecosystem == "PyPI":
        return normalize_pypi(name)
    if ecosystem == "SwiftURL":
        return _without_scheme(name)
    return name.lower() if ecosystem in _LOWER else name


def compared_name(ecosystem: str, name: str) -> str:
    """Return the name that stands for every spelling which the ecosystem takes for the same package."""
    name = canonical_name(ecosystem, name)
    return name.lower() if ecosystem in _CASELESS else name
