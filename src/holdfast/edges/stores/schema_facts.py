"""The tables of facts: services, releases, compositions, deployments, hosts.

`component` is shared by all orgs: it says that a package exists, never who has it. What ties a component to an org is
`occurrence`, by way of `sbom`, whose key holds the org. `stay` is derived: who ran which composition, where, and when.
"""

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint, text

from holdfast.edges.stores.schema import METADATA, instant, integer, real, words
from holdfast.edges.stores.types import Key, Number

SERVICE = Table(
    "service",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("name"),
    words("team", null=True),
    integer("tier", null=True),
    words("reach"),
    Column("claimed", Boolean, nullable=False),
    instant("declared_at"),
    words("manifest", null=True),
    UniqueConstraint("org", "name", name="service_name"),
)

RELEASE = Table(
    "release",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("identity"),
    words("service_id"),
    words("service"),
    words("version"),
    words("commit_id", null=True),
    instant("built_at", null=True),
    instant("recorded_at"),
    words("sbom", null=True),
    words("manifest", null=True),
    words("min_compatible", null=True),
    UniqueConstraint("org", "identity", name="release_identity"),
    Index("release_service", "org", "service_id", "id"),
    Index("release_version", "org", "service", "version"),
    Index("release_sbom", "org", "sbom"),
)

ARTIFACT = Table(
    "artifact",
    METADATA,
    words("org", key=True),
    words("digest", key=True),
    words("release", key=True),
    words("kind"),
    words("platform", null=True),
    integer("position"),
    Index("artifact_release", "org", "release"),
)

ENVIRONMENT = Table(
    "environment",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("name"),
    integer("tier", null=True),
    words("reach"),
    UniqueConstraint("org", "name", name="environment_name"),
)

DEPLOYMENT = Table(
    "deployment",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("service_id"),
    words("release_id", null=True),
    words("environment"),
    words("target"),
    words("status"),
    real("share", null=False),
    instant("started_at"),
    instant("ended_at", null=True),
    instant("recorded_at"),
    words("origin"),
    Index("deployment_slot", "org", "service_id", "environment", "target", "started_at"),
    Index("deployment_release", "org", "release_id"),
    Index("deployment_running", "org", "status", "ended_at", "started_at"),
)

HOST = Table(
    "host",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("machine"),
    words("name"),
    words("environment"),
    words("os"),
    words("kernel"),
    words("architecture"),
    words("sbom"),
    instant("first_seen_at"),
    instant("seen_at"),
    instant("lease_until"),
    UniqueConstraint("org", "machine", name="host_machine"),
)

HOST_STATE = Table(
    "host_state",
    METADATA,
    words("org", key=True),
    words("host", key=True),
    integer("number", key=True),
    words("environment"),
    words("sbom"),
    instant("started_at"),
    instant("ended_at", null=True),
    instant("recorded_at"),
)

SBOM = Table(
    "sbom",
    METADATA,
    Column("id", Number, primary_key=True),
    words("org"),
    words("digest"),
    integer("components"),
    words("detail"),
    UniqueConstraint("org", "digest", name="sbom_digest"),
)

COMPONENT = Table(
    "component",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("identity", Key, nullable=False, unique=True),
    words("ecosystem"),
    words("name"),
    words("version"),
    words("source"),
    words("qualifiers"),
    words("source_package"),
    words("source_version"),
    words("purl"),
    words("match_name"),
    Column("key", Key, nullable=True),
    Index(
        "component_match",
        "ecosystem",
        "match_name",
        "key",
        sqlite_where=text("source = 'registry'"),
        postgresql_where=text("source = 'registry'"),
    ),
    Index(
        "component_source",
        "ecosystem",
        "name",
        sqlite_where=text("source_package <> ''"),
        postgresql_where=text("source_package <> ''"),
    ),
    Index(
        "component_unkeyed",
        "ecosystem",
        "match_name",
        sqlite_where=text("source = 'registry' AND key IS NULL"),
        postgresql_where=text("source = 'registry' AND key IS NULL"),
    ),
)

OCCURRENCE = Table(
    "occurrence",
    METADATA,
    Column("sbom", Number, primary_key=True, autoincrement=False),
    Column("component", Number, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("direct", Boolean, nullable=True),
    words("path"),
    words("scope"),
    words("locations"),
    words("licenses", null=True),  # null where it names none
    Index("occurrence_component", "component", "sbom"),
    sqlite_with_rowid=False,
)

STAY = Table(  # derived from deployment, release, host_state
    "stay",
    METADATA,
    words("org", key=True),
    words("id", key=True),
    words("kind"),
    words("subject"),
    words("name"),
    words("environment"),
    words("target"),
    words("release"),
    Column("sbom", Number, nullable=False),
    instant("started_at"),
    instant("ended_at", null=True),
    instant("recorded_at"),
    integer("gaps"),  # 1 when the composition could be read only in part
    Index("stay_sbom", "sbom", "ended_at"),
    Index(
        "stay_now",
        "org",
        "name",
        "environment",
        "target",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("stay_running", "org", "kind", "gaps", "ended_at", "started_at"),
    Index("stay_subject", "org", "subject", "environment"),
    Index("stay_release", "org", "release"),
    sqlite_with_rowid=False,
)
