"""The tables of tenants: orgs, tokens, settings, teams, counters, the journal.

Rules: `org` is part of every tenant table's key; what is derived says so; `migrations/` holds the frozen text of these
tables and a test compares both.
"""

from typing import Any

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, UniqueConstraint

from holdfast.edges.stores.types import Instant, Words

METADATA = MetaData()


def words(name: str, *, key: bool = False, null: bool = False) -> Column[Any]:
    """Return a text column."""
    return Column(name, Words, primary_key=key, nullable=null)


def instant(name: str, *, null: bool = False) -> Column[Any]:
    """Return an instant's column."""
    return Column(name, Instant, nullable=null)


def integer(name: str, *, key: bool = False, null: bool = False) -> Column[Any]:
    """Return a small integer's column."""
    return Column(name, Integer, primary_key=key, nullable=null, autoincrement=False)


def real(name: str, *, null: bool = True) -> Column[Any]:
    """Return a floating-point column."""
    return Column(name, Float(53), nullable=null)


ORG = Table("org", METADATA, words("id", key=True), words("name"), instant("created_at"))

TOKEN = Table(
    "token",
    METADATA,
    words("id", key=True),  # looked up before the org is known
    words("org"),
    words("name"),
    words("digest"),
    words("permissions"),
    instant("created_at"),
    instant("expires_at", null=True),
    words("team", null=True),
    words("environment", null=True),
    instant("revoked_at", null=True),
    words("person", null=True),
    words("person_name", null=True),
    words("binding", null=True),
    Index("token_org", "org", "created_at"),
)

TEAM_GROUP = Table(
    "team_group", METADATA, words("org", key=True), words("id", key=True), words("name"), words("parent", null=True)
)

TEAM = Table(
    "team",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("name"),
    words("team_group", null=True),
    UniqueConstraint("org", "name", name="team_name"),
)

SETTING = Table("setting", METADATA, words("org", key=True), words("name", key=True), words("value"))

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    words("org", key=True),
    words("key", key=True),
    words("request"),
    words("answer"),
    instant("at"),
)

REVISION = Table("revision", METADATA, words("org", key=True), words("name", key=True), integer("value"))

JOURNAL = Table(
    "journal",
    METADATA,
    words("org", key=True),
    integer("seq", key=True),
    Column("at", Instant.impl, nullable=False),  # raw microseconds: exactly what is hashed
    words("kind"),
    words("body"),
    words("hash"),
)

JOURNAL_HEAD = Table("journal_head", METADATA, words("org", key=True), integer("seq"), words("hash"))

JOURNAL_SUBJECT = Table(  # derived from the bodies, not part of the hash
    "journal_subject", METADATA, words("org", key=True), words("subject", key=True), integer("seq", key=True)
)
