"""What is forgotten after its time: the traces of talking, never what was done.

Rules:
1. Forgotten are messages that were taken, signals whose exposure and run are over, timers whose run is over, and what
   builds were decided on. The journal, runs, drills, decisions, exposures and messages that reached nobody are never
   touched.
2. A transaction forgets a bounded number, the oldest first, so that nobody waits long for the store.
3. How many of each is journaled, in the same transaction.
"""

from datetime import datetime

from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.ports.store import Transaction

BATCH = 500


@frozen
class Forgotten:
    """How many were forgotten in one transaction."""

    messages: int = 0
    signals: int = 0
    timers: int = 0
    builds: int = 0
    """Builds of which what they were decided on was dropped; the decisions stay."""

    @property
    def is_all(self) -> bool:
        """Whether nothing that old is left."""
        return max(self.messages, self.signals, self.timers, self.builds) < BATCH


def forget_old(tx: Transaction, before: datetime) -> Forgotten:
    """Forget what is older than `before`, at most a batch of each kind."""
    gone = Forgotten(
        tx.outbox.forget(before, BATCH),
        tx.signals.forget(before, BATCH),
        tx.timers.forget(before, BATCH),
        tx.builds.forget_evidence(before, BATCH),
    )
    if gone != Forgotten():
        counts = {"messages": gone.messages, "signals": gone.signals, "timers": gone.timers, "builds": gone.builds}
        tx.journal.append("retention", {"id": "retention", "before": format_instant(before), **counts})
    return gone
