"""Where what services inherited is kept."""

from collections.abc import Sequence
from typing import Protocol

from holdfast.model.inherited import Inherited


class InheritedBaselines(Protocol):
    """What each service's first accepted scan found; nothing forgets it."""

    def save(self, inherited: Inherited) -> None:
        """Create or replace."""
        ...

    def find(self, service_id: str) -> Inherited | None:
        """Return a service's; `None` where nothing was accepted."""
        ...

    def all(self) -> Sequence[Inherited]:
        """Return every service's, by the service's id."""
        ...
