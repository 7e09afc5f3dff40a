"""Where policies, waivers and builds are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.build import Build, Level, PolicyText
from holdfast.model.waiver import KeptWaiver


class Policies(Protocol):
    """Every version of every level's policy."""

    def save(self, policy: PolicyText) -> None:
        """Keep a version. Raises: ConflictError: that version is there with another text."""
        ...

    def current(self) -> Sequence[PolicyText]:
        """Return the newest version of every level and subject that has one, an emptied one left out."""
        ...

    def history(self, level: Level, subject: str) -> Sequence[PolicyText]:
        """Return all versions, oldest first."""
        ...


class Waivers(Protocol):
    """Waivers of services."""

    def save(self, waiver: KeptWaiver) -> None:
        """Create or change."""
        ...

    def get(self, waiver_id: str) -> KeptWaiver:
        """Return by id. Raises: NotFoundError."""
        ...

    def of_service(self, service_id: str) -> Sequence[KeptWaiver]:
        """Return a service's that nobody withdrew, by id; expired ones too."""
        ...

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[KeptWaiver]:
        """Return those with an id below `after`, newest first."""
        ...


class Builds(Protocol):
    """Decisions of gates; ids sort by when they were made."""

    def save(self, build: Build, evidence: bytes | None = None) -> None:
        """Create or change; `evidence` is what it was decided on, kept as given where it is `None`."""
        ...

    def get(self, build_id: str) -> Build:
        """Return by id. Raises: NotFoundError."""
        ...

    def evidence(self, build_id: str) -> bytes | None:
        """Return what a build was decided on; `None` once it was dropped."""
        ...

    def list(self, service_id: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[Build]:
        """Return builds with an id below `after`, newest first."""
        ...

    def since(self, at: datetime, limit: int) -> Sequence[Build]:
        """Return builds made at `at` or later, newest first."""
        ...

    def of_releases(self, release_ids: Sequence[str]) -> Sequence[Build]:
        """Return the builds that became these releases, oldest first."""
        ...

    def of_commit(self, service_id: str, commit: str) -> Sequence[Build]:
        """Return a commit's builds of a service, oldest first."""
        ...

    def forget_evidence(self, before: datetime, limit: int) -> int:
        """Drop the evidence of at most `limit` builds made before; returns of how many."""
        ...
