"""After advisories changed: every org is judged again, for what the change can touch.

What it can touch is looked up without writing; only that is judged, in short transactions, so that a sync that brings
ten thousand records never stands in the way of a kill.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from holdfast.errors import HoldfastError
from holdfast.loop.neighbours import find_all_neighbours
from holdfast.loop.reconcile import reconcile
from holdfast.loop.turn import Turn
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store
from holdfast.ports.world import Targets

LOOK_CLUSTERS = 500
JUDGE_CLUSTERS = 20


def judge_clusters(
    store: Store,
    clock: Clock,
    ids: Ids,
    clusters: Sequence[str],
    *,
    feed_max_age: timedelta | None = None,
    targets: Targets | None = None,
) -> int:
    """Judge the clusters in every org; returns how many transitions that gave. The others as in `Turn`.

    Raises:
        HoldfastError: what failed first; one org's failure holds up no other, which are judged before.
    """
    count, failed = 0, None
    for org in store.tenants.orgs():
        try:
            touched = sorted(set(_touched(store, org.id, clusters)))
            for batch in _batches(touched, JUDGE_CLUSTERS):
                with store.write_now(org.id, clock) as (tx, now):
                    turn = Turn(tx, now, ids, feed_max_age=feed_max_age, targets=targets)
                    count += len(reconcile(turn, clusters=batch))
        except HoldfastError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return count


def _touched(store: Store, org: str, clusters: Sequence[str]) -> Iterator[str]:
    for batch in _batches(sorted(clusters), LOOK_CLUSTERS):
        with store.read(org) as tx:
            yield from (span.cluster for span in tx.spans.of_clusters(batch))
            yield from (exposure.cluster for exposure in tx.exposures.of_clusters(batch))
    if clusters:
        with store.read(org) as tx:
            yield from find_all_neighbours(tx, set(clusters))


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
