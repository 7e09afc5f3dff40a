"""The table of what services inherited. `body` is the whole value as JSON."""

from sqlalchemy import Table

from holdfast.edges.stores.schema import METADATA, instant, words

INHERITED = Table(
    "inherited",
    METADATA,
    words("org", key=True),
    words("service_id", key=True),
    words("sbom"),
    instant("accepted_at"),
    words("body"),
)
