"""Create the table of what records name without saying which versions, and fill it from the records that are kept.

Frozen: a later change is a later migration.
"""

from collections.abc import Sequence
from typing import Any

from alembic import op

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.vague import vague_packages
from holdfast.edges.stores.migrations.ddl import execute_ddl
from holdfast.errors import ControlError

revision = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE affected_vague (
    advisory {number} NOT NULL,
    position INTEGER NOT NULL,
    org {text} NOT NULL,
    ecosystem {text} NOT NULL,
    name {text} NOT NULL,
    PRIMARY KEY (advisory, position)
);

CREATE INDEX affected_vague_package ON affected_vague (ecosystem, name);
"""
_BATCH = 1000
_RECORDS = """
SELECT a.number, a.org, r.body FROM advisory a
JOIN advisory_revision r ON r.org = a.org AND r.id = a.id AND r.revision = a.revision
WHERE a.number > {after} AND a.withdrawn IS NULL ORDER BY a.number LIMIT {limit}
"""


def upgrade() -> None:
    """Create it, and read every record that counts once."""
    execute_ddl(TABLES)
    connection = op.get_bind()
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    insert = f"INSERT INTO affected_vague VALUES ({', '.join([mark] * 5)})"  # noqa: S608 - marks alone
    after = 0
    while rows := connection.exec_driver_sql(_RECORDS.format(after=after, limit=_BATCH)).fetchall():
        found = [item for row in rows for item in _vague(*row)]
        if found:
            connection.exec_driver_sql(insert, found)
        after = rows[-1][0]


def _vague(number: int, org: str, body: str) -> Sequence[tuple[Any, ...]]:
    try:
        packages = vague_packages(compile_advisory(parse_osv(body.encode())))
    except ControlError:  # it was read once and is read no more: what it says is as vague as before
        return ()
    return [(number, position, org, *package) for position, package in enumerate(packages)]
