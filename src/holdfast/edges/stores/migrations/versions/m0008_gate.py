"""Keep policies by version, waivers, the builds that were decided about, and what services inherited.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None

CHANGES = """
CREATE TABLE inherited (
    org {text} NOT NULL, service_id {text} NOT NULL, sbom {text} NOT NULL, accepted_at {instant} NOT NULL,
    body {text} NOT NULL, PRIMARY KEY (org, service_id)
);

CREATE TABLE policy (
    org {text} NOT NULL, level {text} NOT NULL, subject {text} NOT NULL, version INTEGER NOT NULL,
    document {text} NOT NULL, digest {text} NOT NULL, at {instant} NOT NULL, "by" {text} NOT NULL,
    PRIMARY KEY (org, level, subject, version)
);

CREATE TABLE waiver (
    org {text} NOT NULL, id {text} NOT NULL, service_id {text} NOT NULL, expires_at {instant} NOT NULL,
    ended_at {instant}, body {text} NOT NULL, PRIMARY KEY (org, id)
);
CREATE INDEX waiver_service ON waiver (org, service_id);

CREATE TABLE build (
    org {text} NOT NULL, id {text} NOT NULL, service_id {text} NOT NULL, service {text} NOT NULL, team {text} NOT NULL,
    "commit" {text}, sbom {text}, artifact {text}, release_id {text},
    at {instant} NOT NULL, answer {text} NOT NULL, overridden BOOLEAN NOT NULL, score {real} NOT NULL, took_s {real},
    body {text} NOT NULL, evidence {bytes}, document {bytes}, PRIMARY KEY (org, id)
);
CREATE INDEX build_service ON build (org, service_id, id);
CREATE INDEX build_commit ON build (org, service_id, "commit");
CREATE INDEX build_sbom ON build (org, service_id, sbom);
CREATE INDEX build_artifact ON build (org, service_id, artifact);
CREATE INDEX build_team ON build (org, team, id);
CREATE INDEX build_answer ON build (org, answer, overridden, id);
CREATE INDEX build_at ON build (org, at);

CREATE TABLE trust (org {text} NOT NULL, name {text} NOT NULL, body {text} NOT NULL, PRIMARY KEY (org, name));

CREATE TABLE vex_document (org {text} NOT NULL, name {text} NOT NULL, body {text} NOT NULL, PRIMARY KEY (org, name));

CREATE TABLE vex_statement (
    org {text} NOT NULL, name {text} NOT NULL, number INTEGER NOT NULL, body {text} NOT NULL,
    PRIMARY KEY (org, name, number)
);

CREATE TABLE vex_about (
    org {text} NOT NULL, vulnerability {text} NOT NULL, name {text} NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (org, vulnerability, name, number)
);
CREATE INDEX vex_about_name ON vex_about (org, name);

CREATE TABLE trust_use (
    org {text} NOT NULL, digest {text} NOT NULL, until {instant} NOT NULL, PRIMARY KEY (org, digest)
);
CREATE INDEX trust_use_until ON trust_use (org, until);

ALTER TABLE token ADD COLUMN binding {text};

ALTER TABLE occurrence ADD COLUMN licenses {text};

CREATE TABLE feed_wish (
    org {text} NOT NULL, ecosystem {text} NOT NULL, at {instant} NOT NULL, PRIMARY KEY (org, ecosystem)
)
"""


def upgrade() -> None:
    """Add them."""
    execute_ddl(CHANGES)
