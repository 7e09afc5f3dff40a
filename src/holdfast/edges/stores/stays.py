"""Stays: the running history, derived from deployments, releases and host states in the same transaction.

A stay is a composition that ran on a target over `[started_at, ended_at)`. Only a deployment that succeeded, of a
release with a known composition, gives one; one that was over when it began gives none.
"""

from collections.abc import Sequence

from holdfast.edges.stores.session import Session, chunks

_COLUMNS = "org, id, kind, subject, name, environment, target, release, sbom, started_at, ended_at, recorded_at, gaps"
_GAPS = "CASE WHEN substr(b.detail, length(b.detail) - 2, 2) = '[]' THEN 0 ELSE 1 END"
"""A detail ends with the list of what could not be read: `…"unparsed":[]}` without any."""

_OF_DEPLOYMENTS = f"""
INSERT INTO stay ({_COLUMNS})
SELECT d.org, d.id, 'service', d.service_id, coalesce(v.name, r.service), d.environment, d.target, r.id, b.id,
       d.started_at, d.ended_at, d.recorded_at, {_GAPS}
FROM deployment d
JOIN release r ON r.org = d.org AND r.id = d.release_id
JOIN sbom b ON b.org = r.org AND b.digest = r.sbom
LEFT JOIN service v ON v.org = d.org AND v.id = d.service_id
WHERE d.org = :org AND d.id IN :ids AND d.status = 'succeeded' AND (d.ended_at IS NULL OR d.ended_at > d.started_at)
"""  # noqa: S608 - the columns are the constant above

_OF_HOST = f"""
INSERT INTO stay ({_COLUMNS})
SELECT h.org, h.id || ':' || t.number, 'host', h.id, h.name, t.environment, h.name, '', b.id,
       t.started_at, t.ended_at, t.recorded_at, {_GAPS}
FROM host h
JOIN host_state t ON t.org = h.org AND t.host = h.id
JOIN sbom b ON b.org = h.org AND b.digest = t.sbom
WHERE h.org = :org AND h.id = :host AND (t.ended_at IS NULL OR t.ended_at > t.started_at)
"""  # noqa: S608


def refresh_deployments(session: Session, deployment_ids: Sequence[str]) -> None:
    """Derive the stays of these deployments anew."""
    for ids in chunks(deployment_ids):
        named = {"org": session.org, "ids": ids}
        session.change("DELETE FROM stay WHERE org = :org AND id IN :ids", named)
        session.change(_OF_DEPLOYMENTS, named)


def refresh_releases(session: Session, release_ids: Sequence[str]) -> None:
    """Derive the stays of these releases' deployments anew."""
    for ids in chunks(release_ids):
        query = "SELECT id FROM deployment WHERE org = :org AND release_id IN :ids"
        refresh_deployments(session, [row.id for row in session.rows(query, {"org": session.org, "ids": ids})])


def refresh_host(session: Session, host_id: str) -> None:
    """Derive the stays of a host anew."""
    named = {"org": session.org, "host": host_id}
    session.change("DELETE FROM stay WHERE org = :org AND subject = :host AND kind = 'host'", named)
    session.change(_OF_HOST, named)
