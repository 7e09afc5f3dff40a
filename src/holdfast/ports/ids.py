"""Opaque identifiers."""

from typing import Protocol


class Ids(Protocol):
    """Makes identifiers that sort by creation and reveal nothing else."""

    def new(self, prefix: str) -> str:
        """Return `<prefix>_<opaque>`."""
        ...
