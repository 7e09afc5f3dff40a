"""Create the tables of findings and mitigations.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE exposure (
    org {text} NOT NULL,
    id {text} NOT NULL,
    fingerprint {text} NOT NULL,
    episode INTEGER NOT NULL,
    current BOOLEAN NOT NULL,
    subject_kind {text} NOT NULL,
    subject {text} NOT NULL,
    subject_name {text} NOT NULL,
    environment {text} NOT NULL,
    cluster {text} NOT NULL,
    state {text} NOT NULL,
    team {text},
    severity {real},
    known_exploited BOOLEAN,
    fix_available BOOLEAN NOT NULL,
    backlog BOOLEAN NOT NULL,
    introduced_at {instant},
    detected_at {instant} NOT NULL,
    resolved_at {instant},
    rank {number} NOT NULL,
    search {text} NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (org, id),
    CONSTRAINT exposure_episode UNIQUE (org, fingerprint, episode)
);

CREATE INDEX exposure_cluster ON exposure (org, cluster);

CREATE INDEX exposure_rank ON exposure (org, current, rank, id);

CREATE INDEX exposure_subject ON exposure (org, subject, environment);

CREATE TABLE exposure_fingerprint (
    org {text} NOT NULL,
    fingerprint {text} NOT NULL,
    exposure {text} NOT NULL,
    PRIMARY KEY (org, fingerprint)
);

CREATE TABLE run (
    org {text} NOT NULL,
    id {text} NOT NULL,
    exposure {text} NOT NULL,
    state {text} NOT NULL,
    released BOOLEAN NOT NULL,
    created_at {instant} NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (org, id)
);

CREATE INDEX run_exposure ON run (org, exposure);

CREATE INDEX run_state ON run (org, state);

CREATE TABLE flag (
    org {text} NOT NULL,
    environment {text} NOT NULL,
    key {text} NOT NULL,
    definition {text} NOT NULL,
    version INTEGER NOT NULL,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (org, environment, key)
);

CREATE TABLE overlay (
    org {text} NOT NULL,
    id {text} NOT NULL,
    environment {text} NOT NULL,
    flag {text} NOT NULL,
    variant {text} NOT NULL,
    reason {text} NOT NULL,
    run {text},
    created_at {instant} NOT NULL,
    lifted_at {instant},
    PRIMARY KEY (org, id)
);

CREATE INDEX overlay_active ON overlay (org, environment, lifted_at);

CREATE INDEX overlay_run ON overlay (org, run);
"""


def upgrade() -> None:
    """Create them."""
    execute_ddl(TABLES)
