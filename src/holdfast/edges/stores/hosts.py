"""Hosts under a lease, and what each ran over time.

A state ends when another composition or environment is seen, or when the lease is over: then at the lease's end. A host
that comes back begins a new state. What was seen before the newest sight changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, select, update

from holdfast.edges.stores.schema_facts import HOST, HOST_STATE
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.stays import refresh_host
from holdfast.errors import NotFoundError
from holdfast.model.inventory import Host

_NAMES = [column.name for column in HOST.columns if column.name != "machine"]


class SqlHosts:
    """Hosts and their states."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, host: Host, machine: str | None = None) -> None:
        """Create or renew; `machine` is the opaque machine id, by default the host's own id."""
        known = self._session.row(select(HOST).where(*self._is(host.id)))
        if known is not None and host.seen_at < known.seen_at:
            return
        row = {name: getattr(host, name) for name in _NAMES}
        self._session.own(host.org)
        row["machine"] = machine or (known.machine if known else host.id)
        self._session.upsert(HOST, [row], keep=("first_seen_at",))
        if known is None or (known.name, known.lease_until) != (host.name, host.lease_until) or self._differs(host):
            self._follow(host, known)
            refresh_host(self._session, host.id)

    def _is(self, host_id: str) -> Sequence[Any]:
        return (HOST.c.org == self._session.org, HOST.c.id == host_id)

    def _state(self, host_id: str) -> Row[Any] | None:
        where = (HOST_STATE.c.org == self._session.org, HOST_STATE.c.host == host_id)
        state: Row[Any] | None = self._session.row(
            select(HOST_STATE).where(*where).order_by(HOST_STATE.c.number.desc()).limit(1)
        )
        return state

    def _differs(self, host: Host) -> bool:
        state = self._state(host.id)
        return state is None or state.ended_at is not None or _runs(state) != (host.environment, host.sbom)

    def _follow(self, host: Host, known: Row[Any] | None) -> None:
        """End the state that no longer holds and begin another."""
        state = self._state(host.id)
        if state is not None and state.ended_at is None:
            lapsed = known is not None and known.lease_until < host.seen_at
            if not lapsed and _runs(state) == (host.environment, host.sbom):
                return
            self._end(host.id, state.number, known.lease_until if known is not None and lapsed else host.seen_at)
        row = {
            "org": self._session.org,
            "host": host.id,
            "number": state.number + 1 if state else 1,
            "environment": host.environment,
            "sbom": host.sbom,
            "started_at": host.seen_at if state else host.first_seen_at,
            "ended_at": None,
            "recorded_at": self._session.now,
        }
        self._session.upsert(HOST_STATE, [row])

    def _end(self, host_id: str, number: int, at: datetime) -> None:
        where = (HOST_STATE.c.org == self._session.org, HOST_STATE.c.host == host_id, HOST_STATE.c.number == number)
        self._session.change(update(HOST_STATE).where(*where).values(ended_at=at))

    def find(self, machine: str) -> Host | None:
        """Return by machine id (opaque)."""
        row = self._session.row(select(HOST).where(HOST.c.org == self._session.org, HOST.c.machine == machine))
        return to_host(row) if row else None

    def get(self, host_id: str) -> Host:
        """Return by id. Raises: NotFoundError."""
        row = self._session.row(select(HOST).where(*self._is(host_id)))
        if row is None:
            raise NotFoundError(f"there is no host `{host_id}`")
        return to_host(row)

    def list(self, as_of: datetime | None = None) -> Sequence[Host]:
        """Return hosts by name; with `as_of`, those whose lease held then, with the SBOM and environment of then."""
        if as_of is None:
            query = select(HOST).where(HOST.c.org == self._session.org).order_by(HOST.c.name, HOST.c.id)
            return [to_host(row) for row in self._session.rows(query)]
        joined = HOST.join(HOST_STATE, and_(HOST_STATE.c.org == HOST.c.org, HOST_STATE.c.host == HOST.c.id))
        query = (
            select(HOST, HOST_STATE.c.environment.label("then_environment"), HOST_STATE.c.sbom.label("then_sbom"))
            .select_from(joined)
            .where(
                HOST.c.org == self._session.org,
                HOST_STATE.c.started_at <= as_of,
                (HOST_STATE.c.ended_at > as_of) | (HOST_STATE.c.ended_at.is_(None) & (HOST.c.lease_until > as_of)),
            )
            .order_by(HOST.c.name, HOST.c.id)
        )
        rows = self._session.rows(query)
        return [to_host(row, environment=row.then_environment, sbom=row.then_sbom) for row in rows]

    def expire(self, now: datetime) -> Sequence[Host]:
        """End the states of hosts whose lease is over, at the lease's end; returns those that ended now."""
        joined = HOST.join(HOST_STATE, and_(HOST_STATE.c.org == HOST.c.org, HOST_STATE.c.host == HOST.c.id))
        query = (
            select(HOST, HOST_STATE.c.number)
            .select_from(joined)
            .where(HOST.c.org == self._session.org, HOST_STATE.c.ended_at.is_(None), HOST.c.lease_until <= now)
            .order_by(HOST.c.name, HOST.c.id)
        )
        rows = self._session.rows(query)
        for row in rows:
            self._end(row.id, row.number, row.lease_until)
            refresh_host(self._session, row.id)
        return [to_host(row) for row in rows]


def _runs(state: Row[Any]) -> tuple[str, str]:
    return state.environment, state.sbom


def to_host(row: Row[Any], *, environment: str | None = None, sbom: str | None = None) -> Host:
    """Return a host from a row with its columns, with what it ran at another time if that is given."""
    return Host(
        row.org,
        row.id,
        row.name,
        environment or row.environment,
        row.os,
        row.kernel,
        row.architecture,
        sbom or row.sbom,
        row.first_seen_at,
        row.seen_at,
        row.lease_until,
    )
