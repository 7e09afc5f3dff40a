"""The table of VEX documents. `body` is the whole value as JSON."""

from sqlalchemy import Table

from holdfast.edges.stores.schema import METADATA, words

VEX_DOCUMENT = Table("vex_document", METADATA, words("org", key=True), words("name", key=True), words("body"))
