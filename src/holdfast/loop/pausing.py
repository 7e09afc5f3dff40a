"""The one switch that pauses all automation. People and reverts go on.

Rules:
1. Who may act may pause: that is the safe side. Only a person lets automation go on again.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from holdfast.loop.approvals import require_person
from holdfast.loop.turn import Turn
from holdfast.model.instant import format_instant
from holdfast.ports.store import Transaction

PAUSE = "mitigations.pause"
_MOST_REASON = 500


def switch_automation(turn: Turn, *, on: bool, reason: str) -> Mapping[str, str] | None:
    """Pause automation, or as a person let it go on; `on` is the pause. Returns the pause in force, `None` for none.

    Raises:
        ForbiddenError: a machine's token would let it go on.
    """
    actor = turn.identity if on else require_person(turn, "let automation go on")
    return pause(turn.tx, on, actor, reason, turn.now)


def pause(tx: Transaction, on: bool, actor: str, reason: str, now: datetime) -> Mapping[str, str] | None:
    """Stop all automation at its next safe point, or let it go on; returns the pause in force, `None` for none."""
    if on:
        value = {"by": actor, "reason": reason[:_MOST_REASON], "at": format_instant(now)}
        tx.settings.set(PAUSE, json.dumps(value))
        tx.journal.append("automation.paused", {"id": PAUSE, "by": actor, "reason": reason[:_MOST_REASON]})
        return value
    tx.settings.set(PAUSE, None)
    tx.journal.append("automation.resumed", {"id": PAUSE, "by": actor, "reason": reason[:_MOST_REASON]})
    return None


def get_pause(tx: Transaction) -> Mapping[str, str] | None:
    """Return who paused automation, when and why; `None` when it is not paused."""
    text = tx.settings.get(PAUSE)
    return json.loads(text) if text else None


def is_paused(tx: Transaction) -> bool:
    """Whether automation is paused."""
    return tx.settings.get(PAUSE) is not None
