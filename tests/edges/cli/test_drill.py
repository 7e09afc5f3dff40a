"""`holdfast drill`."""

from pathlib import Path

import pytest

from tests.edges.cli.shell import Shell


@pytest.fixture
def drilled(exposed: Shell) -> Shell:
    """The shop, looked at once."""
    assert exposed("drill", "shop", "--environment", "production", "--level", "L0").code == 0
    return exposed


def test_drill_shows_every_step_and_its_outcome(exposed: Shell) -> None:
    printed = exposed("drill", "shop", "--environment", "production", "--level", "L0")
    assert "● plan" in printed.err
    assert "● target of step 1" in printed.err
    assert "● passed" in printed.out


def test_drill_in_json_is_its_evidence(exposed: Shell) -> None:
    found = exposed.json("drill", "run", "shop", "--environment", "production", "--level", "L0")
    assert found["schema"] == "holdfast.drills/1"
    (drill,) = found["items"]
    assert (drill["outcome"], drill["level"], len(drill["steps"])) == ("passed", "L0", 2)


def test_failed_drill_exits_1_and_says_why(exposed: Shell) -> None:
    printed = exposed("drill", "shop", "--environment", "production", "--level", "L0", "--plan", "no-such", code=4)
    assert "no-such" in printed.err


def test_usage_errors_exit_2(exposed: Shell) -> None:
    assert "internet" in exposed("drill", "shop", "--environment", "production", "--level", "L2", code=2).err
    assert exposed("drill", "shop", "--level", "L7", code=2).code == 2
    assert exposed("drill", "shop", "--fault", "meteor", code=2).code == 2
    assert exposed("drill", code=2).code == 2


def test_list_says_who_is_rehearsed(drilled: Shell) -> None:
    printed = drilled("drill", "list")
    assert "◆ never" in printed.out
    assert "0 of 1 services" in printed.err
    found = drilled.json("drill", "list", "--service", "shop")
    assert {row["service"] for row in found["plans"]} == {"shop"}


def test_log_lists_the_drills_that_were_held(drilled: Shell) -> None:
    assert "● passed" in drilled("drill", "log").out
    (one,) = drilled.json("drill", "log", "--service", "shop")["items"]
    shown = drilled("drill", "show", one["id"])
    assert "What it saw" in shown.out
    assert drilled.json("drill", "show", one["id"])["id"] == one["id"]


def test_check_blocks_what_nobody_rehearsed(drilled: Shell) -> None:
    printed = drilled("drill", "check", "shop", "--environment", "production", code=1)
    assert "◆ blocked" in printed.out
    found = drilled("drill", "check", "shop", "--environment", "production", "--format", "json", code=1).json
    assert found["verdict"] == "fail"


def test_evidence_verifies_with_the_houses_key_alone(drilled: Shell, tmp_path: Path) -> None:
    file, key = tmp_path / "drill.json", tmp_path / "kept"
    drill = drilled.json("drill", "log")["items"][0]["id"]
    drilled("drill", "evidence", drill, "--output", str(file))
    drilled("audit", "checkpoint", "--output", str(key))
    printed = drilled("drill", "verify", str(file), "--key", f"{key}.key")
    assert "● signed by that key" in printed.out
    assert drilled.json("drill", "verify", str(file), "--key", f"{key}.key")["verified"] is True
    file.write_text(file.read_text().replace('"payload": "', '"payload": "AAAA', 1))
    assert "◆ not verified" in drilled("drill", "verify", str(file), "--key", f"{key}.key", code=1).err
    assert "--key" in drilled("drill", "verify", str(file), "--key", "a+b+c", code=2).err


def test_evidence_goes_to_stdout_without_a_file(drilled: Shell) -> None:
    drill = drilled.json("drill", "log")["items"][0]["id"]
    assert drilled("drill", "evidence", drill).json["payloadType"] == "application/vnd.in-toto+json"
