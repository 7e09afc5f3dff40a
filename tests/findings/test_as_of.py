"""What was known of an exposure at an earlier instant."""

from dataclasses import replace
from datetime import timedelta

from holdfast.findings.as_of import exposure_at
from holdfast.model.exposure import Ending, State
from tests.loop.shop import T0, make_exposure

HOUR = timedelta(hours=1)


def test_state_and_deeds_are_those_of_then() -> None:
    """Detected at 0 h, acted at 1 h, mitigated at 2 h, resolved at 3 h, lifted at 4 h."""
    open_one = make_exposure()
    clocks = replace(
        open_one.clocks,
        acted_at=T0 + HOUR,
        mitigated_at=T0 + 2 * HOUR,
        fixed_at=T0 + 3 * HOUR,
        resolved_at=T0 + 3 * HOUR,
        lifted_at=T0 + 4 * HOUR,
    )
    ended = replace(open_one, state=State.RESOLVED, ending=Ending.FIXED, clocks=clocks)
    assert exposure_at(ended, T0) == open_one
    acted = exposure_at(ended, T0 + HOUR)
    assert (acted.state, acted.clocks.acted_at, acted.clocks.mitigated_at) == (State.OPEN, T0 + HOUR, None)
    mitigated = exposure_at(ended, T0 + 2 * HOUR)
    assert (mitigated.state, mitigated.ending, mitigated.clocks.resolved_at) == (State.MITIGATED, None, None)
    assert exposure_at(ended, T0 + 4 * HOUR) == ended


def test_a_mitigation_that_was_lifted_or_waived_counts_no_more() -> None:
    clocks = replace(make_exposure().clocks, mitigated_at=T0 + HOUR, lifted_at=T0 + 2 * HOUR, waived_at=T0 + 3 * HOUR)
    waived = make_exposure(state=State.WAIVED, clocks=clocks)
    states = [exposure_at(waived, T0 + hours * HOUR).state for hours in range(4)]
    assert states == [State.OPEN, State.MITIGATED, State.REGRESSED, State.WAIVED]


def test_a_later_episode_was_regressed_from_the_start() -> None:
    assert exposure_at(make_exposure(episode=2, state=State.REGRESSED), T0).state is State.REGRESSED
