"""What a version scheme declares."""

from collections.abc import Callable

from holdfast.model.frozen import frozen


@frozen
class SchemeSpec:
    """One way of ordering versions.

    `ecosystems` are OSV's names without a release suffix. `key` gives bytes in memcmp order, equal exactly for versions
    that are equal in the scheme and never the beginning of another key; `None` where the string is no version in it.
    `compare` gives -1, 0 or 1 by the scheme's own leniency, and `None` where it cannot tell.
    """

    id: str
    ecosystems: tuple[str, ...]
    key: Callable[[str], bytes | None]
    compare: Callable[[str, str], int | None]


def compare_keys(a: bytes | None, b: bytes | None) -> int | None:
    """Return -1, 0 or 1 by the order of two keys; `None` when one is missing."""
    if a is None or b is None:
        return None
    return (a > b) - (a < b)
