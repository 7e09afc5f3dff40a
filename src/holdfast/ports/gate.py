"""Where policies, waivers and builds are kept."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.build import Build, BuildFilter, BuildPoint, Level, PolicyText
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

    def of_services(self, service_ids: Collection[str]) -> Sequence[KeptWaiver]:
        """Return those of several services that nobody withdrew, by id; expired ones too."""
        ...

    def ending(self, after: datetime | None, until: datetime | None) -> Sequence[KeptWaiver]:
        """Return those that nobody withdrew and that end later than `after`, and not later than `until`, by id."""
        ...

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[KeptWaiver]:
        """Return those with an id below `after`, newest first."""
        ...


class Builds(Protocol):
    """Decisions of gates; ids sort by when they were made."""

    def save(self, build: Build, evidence: bytes | None = None, document: bytes | None = None) -> None:
        """Create or change; `evidence` is what it was decided on, `document` what was answered; `None` leaves it."""
        ...

    def get(self, build_id: str) -> Build:
        """Return by id. Raises: NotFoundError."""
        ...

    def evidence(self, build_id: str) -> bytes | None:
        """Return what a build was decided on; `None` once it was dropped."""
        ...

    def document(self, build_id: str) -> bytes | None:
        """Return what was answered of a build; `None` where nothing was kept."""
        ...

    def list(self, where: BuildFilter, after: str | None = None, limit: int = 100) -> Sequence[Build]:
        """Return the builds with an id below `after`, newest first."""
        ...

    def points(self, at: datetime, where: BuildFilter, limit: int) -> Sequence[BuildPoint]:
        """Return what figures need of the builds made at `at` or later, newest first."""
        ...

    def first_at(self, service_id: str) -> datetime | None:
        """Return when a service's first build was decided; `None` without any."""
        ...

    def services(self) -> Sequence[str]:
        """Return the ids of all services that have a build."""
        ...

    def since(self, at: datetime, limit: int) -> Sequence[Build]:
        """Return builds made at `at` or later, newest first."""
        ...

    def of_release(
        self, service_id: str, commit: str | None, sbom: str | None, artifacts: Sequence[str]
    ) -> Sequence[Build]:
        """Return a service's builds of this commit, of this composition, or of one of these artifacts, oldest first."""
        ...

    def forget_evidence(self, before: datetime, limit: int) -> int:
        """Drop the evidence of at most `limit` builds made before; returns of how many."""
        ...
