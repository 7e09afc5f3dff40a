"""Whether the facts behind an exposure are fresh enough to act on by itself.

Rules:
1. An advisory that the org pushed itself is fresh. What a feed told is as fresh as its last sync.
2. A machine that was not heard within its lease may run anything by now.
3. Each thing is read once per transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from holdfast.loop.feed_state import feed_verdict
from holdfast.model.advisory import Snapshot
from holdfast.model.exposure import DEPLOYMENT, Exposure
from holdfast.model.instant import format_instant
from holdfast.model.inventory import Host
from holdfast.model.verdict import Unknown
from holdfast.ports.store import Transaction


@dataclass(slots=True)
class Freshness:
    """Says of exposures why their facts are too old; `max_age` of a feed, `None` where its age is not judged."""

    tx: Transaction
    now: datetime
    max_age: timedelta | None
    _pushed: dict[str, bool] = field(default_factory=dict)
    _stale: dict[str, str | None] = field(default_factory=dict)
    _feeds: Mapping[str, Snapshot] | None = None
    _releases: frozenset[str] = frozenset()
    _hosts: Mapping[str, Host] | None = None

    def find_stale(self, exposure: Exposure) -> str | None:
        """Return why the exposure's facts are too old to act on by itself, `None` when they are not."""
        if exposure.subject.kind == "host":
            return self._silent(exposure.subject.id)
        if exposure.kind == DEPLOYMENT:  # no feed tells of it
            return None
        if self.max_age is None or self._is_pushed(exposure.cluster):
            return None
        if exposure.ecosystem not in self._stale:
            self._stale[exposure.ecosystem] = self._feed(exposure.ecosystem, self.max_age)
        return self._stale[exposure.ecosystem]

    def find_doubt(self, exposure: Exposure) -> str | None:
        """Return why the exposure itself is doubtful: stale, or matched with little confidence."""
        if exposure.confidence != "high":
            return f"the match is of {exposure.confidence} confidence"
        return self.find_stale(exposure)

    def _is_pushed(self, cluster: str) -> bool:
        if cluster not in self._pushed:
            rows = self.tx.advisories.of_clusters([cluster]).get(cluster, ())
            self._pushed[cluster] = any(row.org == self.tx.org for row in rows)
        return self._pushed[cluster]

    def _feed(self, ecosystem: str, max_age: timedelta) -> str | None:
        if self._feeds is None:
            self._feeds = {snapshot.ecosystem: snapshot for snapshot in self.tx.feeds.list()}
            self._releases = self.tx.feeds.releases()
        verdict = feed_verdict(ecosystem, self._feeds, self.now, max_age, self._releases)
        if not isinstance(verdict, Unknown):
            return None
        return f"the facts about {ecosystem} may be stale: {verdict.because}; sync its feed, or approve"

    def _silent(self, host_id: str) -> str | None:
        if self._hosts is None:
            self._hosts = {host.id: host for host in self.tx.hosts.list()}
        host = self._hosts.get(host_id)
        if host is not None and host.lease_until > self.now:
            return None
        since = f" since {format_instant(host.seen_at)}" if host else ""
        return f"the machine was not heard{since}; it may run anything by now"
