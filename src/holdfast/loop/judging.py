"""What waits to be judged anew is judged: after a VEX document, a waiver, a policy or the day changed.

Rules:

1. Who changes a document or a waiver marks what it names, in the same transaction; what is marked is judged in short
   transactions of their own, each with its mark. Whatever stops in between goes on where it stopped.
2. What a waiver covered is marked when it ends; a look that was missed is made up for by the next one.
3. Once a day what documents and waivers speak of is marked, as a statement's date may have come, or a service be under
   other policies; and what a distribution's release has, where it has ended since or was never told.
"""

from datetime import datetime, timedelta
from itertools import islice

from holdfast.controls.end_of_life import ended_at
from holdfast.errors import HoldfastError
from holdfast.loop.reconcile import reconcile
from holdfast.loop.running_findings import RunningFindings, may_be_notice
from holdfast.loop.turn import Turn
from holdfast.loop.vex_documents import NOTICES, mark_named
from holdfast.loop.waiving import mark_waived
from holdfast.model.advisory import PackageState
from holdfast.model.exposure import Exposure
from holdfast.model.purl import find_distribution
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store
from holdfast.ports.world import Targets

LOOK_CLUSTERS = 500
JUDGE_CLUSTERS = 20
_NOTICES_BEGUN = "notices begun"
"""In the place of `NOTICES` while they are looked through, so that a crash leaves them waiting."""


def judge_due(
    store: Store,
    clock: Clock,
    ids: Ids,
    org: str,
    *,
    feed_max_age: timedelta | None = None,
    targets: Targets | None = None,
) -> int:
    """Judge all that waits in an org; returns how many transitions that gave. The others as in `Turn`.

    Raises:
        HoldfastError: what failed first; it waits on, with its batch, and the other batches are judged before.
    """
    count, failed = 0, None
    while True:
        with store.read(org) as tx:
            due = tx.vex.due(LOOK_CLUSTERS)
            live = sorted({one.cluster for one in tx.exposures.of_clusters(due) if one.is_live}) if due else []
        if not due:
            return count
        if not {NOTICES, _NOTICES_BEGUN}.isdisjoint(due):
            _mark_notices(store, clock, org)
            continue
        for start in range(0, len(live), JUDGE_CLUSTERS):
            batch = live[start : start + JUDGE_CLUSTERS]
            try:
                with store.write_now(org, clock) as (tx, now):
                    turn = Turn(tx, now, ids, feed_max_age=feed_max_age, targets=targets)
                    count += len(reconcile(turn, clusters=batch))
                    tx.vex.done(batch)
            except HoldfastError as error:
                failed = failed or error
        rest = set(due) - set(live)
        with store.write_now(org, clock) as (tx, _):
            # since the look one may have begun to run
            tx.vex.done(rest - {one.cluster for one in tx.exposures.of_clusters(sorted(rest)) if one.is_live})
        if failed is not None:
            raise failed


def mark_ended(store: Store, clock: Clock, org: str, since: datetime | None = None) -> datetime:
    """Mark what waivers covered that ended since an instant, `None` for ever; returns the instant it was looked at."""
    with store.read(org) as tx:
        now = clock.now()
        names = {name for kept in tx.waivers.ending(since, now) for name in kept.waiver.ids}
        clusters = sorted(set(tx.clusters.of(sorted(names)).values())) if names else []
        over = {one.cluster for one in tx.exposures.of_clusters(clusters) if one.is_live and _is_over(one, now)}
    if over:
        with store.write_now(org, clock) as (tx, _):
            tx.vex.mark(over)
    return now


def _is_over(one: Exposure, now: datetime) -> bool:
    """Whether it was waived until an instant that has come."""
    return one.waiver is not None and one.waiver.holds and one.waiver.expires_at <= now


def _mark_notices(store: Store, clock: Clock, org: str) -> None:
    """Mark the notices that mend what documents name, and those of which one spoke before."""
    with store.write_now(org, clock) as (tx, _):  # what changes from here on waits anew
        tx.vex.mark([_NOTICES_BEGUN])
        tx.vex.done([NOTICES])
    with store.read(org) as tx:
        named, running = set(tx.vex.named()), (one for one in tx.exposures.all() if one.is_live)
        spoken: set[str] = set()
        while some := list(islice((one for one in running if may_be_notice(one)), LOOK_CLUSTERS)):
            known = RunningFindings(tx, some)
            spoken |= {one.cluster for one in some if one.said is not None or not named.isdisjoint(known.names(one))}
    with store.write_now(org, clock) as (tx, _):
        tx.vex.mark(spoken)
        tx.vex.done([_NOTICES_BEGUN])


def mark_the_day(store: Store, clock: Clock, org: str) -> None:
    """Mark what a new day may have changed."""
    with store.read(org) as tx:
        now = clock.now()
        stale = {one.cluster for one in tx.exposures.all() if one.is_live and _is_stale(one, now)}
        named, waived = tx.vex.named(), tx.waivers.ending(now, None)
    if stale or named or waived:
        with store.write_now(org, clock) as (tx, _):
            tx.vex.mark(stale)
            mark_named(tx, named)
            mark_waived(tx, waived)


def _is_stale(one: Exposure, now: datetime) -> bool:
    """Whether a distribution's release has ended since its package was judged, or its word was never asked for."""
    if find_distribution(one.ecosystem.partition(":")[0]) is None or one.drill is not None:
        return False
    has_ended = one.package_state is PackageState.AFFECTED and ended_at(one.ecosystem, now) is not None
    return one.package_state is None or has_ended
