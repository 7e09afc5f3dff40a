"""What a module of this room declares."""

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.facts.vex._gathering import Link, VexGathering
from holdfast.model.frozen import frozen

MAX_VEX_BYTES = 64 << 20
"""A document above it is refused: it takes several times its size to hold."""


def no_links(_document: dict[str, Any]) -> Mapping[str, Link]:
    """A format whose documents name nothing of one another."""
    return {}


@frozen
class VexSpec:
    """One format of VEX.

    `fits(document)` tells by its fields whether a JSON object is such a document; the first that says so, by id, reads
    it. `read(document, gathering)` adds what it says, or raises `FactError`. `links(document)` are what other documents
    may refer to in it.
    """

    id: str
    fits: Callable[[dict[str, Any]], bool]
    read: Callable[[dict[str, Any], VexGathering], None]
    links: Callable[[dict[str, Any]], Mapping[str, Link]] = no_links
