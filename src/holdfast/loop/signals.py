"""What comes in about runs is kept as a signal, in the transaction in which it is applied.

A signal is kept once by its id: the second identical one changes nothing. Its id is the caller's idempotency key, or
made of what it says.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from holdfast.model.instant import to_microseconds
from holdfast.model.run import Signal
from holdfast.ports.store import Transaction


def signal_id_of(*parts: str) -> str:
    """Return the id of a signal that a caller named by a key: the key alone is his own, its digest is of our shape."""
    return f"key/{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]}"


def take_signal(
    tx: Transaction,
    kind: str,
    by: str,
    now: datetime,
    *,
    run: str | None = None,
    exposure: str | None = None,
    signal: str | None = None,
    body: Mapping[str, object] | None = None,
) -> bool:
    """Keep what somebody said; `False` when this very signal came before, so that nothing is to be done."""
    made = f"{kind}/{run or exposure or ''}/{by}/{to_microseconds(now)}"
    kept = Signal(tx.org, signal or made, kind, by, now, exposure, run, "applied", json.dumps(dict(body or {})))
    return bool(tx.signals.add([kept]))
