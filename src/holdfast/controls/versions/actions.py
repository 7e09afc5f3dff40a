"""Versions of GitHub Actions, which are tags of repositories.

Rules:

* a full tag (`v4.1.2`) is a semantic version;
* a moving tag (`v4`, `v4.1`) has no key: which release it names today, nobody can tell from here. Compared pairwise,
  it stands for the first of its releases, the careful side;
* a commit or the name of a branch is no version.

Source: https://docs.github.com/actions/creating-actions/about-custom-actions#using-release-management-for-actions
"""

import re

from holdfast.controls.versions import semver
from holdfast.controls.versions._scheme import SchemeSpec, compare_keys

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII | re.IGNORECASE)


def key(version: str) -> bytes | None:
    """Return the order-preserving key; `None` for what is not a full tag."""
    return semver.key(version)


def _loose_key(version: str) -> bytes | None:
    return None if _COMMIT.fullmatch(version) else semver.loose_key(version)


def compare(a: str, b: str) -> int | None:
    """Return -1, 0 or 1 by the lenient order; `None` when one of them is a commit or the name of a branch."""
    return compare_keys(_loose_key(a), _loose_key(b))


SPEC = SchemeSpec(id="actions", ecosystems=("GitHub Actions",), key=key, compare=compare)
