"""Drive runs through steps, signals, timers and an outbox, under leases; keep flag versions, clients and drills.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE run ADD COLUMN owner {text};
ALTER TABLE run ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN lease_until {instant};
ALTER TABLE run ADD COLUMN service_id {text};

CREATE TABLE step (
    org {text} NOT NULL, run {text} NOT NULL, number INTEGER NOT NULL, state {text} NOT NULL, target {text} NOT NULL,
    body {text} NOT NULL, service_id {text} NOT NULL, action {text} NOT NULL, flag {text}, automatic BOOLEAN NOT NULL,
    intended_at {instant}, touched_at {instant}, PRIMARY KEY (org, run, number)
);
CREATE INDEX step_target ON step (org, target, state);
CREATE INDEX step_touched ON step (org, touched_at);

CREATE TABLE signal (
    org {text} NOT NULL, id {text} NOT NULL, kind {text} NOT NULL, "by" {text} NOT NULL, at {instant} NOT NULL,
    exposure {text}, run {text}, outcome {text} NOT NULL, body {text} NOT NULL, PRIMARY KEY (org, id)
);
CREATE INDEX signal_exposure ON signal (org, exposure, id);
CREATE INDEX signal_run ON signal (org, run);
CREATE INDEX signal_at ON signal (org, at);

CREATE TABLE timer (
    org {text} NOT NULL, run {text} NOT NULL, step INTEGER NOT NULL, kind {text} NOT NULL, due_at {instant} NOT NULL,
    PRIMARY KEY (org, run, step, kind)
);
CREATE INDEX timer_due ON timer (org, due_at);

CREATE TABLE outbox (
    org {text} NOT NULL, id {text} NOT NULL, "to" {text} NOT NULL, body {text} NOT NULL, created_at {instant} NOT NULL,
    due_at {instant} NOT NULL, run {text}, attempts INTEGER NOT NULL, sent_at {instant}, problem {text},
    given_up_at {instant}, PRIMARY KEY (org, id)
);
CREATE INDEX outbox_due ON outbox (org, sent_at, due_at);
CREATE INDEX outbox_lane ON outbox (org, "to", sent_at, given_up_at, created_at, id);
CREATE INDEX outbox_given_up ON outbox (org, given_up_at, id);

CREATE TABLE flag_version (
    org {text} NOT NULL, environment {text} NOT NULL, key {text} NOT NULL, version INTEGER NOT NULL,
    definition {text} NOT NULL, updated_at {instant} NOT NULL, PRIMARY KEY (org, environment, key, version)
);
INSERT INTO flag_version (org, environment, key, version, definition, updated_at)
    SELECT org, environment, key, version, definition, updated_at FROM flag;

CREATE TABLE flag_client (
    org {text} NOT NULL, environment {text} NOT NULL, id {text} NOT NULL, kind {text} NOT NULL, service {text},
    target {text}, delivered BIGINT, fetched BIGINT, effective BIGINT, connected BOOLEAN NOT NULL,
    seen_at {instant} NOT NULL, effects {text}, asked {text}, PRIMARY KEY (org, environment, id)
);
CREATE INDEX flag_client_seen ON flag_client (org, environment, seen_at);

ALTER TABLE overlay ADD COLUMN before {text};
ALTER TABLE overlay ADD COLUMN expires_at {instant};
ALTER TABLE overlay ADD COLUMN revision BIGINT;

CREATE TABLE drill (
    org {text} NOT NULL, id {text} NOT NULL, service_id {text} NOT NULL, environment {text} NOT NULL,
    plan {text} NOT NULL, level {text} NOT NULL, outcome {text} NOT NULL, started_at {instant} NOT NULL,
    body {text} NOT NULL, PRIMARY KEY (org, id)
);
CREATE INDEX drill_plan ON drill (org, service_id, plan, id);

ALTER TABLE exposure ADD COLUMN drill {text};

ALTER TABLE token ADD COLUMN person {text};
ALTER TABLE token ADD COLUMN person_name {text};

ALTER TABLE release ADD COLUMN min_compatible {text};
"""


def upgrade() -> None:
    """Add them; runs that are under way keep their steps in their body until they are saved again."""
    execute_ddl(CHANGES)
