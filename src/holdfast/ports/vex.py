"""Where an org keeps what others say of vulnerabilities."""

from collections.abc import Collection, Sequence
from typing import Protocol

from holdfast.model.vex import KeptVex, Statement


class VexDocuments(Protocol):
    """VEX documents by name, and what they say by vulnerability."""

    def save(self, kept: KeptVex, statements: Sequence[Statement]) -> None:
        """Create or change, by name; what it said before is gone."""
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

    def about(self, vulnerabilities: Collection[str]) -> Sequence[Statement]:
        """Return every statement that names one of them, once, by document and in its order."""
        ...

    def named(self, name: str | None = None) -> Collection[str]:
        """Return the vulnerabilities that a document names, or all documents."""
        ...

    def mark(self, clusters: Collection[str]) -> None:
        """Let the exposures of clusters be judged anew, soon; what waits already is no fault."""
        ...

    def due(self, limit: int) -> Sequence[str]:
        """Return the first clusters that wait for it, sorted."""
        ...

    def done(self, clusters: Collection[str]) -> None:
        """Let clusters wait no more."""
        ...
