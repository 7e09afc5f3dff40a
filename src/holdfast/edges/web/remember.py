"""What the first page needs of the whole history, kept while the journal's head stays where it is."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from holdfast.loop.views import Compositions, Known, learn
from holdfast.ports.store import Transaction

_KEPT_S = 300
"""Open exposures grow older without any entry: their figures are taken anew this often."""


@dataclass(slots=True)
class Memory:
    """One entry an org, shared by the threads of the pages."""

    compositions: Compositions = field(default_factory=Compositions)
    _known: dict[str, tuple[tuple[int, str, int], Known]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, tx: Transaction, now: datetime) -> Known:
        """Return what is known of the transaction's org, learnt again when anything happened."""
        key = (*tx.journal.head(), int(now.timestamp()) // _KEPT_S)
        with self._lock:
            kept = self._known.get(tx.org)
        if kept is not None and kept[0] == key:
            return kept[1]
        known = learn(tx, now)
        with self._lock:
            self._known[tx.org] = (key, known)
        return known
