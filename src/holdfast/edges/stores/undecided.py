"""Which components records name without saying which versions they affect, by composition."""

from collections.abc import Mapping, Sequence

from holdfast.edges.stores.layers import layers_of, names_of
from holdfast.edges.stores.session import Session, chunks
from holdfast.ports.queries import Undecided

# SQLite keeps the order of a CROSS JOIN: there are few vague records, and many components.
_PAIRS = """
SELECT c.id, c.name, c.version, v.advisory FROM affected_vague v CROSS JOIN component c
WHERE c.source = 'registry' AND c.ecosystem = v.ecosystem AND c.match_name = v.name AND v.org IN :layers
"""
_PLACES = """
SELECT s.digest, o.component FROM occurrence o JOIN sbom s ON s.id = o.sbom
WHERE s.org = :org AND o.component IN :components
"""
_RUNNING = " AND EXISTS (SELECT 1 FROM stay t WHERE t.org = :org AND t.sbom = o.sbom AND t.ended_at IS NULL)"


def find_undecided(session: Session, *, running: bool) -> Mapping[str, Sequence[Undecided]]:
    """Return composition digest → what in it can't be decided, sorted; `running` leaves out what does not run now."""
    pairs = session.rows(_PAIRS, {"layers": layers_of(session)})
    ids = names_of(session, [row.advisory for row in pairs])
    named: dict[int, set[Undecided]] = {}
    for row in pairs:
        if row.advisory in ids:
            named.setdefault(row.id, set()).add(Undecided(ids[row.advisory], row.name, row.version))
    found: dict[str, set[Undecided]] = {}
    query = _PLACES + (_RUNNING if running else "")
    for some in chunks(named):
        for row in session.rows(query, {"org": session.org, "components": some}):
            found.setdefault(row.digest, set()).update(named[row.component])
    return {
        digest: sorted(those, key=lambda one: (one.name, one.version, one.advisory)) for digest, those in found.items()
    }
