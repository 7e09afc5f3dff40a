"""The tables of logins without secrets: trusts, and which tokens were taken. `body` is the whole value as JSON."""

from sqlalchemy import Index, Table

from holdfast.edges.stores.schema import METADATA, instant, words

TRUST = Table("trust", METADATA, words("org", key=True), words("name", key=True), words("body"))

TRUST_USE = Table(
    "trust_use",
    METADATA,
    words("org", key=True),
    words("digest", key=True),
    instant("until"),
    Index("trust_use_until", "org", "until"),
)
