"""Versions as NuGet's files write them."""

import re

from holdfast.errors import FactError

_EXACT = re.compile(r"\[\s*([^,\[\]()\s]+)\s*\]\Z")
_PROPERTY = re.compile(r"\$\([^)]*\)")


def one_version(text: str) -> str:
    """Return the one version that a text names; a plain one is the lowest allowed, which is the one NuGet takes.

    Raises:
        FactError: a property, a range, a floating version, or nothing.
    """
    text = text.strip()
    found = _PROPERTY.search(text)
    if found is not None:
        raise FactError(f"`{found[0][:80]}` is a property: what it holds when the project is built is not known")
    exact = _EXACT.match(text)
    if exact is not None:
        return exact[1]
    if not text:
        raise FactError("it has no version")
    if any(sign in text for sign in "[](),*"):
        raise FactError(f"`{text[:80]}` names no single version: which one is taken is not known")
    return text
