"""The tables of the gate: policies by version, waivers, builds. `body` is the whole value as JSON."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table

from holdfast.edges.stores.schema import METADATA, instant, integer, real, words

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
    words("service"),
    words("team"),
    words("commit", null=True),
    words("sbom", null=True),
    words("artifact", null=True),
    words("release_id", null=True),
    instant("at"),
    words("answer"),
    Column("overridden", Boolean, nullable=False),
    real("score", null=False),
    real("took_s"),
    words("body"),
    Column("evidence", LargeBinary, nullable=True),
    Column("document", LargeBinary, nullable=True),
    Index("build_service", "org", "service_id", "id"),
    Index("build_commit", "org", "service_id", "commit"),
    Index("build_sbom", "org", "service_id", "sbom"),
    Index("build_artifact", "org", "service_id", "artifact"),
    Index("build_team", "org", "team", "id"),
    Index("build_answer", "org", "answer", "overridden", "id"),
    Index("build_at", "org", "at"),
)
