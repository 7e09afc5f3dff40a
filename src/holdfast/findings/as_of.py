"""What an exposure was at an earlier instant, by its clocks: what came later is not known yet."""

from dataclasses import replace
from datetime import datetime

from holdfast.model.exposure import Clocks, Exposure, State


def exposure_at(exposure: Exposure, at: datetime) -> Exposure:
    """Return the exposure with the state and the deeds that it had at `at`; it was detected by then.

    Its clocks keep the last mitigation only: before one that was proven anew it counts as not mitigated, the careful
    side.
    """
    clocks = exposure.clocks

    def known(instant: datetime | None) -> datetime | None:
        return instant if instant is not None and instant <= at else None

    then = replace(
        clocks,
        acted_at=known(clocks.acted_at),
        mitigated_at=known(clocks.mitigated_at),
        lifted_at=known(clocks.lifted_at),
        waived_at=known(clocks.waived_at),
        cleared_at=known(clocks.cleared_at),
        fixed_at=known(clocks.fixed_at),
        resolved_at=known(clocks.resolved_at),
    )
    ending = exposure.ending if then.resolved_at is not None else None
    return replace(exposure, clocks=then, ending=ending, state=_state(exposure.episode, then))


def _state(episode: int, clocks: Clocks) -> State:
    if clocks.resolved_at is not None:
        return State.RESOLVED
    if clocks.waived_at is not None:
        return State.WAIVED
    if clocks.cleared_at is not None:
        return State.CLEARED
    if clocks.mitigated_at is not None and (clocks.lifted_at is None or clocks.lifted_at < clocks.mitigated_at):
        return State.MITIGATED
    return State.REGRESSED if episode > 1 or clocks.lifted_at is not None else State.OPEN
