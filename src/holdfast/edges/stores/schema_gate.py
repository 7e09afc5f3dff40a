"""The tables of the gate: policies by version, waivers, builds. `body` is the whole value as JSON."""

from sqlalchemy import Column, Index, LargeBinary, Table

from holdfast.edges.stores.schema import METADATA, instant, integer, words

POLICY = Table(
    "policy",
    METADATA,
    words("org", key=True),
    words("level", key=True),
    words("subject", key=True),
    integer("version", key=True),
    words("document"),
    words("digest"),
    instant("at"),
    words("by"),
)

WAIVER = Table(
    "waiver",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("service_id"),
    instant("expires_at"),
    instant("ended_at", null=True),
    words("body"),
    Index("waiver_service", "org", "service_id"),
)

BUILD = Table(
    "build",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("service_id"),
    words("commit", null=True),
    words("release_id", null=True),
    instant("at"),
    words("answer"),
    words("body"),
    Column("evidence", LargeBinary, nullable=True),
    Index("build_service", "org", "service_id", "id"),
    Index("build_release", "org", "release_id"),
    Index("build_at", "org", "at"),
)
