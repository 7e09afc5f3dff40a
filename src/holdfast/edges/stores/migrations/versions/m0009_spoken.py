"""Keep how distributions say that what runs stands, and which clusters are due to be judged by VEX documents.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0009"
down_revision: str | None = "0008"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE exposure ADD COLUMN package_state {text};

UPDATE exposure SET rank = rank + (rank / 2199023255552) * 2199023255552 + 1099511627776;

CREATE TABLE vex_due (org {text} NOT NULL, cluster {text} NOT NULL, PRIMARY KEY (org, cluster))
"""


def upgrade() -> None:
    """Add them. The bit of a rank that tells of a fix becomes two: 0 was no fix yet and is 1, 1 was a fix and is 2."""
    execute_ddl(CHANGES)
