"""Create the tables of facts.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE service (
    org {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    team {text},
    tier INTEGER,
    reach {text} NOT NULL,
    claimed BOOLEAN NOT NULL,
    declared_at {instant} NOT NULL,
    manifest {text},
    PRIMARY KEY (org, id),
    CONSTRAINT service_name UNIQUE (org, name)
);

CREATE TABLE release (
    org {text} NOT NULL,
    id {text} NOT NULL,
    identity {text} NOT NULL,
    service_id {text} NOT NULL,
    service {text} NOT NULL,
    version {text} NOT NULL,
    commit_id {text},
    built_at {instant},
    recorded_at {instant} NOT NULL,
    sbom {text},
    manifest {text},
    PRIMARY KEY (org, id),
    CONSTRAINT release_identity UNIQUE (org, identity)
);

CREATE INDEX release_sbom ON release (org, sbom);

CREATE INDEX release_service ON release (org, service_id, id);

CREATE INDEX release_version ON release (org, service, version);

CREATE TABLE artifact (
    org {text} NOT NULL,
    digest {text} NOT NULL,
    release {text} NOT NULL,
    kind {text} NOT NULL,
    platform {text},
    position INTEGER NOT NULL,
    PRIMARY KEY (org, digest, release)
);

CREATE INDEX artifact_release ON artifact (org, release);

CREATE TABLE environment (
    org {text} NOT NULL,
    id {text} NOT NULL,
    name {text} NOT NULL,
    tier INTEGER,
    reach {text} NOT NULL,
    PRIMARY KEY (org, id),
    CONSTRAINT environment_name UNIQUE (org, name)
);

CREATE TABLE deployment (
    org {text} NOT NULL,
    id {text} NOT NULL,
    service_id {text} NOT NULL,
    release_id {text},
    environment {text} NOT NULL,
    target {text} NOT NULL,
    status {text} NOT NULL,
    share {real} NOT NULL,
    started_at {instant} NOT NULL,
    ended_at {instant},
    recorded_at {instant} NOT NULL,
    origin {text} NOT NULL,
    PRIMARY KEY (org, id)
);

CREATE INDEX deployment_release ON deployment (org, release_id);

CREATE INDEX deployment_slot ON deployment (org, service_id, environment, target, started_at);

CREATE TABLE host (
    org {text} NOT NULL,
    id {text} NOT NULL,
    machine {text} NOT NULL,
    name {text} NOT NULL,
    environment {text} NOT NULL,
    os {text} NOT NULL,
    kernel {text} NOT NULL,
    architecture {text} NOT NULL,
    sbom {text} NOT NULL,
    first_seen_at {instant} NOT NULL,
    seen_at {instant} NOT NULL,
    lease_until {instant} NOT NULL,
    PRIMARY KEY (org, id),
    CONSTRAINT host_machine UNIQUE (org, machine)
);

CREATE TABLE host_state (
    org {text} NOT NULL,
    host {text} NOT NULL,
    number INTEGER NOT NULL,
    environment {text} NOT NULL,
    sbom {text} NOT NULL,
    started_at {instant} NOT NULL,
    ended_at {instant},
    recorded_at {instant} NOT NULL,
    PRIMARY KEY (org, host, number)
);

CREATE TABLE sbom (
    id {serial},
    org {text} NOT NULL,
    digest {text} NOT NULL,
    components INTEGER NOT NULL,
    detail {text} NOT NULL,
    CONSTRAINT sbom_digest UNIQUE (org, digest)
);

CREATE TABLE component (
    id {serial},
    identity {bytes} NOT NULL,
    ecosystem {text} NOT NULL,
    name {text} NOT NULL,
    version {text} NOT NULL,
    source {text} NOT NULL,
    qualifiers {text} NOT NULL,
    source_package {text} NOT NULL,
    source_version {text} NOT NULL,
    purl {text} NOT NULL,
    match_name {text} NOT NULL,
    key {bytes},
    UNIQUE (identity)
);

CREATE INDEX component_match ON component (ecosystem, match_name, key) WHERE source = 'registry';

CREATE INDEX component_source ON component (ecosystem, name) WHERE source_package <> '';

CREATE INDEX component_unkeyed ON component (ecosystem, match_name) WHERE source = 'registry' AND key IS NULL;

CREATE TABLE occurrence (
    sbom {number} NOT NULL,
    component {number} NOT NULL,
    position INTEGER NOT NULL,
    direct BOOLEAN,
    path {text} NOT NULL,
    scope {text} NOT NULL,
    locations {text} NOT NULL,
    PRIMARY KEY (sbom, component)
) {without_rowid};

CREATE INDEX occurrence_component ON occurrence (component, sbom);

CREATE TABLE stay (
    org {text} NOT NULL,
    id {text} NOT NULL,
    kind {text} NOT NULL,
    subject {text} NOT NULL,
    name {text} NOT NULL,
    environment {text} NOT NULL,
    target {text} NOT NULL,
    release {text} NOT NULL,
    sbom {number} NOT NULL,
    started_at {instant} NOT NULL,
    ended_at {instant},
    recorded_at {instant} NOT NULL,
    PRIMARY KEY (org, id)
) {without_rowid};

CREATE INDEX stay_now ON stay (org, name, environment, target) WHERE ended_at IS NULL;

CREATE INDEX stay_release ON stay (org, release);

CREATE INDEX stay_sbom ON stay (sbom, ended_at);

CREATE INDEX stay_subject ON stay (org, subject, environment);
"""


def upgrade() -> None:
    """Create them."""
    execute_ddl(TABLES)
