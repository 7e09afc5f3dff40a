"""The figures can be computed again from the journal alone."""

import pytest

from holdfast.errors import JournalError
from holdfast.findings.journal_body import exposure_to_json
from holdfast.findings.lifecycle import Transition, mitigate, observe
from holdfast.metrics.recompute import exposures_from_journal
from holdfast.metrics.summary import summarize
from holdfast.model.exposure import Exposure
from holdfast.model.instant import to_microseconds
from holdfast.model.journal import GENESIS, JournalEntry, entry_hash
from tests.findings.made import context, day, ids, span


def journal(steps: list[Transition]) -> list[JournalEntry]:
    """Write the steps as the loop does, with something else in between."""
    out: list[JournalEntry] = []
    for step in steps:
        for kind, body in (("feed.synced", "not ours"), (step.kind, exposure_to_json(step.after))):
            before = out[-1].hash if out else GENESIS
            seq, at = len(out) + 1, to_microseconds(step.at)
            out.append(JournalEntry("org_1", seq, at, kind, body, entry_hash(before, "org_1", seq, at, kind, body)))
    return out


def life() -> list[Transition]:
    """Day 2: seen. Day 3: mitigated. Day 5: fixed. Day 8: back again."""
    new_id = ids()
    steps = observe([span(1)], [], context(), day(2), new_id)
    steps.append(mitigate(steps[-1].after, day(2.5), day(3)))
    steps += observe([span(1, 5)], [steps[-1].after], context(), day(5), new_id)
    steps += observe([span(1, 5), span(7)], [steps[-1].after], context(), day(8), new_id)
    return steps


def test_last_snapshot_of_every_episode_counts() -> None:
    steps = life()
    found = exposures_from_journal(journal(steps))
    assert found == [steps[2].after, steps[3].after]
    assert [one.episode for one in found] == [1, 2]


def test_figures_from_the_journal_equal_those_from_the_rows() -> None:
    rows: dict[str, Exposure] = {step.after.id: step.after for step in life()}
    again = summarize(exposures_from_journal(journal(life())), day(9))
    assert again == summarize(rows.values(), day(9))
    assert again[0].n == 2


def test_journal_can_be_read_as_of_then() -> None:
    found = exposures_from_journal(journal(life()), until=day(3))
    assert [(one.id, one.clocks.mitigated_at, one.clocks.resolved_at) for one in found] == [("exp_1", day(3), None)]


def test_entry_that_is_no_snapshot_is_named() -> None:
    entries = journal(life())
    broken = JournalEntry("org_1", 9, 0, "exposure.updated", "{}", GENESIS)
    with pytest.raises(JournalError, match="journal entry 9"):
        exposures_from_journal([*entries, broken])
