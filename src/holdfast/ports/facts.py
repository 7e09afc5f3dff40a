"""Where what is true is kept. Writing is idempotent: the same fact twice is one fact."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from holdfast.model.component import Sbom
from holdfast.model.inventory import Deployment, Environment, Host, Release, Service


class Services(Protocol):
    """Services and their current declaration."""

    def save(self, service: Service, manifest: Mapping[str, Any] | None = None) -> None:
        """Create or change; a given manifest (JSON of `facts.manifest.manifest_to_json`) replaces the current one."""
        ...

    def get(self, service_id: str) -> Service:
        """Return by id. Raises: NotFoundError."""
        ...

    def find(self, name: str) -> Service | None:
        """Return by name."""
        ...

    def list(self, after: str | None = None, limit: int = 1000) -> Sequence[Service]:
        """Return services with a name after `after`, by name."""
        ...

    def manifest(self, service_id: str) -> Mapping[str, Any] | None:
        """Return the current declaration."""
        ...

    def manifests(self) -> Mapping[str, Mapping[str, Any]]:
        """Return service id → its current declaration, of all services that declare anything."""
        ...


class Releases(Protocol):
    """Releases, found by identity, digest or version."""

    def save(self, release: Release, identity: str, manifest: Mapping[str, Any] | None) -> None:
        """Create; or add artifacts to the release of that identity."""
        ...

    def get(self, release_id: str) -> Release:
        """Return by id. Raises: NotFoundError."""
        ...

    def find(
        self,
        *,
        identity: str | None = None,
        digest: str | None = None,
        service: str | None = None,
        version: str | None = None,
        commit: str | None = None,
        limit: int | None = None,
    ) -> Sequence[Release]:
        """Return the releases for which all that is given holds, newest recorded first; at most `limit`."""
        ...

    def manifest(self, release_id: str) -> Mapping[str, Any] | None:
        """Return the declaration that came with the release."""
        ...

    def list(self, service: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[Release]:
        """Return releases with an id after `after`, by id."""
        ...


class Sboms(Protocol):
    """Compositions, stored once by content digest."""

    def save(self, digest: str, sbom: Sbom) -> None:
        """Keep it; knows it already by its digest."""
        ...

    def load(self, digest: str) -> Sbom:
        """Return it. Raises: NotFoundError."""
        ...

    def has(self, digest: str) -> bool:
        """Whether it is kept."""
        ...


class Environments(Protocol):
    """Environments by name."""

    def save(self, environment: Environment) -> None:
        """Create or change."""
        ...

    def find(self, name: str) -> Environment | None:
        """Return by name."""
        ...

    def list(self) -> Sequence[Environment]:
        """Return all, by name."""
        ...


class Deployments(Protocol):
    """Deployments; `ended_at` is derived by the caller and kept here."""

    def save(self, deployment: Deployment) -> None:
        """Create or change (a status that became known later)."""
        ...

    def get(self, deployment_id: str) -> Deployment:
        """Return by id. Raises: NotFoundError."""
        ...

    def slot(self, service_id: str, environment: str, target: str) -> Sequence[Deployment]:
        """Return all deployments of a service on one target, by (started_at, recorded_at, id)."""
        ...

    def end(self, ends: Mapping[str, datetime | None]) -> None:
        """Set `ended_at` by deployment id."""
        ...

    def runs(self, service_id: str, environment: str, at: datetime) -> Sequence[Deployment]:
        """Return what occupies the service's targets in the environment at an instant."""
        ...

    def history(self, service_ids: Sequence[str], since: datetime) -> Sequence[Deployment]:
        """Return what of these services occupies a target, or did after `since`, in every environment; by id."""
        ...

    def shares(self, service_ids: Sequence[str]) -> Mapping[tuple[str, str], float]:
        """Return (service id, environment) → the sum of the shares of what of it runs there now."""
        ...


class Hosts(Protocol):
    """Hosts under a lease, and what each ran over time."""

    def save(self, host: Host, machine: str) -> None:
        """Create or renew the machine's host; a changed SBOM ends the state before at `seen_at` and begins another."""
        ...

    def find(self, machine: str) -> Host | None:
        """Return by machine id (opaque)."""
        ...

    def get(self, host_id: str) -> Host:
        """Return by id. Raises: NotFoundError."""
        ...

    def list(self, as_of: datetime | None = None) -> Sequence[Host]:
        """Return hosts by name; with `as_of`, those whose lease held then, with the SBOM of then."""
        ...

    def expire(self, now: datetime) -> Sequence[Host]:
        """End the states of hosts whose lease is over; returns those that ended now."""
        ...
