"""Let a stay say whether its composition has gaps, and count what runs from indexes alone.

Frozen: a later change is a later migration.
"""

from holdfast.edges.stores.migrations.ddl import execute_ddl

revision = "0006"
down_revision: str | None = "0005"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE stay ADD COLUMN gaps INTEGER NOT NULL DEFAULT 0;

UPDATE stay SET gaps = 1 WHERE sbom IN (SELECT id FROM sbom WHERE substr(detail, length(detail) - 2, 2) <> '[]');

CREATE INDEX stay_running ON stay (org, kind, gaps, ended_at, started_at);

CREATE INDEX deployment_running ON deployment (org, status, ended_at, started_at);
"""


def upgrade() -> None:
    """Add it, and read it from the compositions that are kept: their detail ends with the list of gaps."""
    execute_ddl(CHANGES)
