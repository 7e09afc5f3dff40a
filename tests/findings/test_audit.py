"""A journal changed, cut, reordered and re-hashed, and found out."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.findings.audit import AuditReport, verify_chain
from holdfast.findings.checkpoint import Checkpoint, journal_origin
from holdfast.model.journal import GENESIS, JournalEntry, entry_hash


def chain(bodies: list[str], org: str = "org_1") -> list[JournalEntry]:
    """Return a sound journal."""
    out: list[JournalEntry] = []
    for seq, body in enumerate(bodies, 1):
        before = out[-1].hash if out else GENESIS
        digest = entry_hash(before, org, seq, seq * 1000, "release.registered", body)
        out.append(JournalEntry(org, seq, seq * 1000, "release.registered", body, digest))
    return out


TEN = chain([f'{{"n":{number}}}' for number in range(10)])
HEAD = (10, TEN[-1].hash)


def kinds(report: AuditReport) -> list[tuple[str, int]]:
    return [(problem.kind, problem.seq) for problem in report.problems]


def checkpoint(size: int, entries: list[JournalEntry] = TEN) -> Checkpoint:
    return Checkpoint(journal_origin("org_1"), size, entries[size - 1].hash if size else GENESIS)


def test_sound_journal_is_intact_and_says_what_it_cannot_prove() -> None:
    report = verify_chain(TEN, HEAD)
    assert report.is_intact
    assert (report.entries, report.last_seq, report.last_hash) == (10, 10, TEN[-1].hash)
    assert "rewritten as a whole" in report.unproven[0]
    assert "a cut tail" in verify_chain(TEN).unproven[0]


def test_empty_journal_is_intact() -> None:
    assert verify_chain([], (0, GENESIS), checkpoint(0)).is_intact


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: replace(entry, body=entry.body.replace("4", "5")),
        lambda entry: replace(entry, at=entry.at + 1),
        lambda entry: replace(entry, kind="release.removed"),
        lambda entry: replace(entry, body=""),
        lambda entry: replace(entry, hash="f" * 64),
        lambda entry: replace(entry, hash="not hex"),
        lambda entry: replace(entry, hash=entry.hash.upper()),
    ],
)
def test_changed_entry_is_found_and_only_that_one(change: Callable[[JournalEntry], JournalEntry]) -> None:
    changed = [change(entry) if entry.seq == 5 else entry for entry in TEN]
    report = verify_chain(changed, HEAD)
    assert kinds(report) == [("changed", 5)]
    assert report.first_bad_seq == 5
    assert report.counts == {"changed": 1}


def test_entry_changed_and_hashed_anew_breaks_the_next_one() -> None:
    body = '{"n":99}'
    digest = entry_hash(TEN[3].hash, "org_1", 5, TEN[4].at, TEN[4].kind, body)
    changed = [replace(entry, body=body, hash=digest) if entry.seq == 5 else entry for entry in TEN]
    report = verify_chain(changed, HEAD)
    assert kinds(report) == [("changed", 6)]
    assert "or entry 5 was changed and hashed anew" in report.problems[0].words


def test_entry_of_another_type_is_changed_and_not_a_crash() -> None:
    odd = replace(TEN[4], body=None)  # type: ignore[arg-type]  # a tampered store holds anything
    assert kinds(verify_chain([*TEN[:4], odd, *TEN[5:]], HEAD)) == [("changed", 5)]
    nameless = replace(TEN[4], seq="five")  # type: ignore[arg-type]  # likewise
    assert verify_chain([*TEN[:4], nameless, *TEN[5:]], HEAD).first_bad_seq == 5


def test_removed_entries_are_named() -> None:
    report = verify_chain([entry for entry in TEN if entry.seq not in (3, 4, 7)], HEAD)
    assert kinds(report) == [("removed", 3), ("removed", 7)]
    assert report.problems[0].words == "entries 3 to 4 are missing"
    assert any("after a gap (2)" in words for words in report.unproven)


def test_removed_first_entry_is_named() -> None:
    assert kinds(verify_chain(TEN[1:], HEAD)) == [("removed", 1)]


def test_entries_in_another_order_are_reordered_and_not_removed() -> None:
    swapped = [*TEN[:3], TEN[4], TEN[3], *TEN[5:]]
    report = verify_chain(swapped, HEAD)
    assert kinds(report) == [("reordered", 4)]


def test_entries_that_changed_places_and_numbers_are_found() -> None:
    fourth, fifth = replace(TEN[4], seq=4), replace(TEN[3], seq=5)
    report = verify_chain([*TEN[:3], fourth, fifth, *TEN[5:]], HEAD)
    assert report.first_bad_seq == 4
    assert not report.is_intact


def test_doubled_entry_is_found() -> None:
    assert kinds(verify_chain([*TEN[:5], TEN[4], *TEN[5:]], HEAD)) == [("reordered", 5)]


def test_cut_tail_is_found_by_the_head_row() -> None:
    report = verify_chain(TEN[:7], HEAD)
    assert kinds(report) == [("truncated", 8)]


def test_tail_cut_with_its_head_row_needs_a_checkpoint() -> None:
    cut, head = TEN[:7], (7, TEN[6].hash)
    assert verify_chain(cut, head).is_intact
    assert kinds(verify_chain(cut, head, checkpoint(9))) == [("truncated", 8)]
    later = verify_chain(cut, head, checkpoint(6))
    assert later.is_intact
    assert later.unproven == ("entries 7 to 7 came after the checkpoint: a cut or a rewriting there leaves no trace",)


def test_emptied_journal_is_found() -> None:
    assert kinds(verify_chain([], HEAD)) == [("truncated", 1)]
    assert kinds(verify_chain([], (0, GENESIS), checkpoint(4))) == [("truncated", 1)]


def test_chain_hashed_anew_as_a_whole_needs_a_checkpoint() -> None:
    forged = chain([entry.body.replace("2", "7") for entry in TEN])
    head = (10, forged[-1].hash)
    assert verify_chain(forged, head).is_intact
    assert kinds(verify_chain(forged, head, checkpoint(10))) == [("rewritten", 10)]
    assert kinds(verify_chain(forged, head, checkpoint(3))) == [("rewritten", 3)]
    assert verify_chain(forged, head, checkpoint(2)).is_intact


def test_head_row_that_disagrees_is_found() -> None:
    assert kinds(verify_chain(TEN, (10, GENESIS))) == [("head", 10)]
    assert kinds(verify_chain(TEN, (8, TEN[7].hash))) == [("head", 9)]


def test_checkpoint_of_another_journal_is_no_proof() -> None:
    other = Checkpoint(journal_origin("org_2"), 10, TEN[-1].hash)
    assert kinds(verify_chain(TEN, HEAD, other)) == [("foreign", 1)]


def test_entry_of_another_org_is_foreign() -> None:
    mixed = [*TEN[:9], replace(TEN[9], org="org_2")]
    assert ("foreign", 10) in kinds(verify_chain(mixed, HEAD))


def test_checkpoint_at_the_end_still_leaves_what_came_after_it_unproven() -> None:
    report = verify_chain(TEN, HEAD, checkpoint(10))
    assert report.is_intact
    assert "cut after the checkpoint" in report.unproven[0]


def test_many_problems_are_counted_and_the_first_hundred_named() -> None:
    bad = [replace(entry, body="x") for entry in chain(["{}"] * 300)]
    report = verify_chain(bad)
    assert report.counts == {"changed": 300}
    assert len(report.problems) == 100


@given(st.data())
def test_any_single_change_within_the_chain_is_found(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 9))
    deed = data.draw(st.sampled_from(["drop", "body", "at", "kind", "swap"]))
    entries = list(TEN)
    if deed == "drop":
        del entries[number]
    elif deed == "swap":
        other = data.draw(st.integers(0, 9).filter(lambda one: one != number))
        entries[number], entries[other] = entries[other], entries[number]
    else:
        changes: dict[str, str | int] = {"body": data.draw(st.text()), "at": data.draw(st.integers()), "kind": "x"}
        entries[number] = replace(entries[number], **{deed: changes[deed]})  # type: ignore[arg-type]  # one of three
    intact = verify_chain(entries, HEAD, checkpoint(10)).is_intact
    assert intact == (entries == TEN)
