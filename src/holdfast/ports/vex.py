"""Where an org keeps what others say of vulnerabilities."""

from collections.abc import Sequence
from typing import Protocol

from holdfast.model.vex import KeptVex


class VexDocuments(Protocol):
    """VEX documents by name."""

    def save(self, kept: KeptVex) -> None:
        """Create or change, by name."""
        ...

    def find(self, name: str) -> KeptVex | None:
        """Return by name."""
        ...

    def remove(self, name: str) -> None:
        """Remove by name; what is not there is no fault."""
        ...

    def list(self) -> Sequence[KeptVex]:
        """Return all by name."""
        ...
