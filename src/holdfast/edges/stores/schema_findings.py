"""The tables of findings.

`body` is the whole value as JSON; the columns beside it are what is filtered and ordered by.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, UniqueConstraint

from holdfast.edges.stores.schema import METADATA, instant, integer, real, words

EXPOSURE = Table(
    "exposure",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("fingerprint"),
    integer("episode"),
    Column("current", Boolean, nullable=False),
    words("subject_kind"),
    words("subject"),
    words("subject_name"),
    words("environment"),
    words("cluster"),
    words("state"),
    words("team", null=True),
    real("severity"),
    Column("known_exploited", Boolean, nullable=True),
    Column("fix_available", Boolean, nullable=False),
    Column("backlog", Boolean, nullable=False),
    instant("introduced_at", null=True),
    instant("detected_at"),
    instant("resolved_at", null=True),
    Column("rank", BigInteger, nullable=False),  # higher comes first
    words("search"),
    words("drill", null=True),
    words("package_state", null=True),
    words("body"),
    UniqueConstraint("org", "fingerprint", "episode", name="exposure_episode"),
    Index("exposure_subject", "org", "subject", "environment"),
    Index("exposure_cluster", "org", "cluster"),
    Index("exposure_rank", "org", "current", "rank", "id"),
)

EXPOSURE_FINGERPRINT = Table(
    "exposure_fingerprint", METADATA, words("org", key=True), words("fingerprint", key=True), words("exposure")
)
