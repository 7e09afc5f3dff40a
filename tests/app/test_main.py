"""The outermost frame: what a caller sees when Holdfast itself breaks."""

import os
import subprocess
import sys

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
