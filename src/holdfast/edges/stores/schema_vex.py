"""The tables of VEX documents: what is known of one, its statements, the vulnerabilities that these name; what is due.

`body` is the value as JSON. A build reads the statements about what was found in it, and no others.
"""

from sqlalchemy import Index, Table

from holdfast.edges.stores.schema import METADATA, integer, words

VEX_DOCUMENT = Table("vex_document", METADATA, words("org", key=True), words("name", key=True), words("body"))

VEX_STATEMENT = Table(
    "vex_statement",
    METADATA,
    words("org", key=True),
    words("name", key=True),
    integer("number", key=True),
    words("body"),
)

VEX_ABOUT = Table(
    "vex_about",
    METADATA,
    words("org", key=True),
    words("vulnerability", key=True),
    words("name", key=True),
    integer("number", key=True),
    Index("vex_about_name", "org", "name"),
)

VEX_DUE = Table("vex_due", METADATA, words("org", key=True), words("cluster", key=True))
"""Clusters whose exposures are to be judged by the documents anew."""
