"""Where runs, flags and overlays are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.plan import FlagDefinition, Overlay, Run


class Runs(Protocol):
    """Runs with their steps."""

    def save(self, run: Run) -> None:
        """Create or change a run and all its steps."""
        ...

    def get(self, run_id: str) -> Run:
        """Return by id. Raises: NotFoundError."""
        ...

    def of_exposures(self, exposure_ids: Sequence[str]) -> Sequence[Run]:
        """Return the runs of these exposures, oldest first."""
        ...

    def unfinished(self) -> Sequence[Run]:
        """Return what an engine must go on with: approved, acting, verifying, undoing; released ones not yet undone."""
        ...

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[Run]:
        """Return runs with an id below `after`, newest first."""
        ...


class Flags(Protocol):
    """Flag definitions per environment."""

    def save(self, definition: FlagDefinition) -> None:
        """Create or replace."""
        ...

    def find(self, environment: str, key: str) -> FlagDefinition | None:
        """Return one."""
        ...

    def list(self, environment: str) -> Sequence[FlagDefinition]:
        """Return all of an environment, by key."""
        ...

    def revision(self, environment: str) -> int:
        """Return a number that rises with every change of a definition or an overlay."""
        ...


class Overlays(Protocol):
    """Overlays that force a variant."""

    def save(self, overlay: Overlay) -> None:
        """Create; does nothing when the id is there already."""
        ...

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift; does nothing when it is lifted already."""
        ...

    def active(self, environment: str, flag: str | None = None) -> Sequence[Overlay]:
        """Return those that are not lifted, oldest first."""
        ...

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        ...
