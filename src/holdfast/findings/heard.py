"""What VEX documents say of a live exposure changes its state.

Rules:

1. What a document clears is `cleared` while the document counts. When it counts no more, the same episode is what it
   would have been, and its clocks go on as if nobody had spoken: it ran all the while.
2. What is done about it meanwhile is kept: a mitigation that was read back holds when it is open again.
3. A waived one stays waived, whatever documents say: a person's word ends by itself. Since when they clear it is kept.
"""

from dataclasses import replace
from datetime import datetime

from holdfast.findings.lifecycle import UPDATED, Transition, state_otherwise
from holdfast.model.exposure import Exposure, Spoken, State
from holdfast.model.vex import VexStatus

CLEARED = "exposure.cleared"
REOPENED = "exposure.reopened"
_WORDS = {
    VexStatus.NOT_AFFECTED: "not affected",
    VexStatus.FIXED: "fixed",
    VexStatus.AFFECTED: "affected",
    VexStatus.UNDER_INVESTIGATION: "under investigation",
}
_CLEARABLE = frozenset({State.OPEN, State.REGRESSED, State.MITIGATED})


def hear(exposure: Exposure, said: Spoken | None, at: datetime) -> Transition | None:
    """Record what documents say of a live exposure now; `None` when that changes nothing."""
    clears = said is not None and said.clears
    cleared_at = (exposure.clocks.cleared_at or at) if clears else None
    heard = replace(exposure, said=said, clocks=replace(exposure.clocks, cleared_at=cleared_at))
    if clears and exposure.state in _CLEARABLE:
        return Transition(CLEARED, exposure, replace(heard, state=State.CLEARED), at)
    if exposure.state is State.CLEARED and not clears:
        return Transition(REOPENED, exposure, replace(heard, state=state_otherwise(exposure)), at)
    return Transition(UPDATED, exposure, heard, at) if heard != exposure else None


def said_words(said: Spoken) -> str:
    """Return in short what a document says, and that it does not count where it would clear and may not."""
    return f"VEX: {_WORDS[said.status]}" + (", which does not count" if said.void else "")


def said_reasons(said: Spoken) -> tuple[str, ...]:
    """Return in sentences why it says so, what its author does and advises, why it does not count, and who differs."""
    why = said.impact or said.reason
    parts = (
        f"Because: {why}" if why else "",
        f"Its author does: {', '.join(said.response)}" if said.response else "",
        f"What to do: {said.action}" if said.action else "",
        *(f"It does not count: {one}" for one in said.void),
        *(f"Another document differs: {one}" for one in said.others),
    )
    return tuple(one for one in parts if one)
