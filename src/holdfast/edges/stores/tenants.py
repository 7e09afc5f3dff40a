"""Orgs, tokens, teams, settings, counters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from holdfast.edges.stores.engine import Connections
from holdfast.edges.stores.schema import IDEMPOTENCY, ORG, SETTING, TEAM, TEAM_GROUP, TOKEN
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.statements import Fixed
from holdfast.edges.stores.values import from_body, from_texts, to_body, to_texts
from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.model.tenancy import PUBLIC, Binding, Group, Org, Permission, Team, Token

_FIND_TOKEN = Fixed(select(TOKEN).where(TOKEN.c.id == bindparam("p_id")))
_ORGS = Fixed(select(ORG).order_by(ORG.c.id))


class SqlTenants:
    """Orgs and tokens, each call in a transaction of its own."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def save_org(self, org: Org) -> None:
        """Create an org, or rename it.

        Raises:
            UsageError: the id of the public layer.
        """
        if org.id == PUBLIC:
            raise UsageError("an org without an id", hint="the empty id is the public layer")
        row = {"id": org.id, "name": org.name, "created_at": org.created_at}
        with self._connections.write(org.id) as connection:
            Session(connection, org.id, org.created_at).upsert(ORG, [row], keep=("created_at",))

    def orgs(self) -> Sequence[Org]:
        """Return all orgs by id."""
        with self._connections.read() as connection:
            return [Org(r.id, r.name, r.created_at) for r in Session(connection, "", None).rows(_ORGS)]

    def save_token(self, token: Token) -> None:
        """Create or revoke; an org, once given to a token, stays.

        Raises:
            ConflictError: a token of this id belongs to another org.
        """
        row = {name: getattr(token, name) for name in TOKEN.c.keys() if name != "permissions"}  # noqa: SIM118
        row["binding"] = to_body(token.binding) if token.binding else None
        row["permissions"] = to_texts(tuple(sorted(permission.value for permission in token.permissions)))
        with self._connections.write(token.org) as connection:
            session = Session(connection, token.org, token.created_at)
            known = session.row(select(TOKEN.c.org).where(TOKEN.c.id == token.id))
            if known and known.org != token.org:
                raise ConflictError("a token of this id belongs to another org")
            session.upsert(TOKEN, [row])

    def find_token(self, token_id: str) -> Token | None:
        """Return a token by its public id."""
        with self._connections.read() as connection:
            row = Session(connection, "", None).row(_FIND_TOKEN, {"p_id": token_id})
        return _token(row) if row else None

    def tokens(self, org: str) -> Sequence[Token]:
        """Return an org's tokens, oldest first."""
        query = select(TOKEN).where(TOKEN.c.org == org).order_by(TOKEN.c.created_at, TOKEN.c.id)
        with self._connections.read() as connection:
            return [_token(row) for row in connection.execute(query)]

    def forget_bound(self, org: str, before: datetime) -> int:
        """Drop tokens of pipelines that expired before; returns how many. The journal keeps that they were there."""
        where = (TOKEN.c.org == org, TOKEN.c.binding.is_not(None), TOKEN.c.expires_at < before)
        with self._connections.write(org) as connection:
            return int(Session(connection, org, before).change(delete(TOKEN).where(*where)).rowcount)


def _token(row: Row[Any]) -> Token:
    permissions = frozenset(Permission(name) for name in from_texts(row.permissions))
    return Token(
        row.org,
        row.id,
        row.name,
        row.digest,
        permissions,
        row.created_at,
        row.expires_at,
        row.team,
        row.environment,
        row.revoked_at,
        row.person,
        row.person_name,
        from_body(row.binding, Binding) if row.binding else None,
    )


# asked with every decision; what is built anew each time costs more than its answer
_VALUE = "SELECT value FROM setting WHERE org = :org AND name = :name"
_REVISION = "SELECT value FROM revision WHERE org = :org AND name = :name"
_BUMP = (
    "INSERT INTO revision (org, name, value) VALUES (:org, :name, 1)"
    " ON CONFLICT (org, name) DO UPDATE SET value = revision.value + 1 RETURNING value"
)


class SqlSettings:
    """Small named values of an org, and answers to idempotent requests."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, name: str) -> str | None:
        """Return a value, `None` when it was never set."""
        row = self._session.row(_VALUE, {"org": self._session.org, "name": name})
        return row.value if row else None

    def set(self, name: str, value: str | None) -> None:
        """Keep a value; `None` removes it."""
        org = self._session.org
        if value is None:
            self._session.change(delete(SETTING).where(SETTING.c.org == org, SETTING.c.name == name))
        else:
            self._session.upsert(SETTING, [{"org": org, "name": name, "value": value}])

    def remember(self, key: str, request: str, answer: str, at: datetime) -> None:
        """Keep the answer to an idempotent request.

        Raises:
            ConflictError: the key was used for another request.
        """
        known = self.recall(key)
        if known is not None:
            if known[0] != request:
                raise ConflictError("the idempotency key was used for another request", hint="take a new key")
            return
        row = {"org": self._session.org, "key": key, "request": request, "answer": answer, "at": at}
        self._session.change(self._session.insert(IDEMPOTENCY), [row])

    def recall(self, key: str) -> tuple[str, str] | None:
        """Return (request digest, answer) of an earlier idempotent request."""
        where = (IDEMPOTENCY.c.org == self._session.org, IDEMPOTENCY.c.key == key)
        row = self._session.row(select(IDEMPOTENCY.c.request, IDEMPOTENCY.c.answer).where(*where))
        return (row.request, row.answer) if row else None

    def forget(self, before: datetime) -> int:
        """Drop idempotency answers older than `before`; returns how many."""
        where = (IDEMPOTENCY.c.org == self._session.org, IDEMPOTENCY.c.at < before)
        return int(self._session.change(delete(IDEMPOTENCY).where(*where)).rowcount)


class SqlTeams:
    """Groups and teams of an org."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save_group(self, group: Group) -> None:
        """Create or rename a group.

        Raises:
            NotFoundError: its parent is not there.
        """
        self._require_group(group.parent)
        row = {"org": self._session.org, "id": group.id, "name": group.name, "parent": group.parent}
        self._session.upsert(TEAM_GROUP, [row])

    def save_team(self, team: Team) -> None:
        """Create a team, rename or move it.

        Raises:
            NotFoundError: its group is not there.
            ConflictError: another team has the name.
        """
        self._require_group(team.group)
        row = {"org": self._session.org, "id": team.id, "name": team.name, "team_group": team.group}
        self._session.upsert(TEAM, [row])

    def find_team(self, name: str) -> Team | None:
        """Return the team of that name."""
        row = self._session.row(select(TEAM).where(TEAM.c.org == self._session.org, TEAM.c.name == name))
        return Team(row.org, row.id, row.name, row.team_group) if row else None

    def teams(self) -> Sequence[Team]:
        """Return all teams by name."""
        rows = self._session.rows(select(TEAM).where(TEAM.c.org == self._session.org).order_by(TEAM.c.name))
        return [Team(row.org, row.id, row.name, row.team_group) for row in rows]

    def groups(self) -> Sequence[Group]:
        """Return all groups by name."""
        query = select(TEAM_GROUP).where(TEAM_GROUP.c.org == self._session.org)
        rows = self._session.rows(query.order_by(TEAM_GROUP.c.name, TEAM_GROUP.c.id))
        return [Group(row.org, row.id, row.name, row.parent) for row in rows]

    def _require_group(self, group_id: str | None) -> None:
        where = (TEAM_GROUP.c.org == self._session.org, TEAM_GROUP.c.id == group_id)
        if group_id is not None and not self._session.row(select(TEAM_GROUP.c.id).where(*where)):
            raise NotFoundError(f"there is no group `{group_id}`", hint="create the group first")


def bump_revision(session: Session, name: str) -> int:
    """Raise a named counter in this transaction; returns what it is now."""
    return int(session.change(_BUMP, {"org": session.org, "name": name}).rows[0].value)


def read_revision(session: Session, name: str) -> int:
    """Return a named counter, 0 when nothing raised it yet."""
    row = session.row(_REVISION, {"org": session.org, "name": name})
    return row.value if row else 0
