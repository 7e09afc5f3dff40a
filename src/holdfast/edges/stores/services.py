"""Services and environments."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update

from holdfast.edges.stores.schema_facts import ENVIRONMENT, SERVICE, STAY
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.values import from_json, to_json
from holdfast.errors import NotFoundError
from holdfast.model.inventory import Environment, Reach, Service


class SqlServices:
    """Services and their current declaration."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, service: Service, manifest: Mapping[str, Any] | None = None) -> None:
        """Create or change; without a manifest the current one stays.

        Raises:
            ConflictError: another service has the name.
        """
        row = {
            "org": self._session.own(service.org),
            "id": service.id,
            "name": service.name,
            "team": service.team,
            "tier": service.tier,
            "reach": service.reach.value,
            "claimed": service.claimed,
            "declared_at": service.declared_at,
            "manifest": to_json(manifest),
        }
        self._session.upsert(SERVICE, [row], keep=() if manifest is not None else ("manifest",))
        where = (STAY.c.org == service.org, STAY.c.subject == service.id, STAY.c.name != service.name)
        self._session.change(update(STAY).where(*where).values(name=service.name))

    def get(self, service_id: str) -> Service:
        """Return by id. Raises: NotFoundError."""
        row = self._session.row(select(SERVICE).where(SERVICE.c.org == self._session.org, SERVICE.c.id == service_id))
        if row is None:
            raise NotFoundError(f"there is no service `{service_id}`")
        return to_service(row)

    def find(self, name: str) -> Service | None:
        """Return by name."""
        row = self._session.row(select(SERVICE).where(SERVICE.c.org == self._session.org, SERVICE.c.name == name))
        return to_service(row) if row else None

    def list(self, after: str | None = None, limit: int = 1000) -> Sequence[Service]:
        """Return services with a name after `after`, by name."""
        where = (SERVICE.c.org == self._session.org, SERVICE.c.name > (after or ""))
        rows = self._session.rows(select(SERVICE).where(*where).order_by(SERVICE.c.name).limit(limit))
        return [to_service(row) for row in rows]

    def manifest(self, service_id: str) -> Mapping[str, Any] | None:
        """Return the current declaration."""
        where = (SERVICE.c.org == self._session.org, SERVICE.c.id == service_id)
        row = self._session.row(select(SERVICE.c.manifest).where(*where))
        return from_json(row.manifest) if row else None

    def manifests(self) -> Mapping[str, Mapping[str, Any]]:
        """Return service id → its current declaration, of all services that declare anything."""
        where = (SERVICE.c.org == self._session.org, SERVICE.c.manifest.is_not(None))
        found = {}
        for row in self._session.rows(select(SERVICE.c.id, SERVICE.c.manifest).where(*where)):
            document = from_json(row.manifest)
            if document is not None:
                found[row.id] = document
        return found


def to_service(row: Row[Any]) -> Service:
    """Return a service from a row with its columns."""
    return Service(row.org, row.id, row.name, row.team, row.tier, Reach(row.reach), bool(row.claimed), row.declared_at)


class SqlEnvironments:
    """Environments by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, environment: Environment) -> None:
        """Create or change.

        Raises:
            ConflictError: another environment has the name.
        """
        row = {
            "org": self._session.own(environment.org),
            "id": environment.id,
            "name": environment.name,
            "tier": environment.tier,
            "reach": environment.reach.value,
        }
        self._session.upsert(ENVIRONMENT, [row])

    def find(self, name: str) -> Environment | None:
        """Return by name."""
        where = (ENVIRONMENT.c.org == self._session.org, ENVIRONMENT.c.name == name)
        row = self._session.row(select(ENVIRONMENT).where(*where))
        return _environment(row) if row else None

    def list(self) -> Sequence[Environment]:
        """Return all, by name."""
        query = select(ENVIRONMENT).where(ENVIRONMENT.c.org == self._session.org).order_by(ENVIRONMENT.c.name)
        return [_environment(row) for row in self._session.rows(query)]


def _environment(row: Row[Any]) -> Environment:
    return Environment(row.org, row.id, row.name, row.tier, Reach(row.reach))
