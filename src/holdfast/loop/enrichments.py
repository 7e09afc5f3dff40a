"""KEV, EPSS and SSVC are loaded: what the world says about CVEs, beside the advisories.

Rules:

1. A source that fails leaves what was loaded before, and the failure is told.
2. What did not change since (the same publisher's date) is not written again.
3. Of a large list only CVEs that some record names are kept, so that one short transaction holds it; the list is
   loaded again after every sync that brought new records.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from holdfast.errors import FeedError
from holdfast.loop.feeds import Guard, unguarded
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.clock import Clock
from holdfast.ports.feed import EnrichmentRows, EnrichmentSource
from holdfast.ports.store import Store

MAX_WHOLE_ROWS = 20_000
_CHUNK = 1000
KINDS = ("kev", "epss", "ssvc")


@frozen
class EnrichmentState:
    """One kind: where from, as of when, how many rows came (0 when nothing was read), why it failed.

    `changed` says that the store holds other rows now: live exposures are to be judged again.
    """

    kind: str
    source: str | None
    as_of: datetime | None
    rows: int = 0
    changed: bool = False
    error: str | None = None


def load_enrichments(
    store: Store,
    sources: Sequence[EnrichmentSource],
    clock: Clock,
    *,
    again: bool = False,
    guard: Guard = unguarded,
) -> list[EnrichmentState]:
    """Load each source; `again` writes even what has the same date as before, because there are new records.

    A kind without a source stands as it is in the store; one never loaded says so. `guard` as in `feeds.sync`.
    """
    with store.read(PUBLIC) as tx:
        held = dict(tx.enrichments.state())
    out = {kind: EnrichmentState(kind, *held.get(kind, (None, None))) for kind in KINDS}
    for source in sources:
        out[source.kind] = _load(store, source, held, clock.now(), again=again, guard=guard)
    return [out[kind] for kind in sorted(out)]


def _load(
    store: Store,
    source: EnrichmentSource,
    held: Mapping[str, tuple[str, datetime]],
    now: datetime,
    *,
    again: bool,
    guard: Guard,
) -> EnrichmentState:
    kind = source.kind
    before = held.get(kind)
    try:
        found = source.fetch(now)
    except FeedError as error:
        because = str(error).partition("\n")[0]
        return EnrichmentState(
            kind, before[0] if before else source.describe(), before[1] if before else None, error=because
        )
    if before == (found.source, found.as_of) and not again:
        return EnrichmentState(kind, found.source, found.as_of, len(found.rows))
    rows = found.rows if len(found.rows) <= MAX_WHOLE_ROWS else _named(store, found)
    with store.write(PUBLIC, now) as tx:
        guard(tx)
        tx.enrichments.save(kind, rows, found.as_of, found.source)
        body = {"id": kind, "source": found.source, "as_of": format_instant(found.as_of), "rows": len(rows)}
        tx.journal.append("enrichment.loaded", body)
    return EnrichmentState(kind, found.source, found.as_of, len(found.rows), changed=True)


def _named(store: Store, found: EnrichmentRows) -> dict[str, Mapping[str, object]]:
    """The rows of CVEs that some record names. Reading delays nobody."""
    cves = list(found.rows)
    named: set[str] = set()
    with store.read(PUBLIC) as tx:
        for start in range(0, len(cves), _CHUNK):
            named |= tx.clusters.of(cves[start : start + _CHUNK]).keys()
    return {cve: found.rows[cve] for cve in cves if cve in named}
