"""`holdfast mitigate`."""

import pytest

from holdfast.edges.cli.mitigate import print_run
from tests.edges.cli.shell import Shell


@pytest.fixture
def run(exposed: Shell, exposure: str) -> str:
    """The run that waits for a person."""
    items = exposed.json("mitigate", "list")["items"]
    assert [(one["exposure"], one["state"]) for one in items] == [(exposure, "awaiting_approval")]
    return str(items[0]["id"])


def test_a_preview_says_what_would_change(exposed: Shell, exposure: str) -> None:
    out = exposed("mitigate", "preview", exposure).out
    assert "applies  ● yes" in out
    assert "shop.receipts in production" in out
    before = exposed.json("audit", "log")["items"]
    exposed.json("mitigate", "preview", exposure, "--plan", "receipts-off")
    assert exposed.json("audit", "log")["items"] == before


def test_a_preview_of_another_plan_says_so(exposed: Shell, exposure: str) -> None:
    assert "no-such" in exposed("mitigate", "preview", exposure, "--plan", "no-such", code=4).err


def test_a_run_is_listed_and_shown(exposed: Shell, run: str) -> None:
    assert run in exposed("mitigate", "list").out
    printed = exposed("mitigate", "show", run)
    assert "flag.off" in printed.out
    assert f"holdfast mitigate approve {run}" in printed.err


def test_who_has_not_fetched_a_change_is_named(exposed: Shell, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = exposed.json("mitigate", "show", run)
    print_run({**shown, "unproven": ["eu", "client shop-1@tok_1"]}, "table")
    assert capsys.readouterr().out.split("Not proven on")[1].split("\n")[2:4] == ["eu", "client shop-1@tok_1"]


def test_an_approved_run_forces_the_flag_and_undo_lets_it_go(exposed: Shell, run: str) -> None:
    exposed("mitigate", "approve", run)
    forced = exposed.json("flags", "overlays", "--environment", "production")["items"]
    assert [(one["flag"], one["variant"]) for one in forced] == [("shop.receipts", "off")]
    exposed.end()  # a command is a process of its own: no probe of the one before goes on in the next
    exposed("mitigate", "undo", run)
    assert exposed.json("flags", "overlays", "--environment", "production")["items"] == []


def test_a_rejected_run_does_nothing(exposed: Shell, run: str) -> None:
    assert exposed.json("mitigate", "reject", run)["state"] == "rejected"
    assert "nothing is forced" in exposed("flags", "overlays", "--environment", "production").err


def test_starting_a_plan_is_an_approval(exposed: Shell, exposure: str, run: str) -> None:
    started = exposed.json("mitigate", "start", exposure)
    assert started["id"] == run
    assert started["state"] not in {"awaiting_approval", "suggested", "observed"}


def test_automation_is_paused_with_a_reason_and_resumed(exposed: Shell) -> None:
    out = exposed("mitigate", "pause", "--reason", "an outage | <b>").out
    assert "◐ paused" in out
    assert "an outage | <b>" in out
    assert exposed.json("mitigate", "resume")["paused"] is False
    assert "● goes on" in exposed("mitigate", "resume").out


def test_a_pause_needs_a_reason(exposed: Shell) -> None:
    exposed("mitigate", "pause", code=2)


def test_a_run_that_is_not_there_is_named(exposed: Shell) -> None:
    assert "run_none" in exposed("mitigate", "approve", "run_none", code=4).err


def test_no_runs_are_said_to_be_none(shell: Shell) -> None:
    assert shell("mitigate", "list").err == "no runs yet\n"


def test_what_is_clamped_is_told_with_what_would_lift_it(exposed: Shell, run: str) -> None:
    assert "nothing is clamped" in exposed("mitigate", "debt").err
    exposed("mitigate", "approve", run)
    (row,) = exposed.json("mitigate", "debt")["items"]
    assert (row["run"], row["overdue"]) == (run, False)
    assert "a release of shop in production" in row["lifts"]
