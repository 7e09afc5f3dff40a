"""A waiver of a live exposure changes its state: it would fail, and somebody bears that until a day.

Rules:

1. It is `waived` while a waiver of all that runs is in force. When none is, the same episode is what it would have been
   (`cleared` where a document says so), and its clocks go on as if it had never been waived: it ran all the while.
2. What is done about it meanwhile is kept: a mitigation that was read back holds when it is open again.
3. It stays waived, whatever documents say: a person's word ends by itself.
"""

from dataclasses import replace
from datetime import datetime

from holdfast.findings.lifecycle import UPDATED, Transition, state_otherwise
from holdfast.model.exposure import Exposure, State, Waiving
from holdfast.model.instant import format_instant

WAIVED = "exposure.waived"
UNWAIVED = "exposure.unwaived"


def bear(exposure: Exposure, waiver: Waiving | None, at: datetime) -> Transition | None:
    """Record which waiver speaks of a live exposure now; `None` when that changes nothing."""
    holds = waiver is not None and waiver.holds
    told = replace(exposure, waiver=waiver)
    if holds and exposure.state is not State.WAIVED:
        after = replace(told, state=State.WAIVED, clocks=replace(exposure.clocks, waived_at=at))
        return Transition(WAIVED, exposure, after, at)
    if exposure.state is State.WAIVED and not holds:
        state = State.CLEARED if exposure.clocks.cleared_at is not None else state_otherwise(exposure)
        after = replace(told, state=state, clocks=replace(exposure.clocks, waived_at=None))
        return Transition(UNWAIVED, exposure, after, at)
    return Transition(UPDATED, exposure, told, at) if told != exposure else None


def waiver_words(waiver: Waiving) -> str:
    """Return in short until when a waiver holds, or that it does not."""
    return f"waived until {format_instant(waiver.expires_at)}" if waiver.holds else "its waiver does not hold"
