"""Create the tables of advisories.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE advisory (
    number {serial},
    org {text} NOT NULL,
    id {text} NOT NULL,
    revision INTEGER NOT NULL,
    digest {text} NOT NULL,
    modified {instant},
    published {instant},
    withdrawn {instant},
    forgotten_at {instant},
    recorded_at {instant} NOT NULL,
    summary {text} NOT NULL,
    score {real},
    vector {text},
    aliases {text} NOT NULL,
    CONSTRAINT advisory_id UNIQUE (org, id)
);

CREATE TABLE advisory_revision (
    org {text} NOT NULL,
    id {text} NOT NULL,
    revision INTEGER NOT NULL,
    digest {text} NOT NULL,
    modified {instant},
    withdrawn {instant},
    recorded_at {instant} NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (org, id, revision)
);

CREATE TABLE advisory_feed (
    org {text} NOT NULL,
    ecosystem {text} NOT NULL,
    id {text} NOT NULL,
    PRIMARY KEY (org, ecosystem, id)
) {without_rowid};

CREATE INDEX advisory_feed_id ON advisory_feed (org, id);

CREATE TABLE affected_interval (
    advisory {number} NOT NULL,
    position INTEGER NOT NULL,
    org {text} NOT NULL,
    ecosystem {text} NOT NULL,
    name {text} NOT NULL,
    lo {bytes} NOT NULL,
    hi {bytes},
    applicable_at {instant},
    PRIMARY KEY (advisory, position)
) {without_rowid};

CREATE INDEX affected_interval_package ON affected_interval (ecosystem, name);

CREATE TABLE affected_pairwise (
    advisory {number} NOT NULL,
    position INTEGER NOT NULL,
    org {text} NOT NULL,
    ecosystem {text} NOT NULL,
    name {text} NOT NULL,
    rule {text} NOT NULL,
    applicable_at {instant},
    PRIMARY KEY (advisory, position)
);

CREATE INDEX affected_pairwise_package ON affected_pairwise (ecosystem, name);

CREATE TABLE fix_version (
    advisory {number} NOT NULL,
    position INTEGER NOT NULL,
    org {text} NOT NULL,
    ecosystem {text} NOT NULL,
    name {text} NOT NULL,
    version {text} NOT NULL,
    PRIMARY KEY (advisory, position)
);

CREATE INDEX fix_version_package ON fix_version (ecosystem, name);

CREATE TABLE cluster (
    org {text} NOT NULL,
    id {text} NOT NULL,
    created_at {instant} NOT NULL,
    PRIMARY KEY (org, id)
);

CREATE TABLE alias_cluster (
    org {text} NOT NULL,
    member {text} NOT NULL,
    cluster {text} NOT NULL,
    PRIMARY KEY (org, member)
);

CREATE INDEX alias_cluster_cluster ON alias_cluster (cluster, org);

CREATE TABLE enrichment (
    kind {text} NOT NULL,
    bucket INTEGER NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (kind, bucket)
);

CREATE TABLE enrichment_source (
    kind {text} NOT NULL,
    source {text} NOT NULL,
    as_of {instant} NOT NULL,
    PRIMARY KEY (kind)
);

CREATE TABLE feed (
    ecosystem {text} NOT NULL,
    source {text} NOT NULL,
    synced_at {instant},
    newest {instant},
    records INTEGER NOT NULL,
    validator {text},
    error {text},
    PRIMARY KEY (ecosystem)
);
"""


def upgrade() -> None:
    """Create them."""
    execute_ddl(TABLES)
