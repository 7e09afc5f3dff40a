"""Snapshots: lossless, canonical, strict about what they are."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import JournalError
from holdfast.findings.journal_body import exposure_from_json, exposure_to_json, without_names
from holdfast.model.component import Location
from holdfast.model.exposure import Ending, Exposure, Risk, State, Subject
from holdfast.model.inventory import Reach
from tests.findings.made import exposure


def full() -> Exposure:
    one = exposure(disclosed=1, applicable=1.000001, detected=2, acted=3, mitigated=4, lifted=6, resolved=5, waived=4)
    return replace(
        one,
        state=State.RESOLVED,
        ending=Ending.FIXED,
        backlog=True,
        tier=1,
        direct=False,
        path=("flask", "werkzeug"),
        locations=(Location("uv.lock", 12), Location("Dockerfile")),
        risk=Risk(7, "CVSS:3.1/AV:N", True, 0.97, Reach.UNKNOWN, "1.2"),
        releases=("rel_1", "rel_2"),
        summary="ünsafe — 雪 \x00 \ud800 \x1b[31m",
    )


def test_snapshot_comes_back_as_it_was() -> None:
    assert exposure_from_json(exposure_to_json(full())) == full()
    assert exposure_from_json(exposure_to_json(exposure())) == exposure()


def test_snapshot_is_canonical_and_plain_ascii() -> None:
    text = exposure_to_json(full())
    assert text.isascii()
    assert "\x00" not in text
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def test_snapshot_has_everything_that_metrics_need() -> None:
    fields = json.loads(exposure_to_json(full()))
    needed = {"id", "episode", "state", "clocks", "subject", "team", "tier", "environment", "risk", "backlog", "ending"}
    assert needed <= fields.keys()
    assert fields["schema"] == "holdfast.exposure/1"


def test_snapshot_keeps_microseconds() -> None:
    one = exposure(detected=1.00000000002)
    precise = replace(one, clocks=replace(one.clocks, detected_at=one.clocks.detected_at.replace(microsecond=1)))
    assert exposure_from_json(exposure_to_json(precise)).clocks.detected_at.microsecond == 1


def test_unknown_fields_are_passed_over() -> None:
    fields = json.loads(exposure_to_json(exposure())) | {"later": {"much": 1}}
    assert exposure_from_json(json.dumps(fields)) == exposure()


def test_not_a_number_is_refused_when_written() -> None:
    with pytest.raises(JournalError, match="exp_1"):
        exposure_to_json(replace(exposure(), risk=Risk(severity=float("nan"))))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"schema": "holdfast.exposure/9"}', "[" * 100_000])
def test_what_is_no_snapshot_is_an_error_with_its_place(text: str) -> None:
    with pytest.raises(JournalError, match="journal entry 7"):
        exposure_from_json(text, where="journal entry 7")


def test_wrong_type_names_the_field() -> None:
    fields = json.loads(exposure_to_json(exposure())) | {"episode": "first"}
    with pytest.raises(JournalError, match="episode"):
        exposure_from_json(json.dumps(fields))


@given(st.text(max_size=80))
def test_any_text_answers_or_raises_a_journal_error(text: str) -> None:
    with pytest.raises(JournalError):
        exposure_from_json(text)


@given(st.text(max_size=40), st.floats(0, 10) | st.none())
def test_any_summary_and_score_come_back(summary: str, severity: float | None) -> None:
    one = replace(exposure(), summary=summary, risk=Risk(severity=severity))
    assert exposure_from_json(exposure_to_json(one)) == one


def test_machine_is_journaled_by_its_id_alone() -> None:
    host = replace(full(), subject=Subject("host", "host_1", "alices-laptop"), locations=(Location("/home/alice/env"),))
    assert "alice" not in exposure_to_json(without_names(host))
    assert without_names(host).clocks == host.clocks
    assert without_names(full()) == full()
