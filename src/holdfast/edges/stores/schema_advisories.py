"""The tables of advisories: records by revision, their intervals, alias clusters, enrichments, feeds.

`org` is the layer: empty for what feeds bring, an org's id for what it pushed.
"""

from sqlalchemy import Column, Index, Table, UniqueConstraint

from holdfast.edges.stores.schema import METADATA, instant, integer, real, words
from holdfast.edges.stores.types import Key, Number

ADVISORY = Table(
    "advisory",
    METADATA,
    Column("number", Number, primary_key=True),
    words("org"),
    words("id"),
    integer("revision"),
    words("digest"),
    instant("modified", null=True),
    instant("published", null=True),
    instant("withdrawn", null=True),
    instant("forgotten_at", null=True),
    instant("recorded_at"),
    words("summary"),
    real("score"),
    words("vector", null=True),
    words("aliases"),
    UniqueConstraint("org", "id", name="advisory_id"),
)

ADVISORY_REVISION = Table(
    "advisory_revision",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    integer("revision", key=True),
    words("digest"),
    instant("modified", null=True),
    instant("withdrawn", null=True),
    instant("recorded_at"),
    words("body"),
)

ADVISORY_FEED = Table(
    "advisory_feed",
    METADATA,
    words("org", key=True),
    words("ecosystem", key=True),
    words("id", key=True),
    Index("advisory_feed_id", "org", "id"),
    sqlite_with_rowid=False,
)

AFFECTED_INTERVAL = Table(
    "affected_interval",
    METADATA,
    Column("advisory", Number, primary_key=True, autoincrement=False),
    integer("position", key=True),
    words("org"),
    words("ecosystem"),
    words("name"),
    Column("lo", Key, nullable=False),
    Column("hi", Key, nullable=True),
    instant("applicable_at", null=True),
    Index("affected_interval_package", "ecosystem", "name"),
    sqlite_with_rowid=False,
)

AFFECTED_PAIRWISE = Table(
    "affected_pairwise",
    METADATA,
    Column("advisory", Number, primary_key=True, autoincrement=False),
    integer("position", key=True),
    words("org"),
    words("ecosystem"),
    words("name"),
    words("rule"),
    instant("applicable_at", null=True),
    Index("affected_pairwise_package", "ecosystem", "name"),
)

AFFECTED_VAGUE = Table(  # packages that a record names without versions that could be matched
    "affected_vague",
    METADATA,
    Column("advisory", Number, primary_key=True, autoincrement=False),
    integer("position", key=True),
    words("org"),
    words("ecosystem"),
    words("name"),
    Index("affected_vague_package", "ecosystem", "name"),
)

FIX_VERSION = Table(
    "fix_version",
    METADATA,
    Column("advisory", Number, primary_key=True, autoincrement=False),
    integer("position", key=True),
    words("org"),
    words("ecosystem"),
    words("name"),
    words("version"),
    Index("fix_version_package", "ecosystem", "name"),
)

CLUSTER = Table("cluster", METADATA, words("org", key=True), words("id", key=True), instant("created_at"))

ALIAS_CLUSTER = Table(
    "alias_cluster",
    METADATA,
    words("org", key=True),
    words("member", key=True),
    words("cluster"),
    Index("alias_cluster_cluster", "cluster", "org"),
)

ENRICHMENT = (
    Table(  # a bucket holds some hundred CVEs: all of EPSS is replaced in a moment, so that no kill waits for it
        "enrichment", METADATA, words("kind", key=True), integer("bucket", key=True), words("body")
    )
)

ENRICHMENT_SOURCE = Table("enrichment_source", METADATA, words("kind", key=True), words("source"), instant("as_of"))

FEED = Table(
    "feed",
    METADATA,
    words("ecosystem", key=True),
    words("source"),
    instant("synced_at", null=True),
    instant("newest", null=True),
    integer("records"),
    words("validator", null=True),
    words("error", null=True),
)

FEED_WISH = Table(  # what builds were made of, whose compositions are not kept
    "feed_wish", METADATA, words("org", key=True), words("ecosystem", key=True), instant("at")
)
