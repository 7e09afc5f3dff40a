"""Flags with their versions, overlays, and the clients that flags are served to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, delete, or_, select, update

from holdfast.edges.stores.schema_mitigations import FLAG, FLAG_CLIENT, FLAG_VERSION, OVERLAY
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.statements import Fixed
from holdfast.edges.stores.tenants import bump_revision, read_revision
from holdfast.edges.stores.types import to_stored
from holdfast.errors import NotFoundError
from holdfast.model.flag import FlagClient, FlagDefinition, Overlay

_BATCH = 500
_EFFECTS = 50
_ASKED = 200


MOST_KEPT = 100
"""Environments whose definitions are kept between transactions."""


def _counter(environment: str) -> str:
    return f"flags:{environment}"


def _defined(environment: str) -> str:
    """The counter of definitions alone: overlays come and go far more often."""
    return f"flags-defined:{environment}"


# asked with every step and every evaluation: building them anew costs more than their answer
_OVERLAY = [column for column in OVERLAY.c if column.name != "revision"]
_ORG: BindParameter[str] = bindparam("p_org")
_ENVIRONMENT: BindParameter[str] = bindparam("p_environment")
_FIND = Fixed(
    select(*(FLAG.c[field.name] for field in fields(FlagDefinition))).where(
        FLAG.c.org == _ORG, FLAG.c.environment == _ENVIRONMENT, FLAG.c.key == bindparam("p_key")
    )
)
_IN_FORCE = (
    select(*_OVERLAY)
    .where(OVERLAY.c.org == _ORG, OVERLAY.c.environment == _ENVIRONMENT, OVERLAY.c.lifted_at.is_(None))
    .order_by(OVERLAY.c.created_at, OVERLAY.c.id)
)
_HELD = Fixed(_IN_FORCE)
_ALL = Fixed(
    select(*(FLAG.c[field.name] for field in fields(FlagDefinition)))
    .where(FLAG.c.org == _ORG, FLAG.c.environment == _ENVIRONMENT)
    .order_by(FLAG.c.key)
)
_HOLDING = Fixed(_IN_FORCE.where(OVERLAY.c.flag == bindparam("p_flag")))
_COLUMNS = ", ".join(column.name for column in OVERLAY.c if column.name != "revision")
_LAY = f"""
INSERT INTO overlay ({_COLUMNS}, revision)
VALUES (:{_COLUMNS.replace(", ", ", :")}, (
    SELECT coalesce(max(value), 0) + 1 FROM revision WHERE org = :org AND name = :counter
)) ON CONFLICT (org, id) DO NOTHING
"""  # noqa: S608 - names from the schema
_LAY_AND_COUNT = f"""
WITH laid AS ({_LAY} RETURNING 1)
INSERT INTO revision (org, name, value) SELECT :org, :counter, 1 FROM laid
ON CONFLICT (org, name) DO UPDATE SET value = revision.value + 1
"""  # noqa: S608 - the statement above


class SqlFlags:
    """Flag definitions per environment; what was read is kept for the transaction: its org has no other writer.

    All of an environment are kept for as long as no definition changes. What a transaction changed it reads itself:
    it may yet roll back.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._changed = False
        self._found: dict[tuple[str, str], FlagDefinition | None] = {}

    def save(self, definition: FlagDefinition) -> None:
        """Create or replace; the revision rises when anything but the date differs."""
        known = self.find(definition.environment, definition.key)
        if known and (known.definition, known.version) == (definition.definition, definition.version):
            return
        row = {name: getattr(definition, name) for name in FLAG.c.keys()}  # noqa: SIM118
        self._session.own(definition.org)
        self._session.upsert(FLAG, [row])
        self._session.upsert(FLAG_VERSION, [row])
        self._note_changed(definition.environment)

    def _note_changed(self, environment: str) -> None:
        self._changed = True
        self._found.clear()
        for counter in (_counter(environment), _defined(environment)):
            bump_revision(self._session, counter)

    def find(self, environment: str, key: str) -> FlagDefinition | None:
        """Return one."""
        if (environment, key) not in self._found:
            row = self._session.row(_FIND, {"p_org": self._session.org, "p_environment": environment, "p_key": key})
            self._found[environment, key] = FlagDefinition(*row) if row else None
        return self._found[environment, key]

    def list(self, environment: str) -> Sequence[FlagDefinition]:
        """Return all of an environment, by key."""
        place, kept = ("flags", self._session.org, environment), self._session.kept
        number = read_revision(self._session, _defined(environment))
        known = kept.get(place)
        if known is not None and known[0] == number and not self._changed:
            return list(known[1])
        rows = self._session.rows(_ALL, {"p_org": self._session.org, "p_environment": environment})
        found = [FlagDefinition(*row) for row in rows]
        if not self._changed:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[place] = (number, tuple(found))
        return found

    def history(self, environment: str, key: str) -> Sequence[FlagDefinition]:
        """Return every version of a definition that was saved, oldest first."""
        where = (FLAG_VERSION.c.org == self._session.org, FLAG_VERSION.c.environment == environment)
        query = select(FLAG_VERSION).where(*where, FLAG_VERSION.c.key == key).order_by(FLAG_VERSION.c.version)
        return [FlagDefinition(**row._mapping) for row in self._session.rows(query)]

    def remove(self, environment: str, key: str) -> None:
        """Take a definition away; its history stays."""
        where = (FLAG.c.org == self._session.org, FLAG.c.environment == environment, FLAG.c.key == key)
        if self._session.change(delete(FLAG).where(*where)).rowcount:
            self._note_changed(environment)

    def revision(self, environment: str) -> int:
        """Return a number that rises with every change of a definition or an overlay."""
        return read_revision(self._session, _counter(environment))


class SqlOverlays:
    """Overlays that force a variant; what was read of a flag is kept for the transaction until it changes one."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: dict[tuple[str, str], Sequence[Overlay]] = {}

    def save(self, overlay: Overlay) -> None:
        """Create; does nothing when the id is there already."""
        self._session.own(overlay.org)
        counter = _counter(overlay.environment)
        given = {column.name: getattr(overlay, column.name) for column in _OVERLAY}
        row = {name: to_stored(value) if isinstance(value, datetime) else value for name, value in given.items()}
        self._held.clear()
        if self._session.engine == "postgresql":
            self._session.change(_LAY_AND_COUNT, row | {"counter": counter})
        elif self._session.change(_LAY, row | {"counter": counter}).rowcount:
            bump_revision(self._session, counter)

    def get(self, overlay_id: str) -> Overlay:
        """Return by id, a lifted one too. Raises: NotFoundError."""
        found = self._list(OVERLAY.c.id == overlay_id)
        if not found:
            raise NotFoundError(f"there is no overlay `{overlay_id[:80]}`")
        return found[0]

    def lift(self, overlay_id: str, at: datetime) -> None:
        """Lift; does nothing when it is lifted already.

        Raises:
            NotFoundError: there is no such overlay.
        """
        where = (OVERLAY.c.org == self._session.org, OVERLAY.c.id == overlay_id)
        row = self._session.row(select(OVERLAY).where(*where))
        if row is None:
            raise NotFoundError(f"there is no overlay `{overlay_id}`")
        if row.lifted_at is None:
            self._held.clear()
            self._session.change(update(OVERLAY).where(*where).values(lifted_at=at))
            bump_revision(self._session, _counter(row.environment))

    def active(self, environment: str, flag: str | None = None) -> Sequence[Overlay]:
        """Return those that are not lifted, oldest first."""
        values = {"p_org": self._session.org, "p_environment": environment}
        if flag is None:
            return [_overlay(row) for row in self._session.rows(_HELD, values)]
        if (environment, flag) not in self._held:
            rows = self._session.rows(_HOLDING, values | {"p_flag": flag})
            self._held[environment, flag] = [_overlay(row) for row in rows]
        return self._held[environment, flag]

    def revisions(self, environment: str, flag: str) -> Mapping[str, int]:
        """Return overlay id → the environment's revision at which it took hold, of those that are not lifted."""
        where = (OVERLAY.c.org == self._session.org, OVERLAY.c.environment == environment, OVERLAY.c.flag == flag)
        rows = self._session.rows(select(OVERLAY.c.id, OVERLAY.c.revision).where(*where, OVERLAY.c.lifted_at.is_(None)))
        return {row.id: row.revision or 0 for row in rows}

    def held_by(self, run_id: str) -> Mapping[str, int]:
        """Return flag → the revision at which a run's overlay took hold: of those that hold, and are served here."""
        where = (OVERLAY.c.org == self._session.org, OVERLAY.c.run == run_id)
        served = (OVERLAY.c.lifted_at.is_(None), OVERLAY.c.before.is_(None))
        query = select(OVERLAY.c.flag, OVERLAY.c.revision).where(*where, *served)
        rows = self._session.rows(query.order_by(OVERLAY.c.revision))
        return {row.flag: row.revision or 0 for row in rows}

    def of_run(self, run_id: str) -> Sequence[Overlay]:
        """Return a run's overlays, lifted ones too."""
        return self._list(OVERLAY.c.run == run_id)

    def _list(self, *where: Any) -> Sequence[Overlay]:
        query = select(*_OVERLAY).where(OVERLAY.c.org == self._session.org, *where)
        return [_overlay(row) for row in self._session.rows(query.order_by(OVERLAY.c.created_at, OVERLAY.c.id))]


def _overlay(row: Row[Any]) -> Overlay:
    return Overlay(**row._mapping)


class SqlFlagClients:
    """Clients of the flags that are served; telemetry, not journaled."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, clients: Sequence[FlagClient]) -> None:
        """Create or change; what another replica or an earlier process knows to be proven stays so."""
        for begin in range(0, len(clients), _BATCH):
            batch = clients[begin : begin + _BATCH]
            where = (FLAG_CLIENT.c.org == self._session.org, FLAG_CLIENT.c.id.in_([one.id for one in batch]))
            rows = [_client(row) for row in self._session.rows(select(FLAG_CLIENT).where(*where))]
            known = {(one.environment, one.id): one for one in rows}
            merged = [_farthest(one, known.get((one.environment, one.id))) for one in batch]
            self._session.upsert(FLAG_CLIENT, [_client_row(one) for one in merged])

    def list(self, environment: str, since: datetime) -> Sequence[FlagClient]:
        """Return an environment's clients that were seen at `since` or later, by id."""
        where = (FLAG_CLIENT.c.org == self._session.org, FLAG_CLIENT.c.environment == environment)
        query = select(FLAG_CLIENT).where(*where, FLAG_CLIENT.c.seen_at >= since).order_by(FLAG_CLIENT.c.id)
        return [_client(row) for row in self._session.rows(query)]

    def behind(
        self, environment: str, since: datetime, revision: int, *, after: str = "", limit: int = 100
    ) -> Sequence[FlagClient]:
        """Return server-side clients seen at `since` or later that were not given the whole set at a revision, by id.

        Those with an id above `after`, at most `limit`.
        """
        where = (FLAG_CLIENT.c.org == self._session.org, FLAG_CLIENT.c.environment == environment)
        not_given = or_(FLAG_CLIENT.c.fetched.is_(None), FLAG_CLIENT.c.fetched < revision)
        query = select(FLAG_CLIENT).where(*where, FLAG_CLIENT.c.seen_at >= since, not_given, FLAG_CLIENT.c.id > after)
        rows = self._session.rows(query.where(FLAG_CLIENT.c.kind != "browser").order_by(FLAG_CLIENT.c.id).limit(limit))
        return [_client(row) for row in rows]

    def forget(self, before: datetime) -> int:
        """Drop those not seen since; returns how many."""
        where = (FLAG_CLIENT.c.org == self._session.org, FLAG_CLIENT.c.seen_at < before)
        return self._session.change(delete(FLAG_CLIENT).where(*where)).rowcount


def _farthest(client: FlagClient, known: FlagClient | None) -> FlagClient:
    if known is None:
        return client
    return replace(
        client,
        delivered=_max(client.delivered, known.delivered),
        fetched=_max(client.fetched, known.fetched),
        effective=_max(client.effective, known.effective),
        effects=_newest(known.effects, client.effects)[-_EFFECTS:],
        asked=_newest(known.asked, client.asked)[-_ASKED:],
    )


def _newest(known: Sequence[tuple[str, int]], given: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Return (flag, revision) with the newest revision of each; what was given last stands last."""
    out = dict(known)
    for flag, revision in given:
        out[flag] = max(revision, out.pop(flag, revision))
    return tuple(out.items())


def _max(one: int | None, other: int | None) -> int | None:
    return max((number for number in (one, other) if number is not None), default=None)


def _client_row(client: FlagClient) -> dict[str, object]:
    row = {name: getattr(client, name) for name in FLAG_CLIENT.c.keys()}  # noqa: SIM118
    pairs = {"effects": client.effects, "asked": client.asked}
    return row | {name: json.dumps(of) if of else None for name, of in pairs.items()}


def _client(row: Row[Any]) -> FlagClient:
    return FlagClient(**{**row._mapping, "effects": _pairs(row.effects), "asked": _pairs(row.asked)})


def _pairs(text: str | None) -> tuple[tuple[str, int], ...]:
    return tuple((flag, revision) for flag, revision in json.loads(text or "[]"))
