"""Whether verdicts may rest on a feed: never synced, too old, or silent about a release, it gives `unknown`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from holdfast.model.advisory import Snapshot
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.purl import lacks_release
from holdfast.model.verdict import Pass, Unknown, Verdict

if TYPE_CHECKING:  # a scan needs the verdict, and nothing of a store
    from holdfast.ports.store import Transaction


@frozen
class FeedState:
    """One ecosystem's feed and whether verdicts may rest on it."""

    ecosystem: str
    verdict: Verdict
    snapshot: Snapshot | None


def feed_state(
    tx: "Transaction", now: datetime, max_age: timedelta, *, ecosystems: Sequence[str] | None = None
) -> list[FeedState]:
    """Return the feeds of `ecosystems` (with or without release suffix; default: all wanted) and their verdicts."""
    held = {snapshot.ecosystem: snapshot for snapshot in tx.feeds.list()}
    wanted = tx.feeds.wanted() if ecosystems is None else ecosystems
    releases = tx.feeds.releases()
    return [
        FeedState(name, feed_verdict(name, held, now, max_age, releases), held.get(name.partition(":")[0]))
        for name in sorted(set(wanted))
    ]


def feed_verdict(
    ecosystem: str,
    snapshots: Mapping[str, Snapshot],
    now: datetime,
    max_age: timedelta,
    releases: frozenset[str] | None = None,
) -> Verdict:
    """Return `Pass` when verdicts about an ecosystem may rest on its feed, else why they may not.

    `releases`, where given, are the distribution releases that any record speaks of.
    """
    snapshot = snapshots.get(ecosystem.partition(":")[0])
    if snapshot is None or snapshot.synced_at is None:
        error = snapshot.error if snapshot else None
        return Unknown(f"no feed: {error}" if error else "no feed was synced for it")
    if now - snapshot.synced_at > max_age:
        reason = f"; the last attempt failed: {snapshot.error}" if snapshot.error else ""
        hours = max_age / timedelta(hours=1)
        since = format_instant(snapshot.synced_at)
        return Unknown(f"its feed was last synced at {since}, longer ago than {hours:g} hours{reason}")
    if lacks_release(ecosystem):  # records speak of releases: none of them would be found, whatever is wrong
        return Unknown("the release of the distribution is not known")
    if ":" in ecosystem and releases is not None and ecosystem not in releases:
        return Unknown("the feed has no record of this release")
    return Pass()
