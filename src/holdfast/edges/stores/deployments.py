"""Deployments: releases on targets over time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update

from holdfast.edges.stores.schema_facts import DEPLOYMENT
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.stays import refresh_deployments
from holdfast.errors import NotFoundError
from holdfast.model.inventory import Deployment, Origin, Status

_NAMES = [column.name for column in DEPLOYMENT.columns if column.name not in {"status", "origin"}]
_SHARES = """
SELECT service_id, environment, sum(share) AS total FROM deployment
WHERE org = :org AND service_id IN :services AND ended_at IS NULL AND status = 'succeeded' AND release_id IS NOT NULL
GROUP BY service_id, environment
"""


class SqlDeployments:
    """Deployments; `ended_at` is derived by the caller and kept here."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, deployment: Deployment) -> None:
        """Create or change."""
        self._session.own(deployment.org)
        row = {name: getattr(deployment, name) for name in _NAMES}
        row |= {"status": deployment.status.value, "origin": deployment.origin.value}
        self._session.upsert(DEPLOYMENT, [row])
        refresh_deployments(self._session, [deployment.id])

    def get(self, deployment_id: str) -> Deployment:
        """Return by id. Raises: NotFoundError."""
        where = (DEPLOYMENT.c.org == self._session.org, DEPLOYMENT.c.id == deployment_id)
        row = self._session.row(select(DEPLOYMENT).where(*where))
        if row is None:
            raise NotFoundError(f"there is no deployment `{deployment_id}`")
        return to_deployment(row)

    def slot(self, service_id: str, environment: str, target: str) -> Sequence[Deployment]:
        """Return all deployments of a service on one target, by (started_at, recorded_at, id)."""
        query = select(DEPLOYMENT).where(
            DEPLOYMENT.c.org == self._session.org,
            DEPLOYMENT.c.service_id == service_id,
            DEPLOYMENT.c.environment == environment,
            DEPLOYMENT.c.target == target,
        )
        query = query.order_by(DEPLOYMENT.c.started_at, DEPLOYMENT.c.recorded_at, DEPLOYMENT.c.id)
        return [to_deployment(row) for row in self._session.rows(query)]

    def end(self, ends: Mapping[str, datetime | None]) -> None:
        """Set `ended_at` by deployment id."""
        if not ends:
            return
        statement = (
            update(DEPLOYMENT)
            .where(DEPLOYMENT.c.org == self._session.org, DEPLOYMENT.c.id == bindparam("deployment"))
            .values(ended_at=bindparam("end"))
        )
        self._session.change(statement, [{"deployment": key, "end": end} for key, end in ends.items()])
        refresh_deployments(self._session, list(ends))

    def runs(self, service_id: str, environment: str, at: datetime) -> Sequence[Deployment]:
        """Return what occupies the service's targets in the environment at an instant."""
        query = select(DEPLOYMENT).where(
            DEPLOYMENT.c.org == self._session.org,
            DEPLOYMENT.c.service_id == service_id,
            DEPLOYMENT.c.environment == environment,
            DEPLOYMENT.c.status == Status.SUCCEEDED.value,
            DEPLOYMENT.c.started_at <= at,
            or_(DEPLOYMENT.c.ended_at.is_(None), DEPLOYMENT.c.ended_at > at),
        )
        query = query.order_by(DEPLOYMENT.c.target, DEPLOYMENT.c.started_at, DEPLOYMENT.c.id)
        return [to_deployment(row) for row in self._session.rows(query)]

    def history(self, service_ids: Sequence[str], since: datetime) -> Sequence[Deployment]:
        """Return what of these services occupies a target, or did after `since`, in every environment; by id."""
        found: list[Deployment] = []
        for ids in chunks(dict.fromkeys(service_ids)):
            query = select(DEPLOYMENT).where(
                DEPLOYMENT.c.org == self._session.org,
                DEPLOYMENT.c.service_id.in_(ids),
                DEPLOYMENT.c.status == Status.SUCCEEDED.value,
                DEPLOYMENT.c.release_id.is_not(None),
                or_(DEPLOYMENT.c.ended_at.is_(None), DEPLOYMENT.c.ended_at > since),
            )
            found += [to_deployment(row) for row in self._session.rows(query)]
        return sorted(found, key=lambda one: one.id)

    def shares(self, service_ids: Sequence[str]) -> Mapping[tuple[str, str], float]:
        """Return (service id, environment) → the sum of the shares of what of it runs there now."""
        out: dict[tuple[str, str], float] = {}
        for ids in chunks(dict.fromkeys(service_ids)):
            for row in self._session.rows(_SHARES, {"org": self._session.org, "services": ids}):
                out[row.service_id, row.environment] = float(row.total)
        return out


def to_deployment(row: Row[Any]) -> Deployment:
    """Return a deployment from a row with its columns."""
    return Deployment(
        row.org,
        row.id,
        row.service_id,
        row.release_id,
        row.environment,
        row.target,
        Status(row.status),
        row.share,
        row.started_at,
        row.ended_at,
        row.recorded_at,
        Origin(row.origin),
    )
