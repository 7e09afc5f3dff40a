"""The outermost frame: what a caller sees when Holdfast itself breaks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
import holdfast.app.main as main
main.COMMANDS["versions"] = ("json:dumps_that_is_not_there", "broken")
main.COMMANDS["doctor"] = ("holdfast.nowhere.at.all", "broken")
sys.argv = ["holdfast", *sys.argv[1:]]
main.main()
"""


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program without any setting of this machine: where its data would lie, there is no folder."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    own = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    own["HOLDFAST_DATA"] = "/nonexistent/holdfast"
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=own)


def test_a_failure_nobody_foresaw_exits_4_and_shows_where() -> None:
    for name in ("versions", "doctor"):
        ended = run(name)
        assert ended.returncode == 4  # 1 would say that a policy blocked it
        assert "Traceback" in ended.stderr
        assert ended.stdout == ""


def test_a_failure_nobody_foresaw_is_json_when_json_was_asked_for() -> None:
    ended = run("versions", "--format", "json")
    assert ended.returncode == 4
    assert '"holdfast.error/1"' in ended.stdout
    assert "Traceback" in ended.stderr


def test_what_is_wrong_with_a_command_line_is_a_usage_error_without_a_traceback() -> None:
    for arguments in (["nothing-of-the-kind"], ["scan", "--no-such-option"], ["impact"]):
        ended = run(*arguments)
        assert ended.returncode == 2, arguments
        assert "Traceback" not in ended.stderr


def test_the_version_is_printed() -> None:
    ended = run("--version")
    assert (ended.returncode, ended.stdout.split()[0]) == (0, "holdfast")


def holdfast(*arguments: str | Path, into: str, data: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program with its output in a file."""
    command = [sys.executable, "-c", "import holdfast.app.main as main; main.main()", *map(str, arguments)]
    own = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    with open(into, "w") as file:
        return subprocess.run(
            command,
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
            env=own | {"HOLDFAST_DATA": str(data)},
        )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
@pytest.mark.parametrize("options", [(), ("--format", "json")], ids=["table", "json"])
def test_a_disk_that_is_full_is_no_verdict(options: tuple[str, ...], tmp_path: Path) -> None:
    """1 would say that a policy blocked it, and 0 that it passed."""
    (tmp_path / "requirements.txt").write_text("lamp==1.0\n")
    for name in ("scan", "gate"):
        ended = holdfast(name, tmp_path, "--offline", *options, into="/dev/full", data=tmp_path / "data")
        assert (ended.returncode, "Traceback" in ended.stderr) == (4, False)
        assert "nothing more can be written: No space left on device" in ended.stderr


def test_a_disk_that_is_full_elsewhere_is_told_in_json_too() -> None:
    full = """
import errno, os, sys, types
import click
import holdfast.app.main as main

@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def command():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/feed")

sys.modules["full"] = types.SimpleNamespace(command=command)
main.COMMANDS["scan"] = ("full:command", "one whose data has no room")
sys.argv = ["holdfast", "scan", "--format", "json"]
main.main()
"""
    ended = subprocess.run([sys.executable, "-c", full], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, "Traceback" in ended.stderr) == (4, False)
    error = json.loads(ended.stdout)["error"]
    assert (error["message"], error["where"]) == ("nothing more can be written: No space left on device", "/data/feed")


def test_an_answer_is_whole_when_the_program_leaves(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("".join(f"lamp{number}==1.0\n" for number in range(5_000)))
    options = ("--offline", "--format", "json")
    ended = holdfast("scan", tmp_path, *options, into=str(tmp_path / "out.json"), data=tmp_path / "data")
    assert ended.returncode in {0, 5}
    assert len(json.loads((tmp_path / "out.json").read_text())["components"]) == 5_000
