"""Create the tables of tenants and the journal.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE org (
    id {text} NOT NULL,
    name {text} NOT NULL,
    created_at {instant} NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE token (
    id {text} NOT NULL,
    org {text} NOT NULL,
    name {text} NOT NULL,
    digest {text} NOT NULL,
    permissions {text} NOT NULL,
    created_at {instant} NOT NULL,
    expires_at {instant},
    team {text},
    environment {text},
    revoked_at {instant},
    PRIMARY KEY (id)
);

CREATE INDEX token_org ON token (org, created_at);

CREATE TABLE team_group (
    org {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    parent {text},
    PRIMARY KEY (org, id)
);

CREATE TABLE team (
    org {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    team_group {text},
    PRIMARY KEY (org, id),
    CONSTRAINT team_name UNIQUE (org, name)
);

CREATE TABLE setting (
    org {text} NOT NULL,
    name {text} NOT NULL,
    value {text} NOT NULL,
    PRIMARY KEY (org, name)
);

CREATE TABLE idempotency (
    org {text} NOT NULL,
    key {text} NOT NULL,
    request {text} NOT NULL,
    answer {text} NOT NULL,
    at {instant} NOT NULL,
    PRIMARY KEY (org, key)
);

CREATE TABLE revision (
    org {text} NOT NULL,
    name {text} NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (org, name)
);

CREATE TABLE journal (
    org {text} NOT NULL,
    seq INTEGER NOT NULL,
    at {instant} NOT NULL,
    kind {text} NOT NULL,
    body {text} NOT NULL,
    hash {text} NOT NULL,
    PRIMARY KEY (org, seq)
);

CREATE TABLE journal_head (
    org {text} NOT NULL,
    seq INTEGER NOT NULL,
    hash {text} NOT NULL,
    PRIMARY KEY (org)
);

CREATE TABLE journal_subject (
    org {text} NOT NULL,
    subject {text} NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (org, subject, seq)
);
"""


def upgrade() -> None:
    """Create them."""
    execute_ddl(TABLES)
