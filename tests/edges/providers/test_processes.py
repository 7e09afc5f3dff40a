"""Programs are run as they are, and always ended: hanging ones, loud ones, those that leave children behind."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from holdfast.edges.providers.processes import DATA_LIMIT_BYTES, TALK_LIMIT_BYTES, SystemProcesses, run_program
from holdfast.errors import ActionError, UnsentError


def python(text: str, timeout_s: float = 20.0) -> tuple[int, str]:
    ended = run_program([sys.executable, "-c", text], timeout_s=timeout_s)
    return ended.status, ended.output


def test_status_and_output_are_told() -> None:
    assert python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")[0] == 3
    assert run_program(["/bin/echo", "$HOME", "; ls", "`id`"], timeout_s=5).output == "$HOME ; ls `id`\n"


def test_environment_is_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_SECRET", "s3cr3t")
    monkeypatch.setenv("TMPDIR", "/tmp")
    monkeypatch.setenv("USER", "shop")
    ended = run_program(["/usr/bin/env"], timeout_s=5, variables={"HOLDFAST_KEY": "k"})
    assert "s3cr3t" not in ended.output
    assert {"HOLDFAST_KEY=k", "TMPDIR=/tmp", "USER=shop"} <= set(ended.output.splitlines())


def test_standard_input_is_empty() -> None:
    assert run_program(["/bin/cat"], timeout_s=5).output == ""


def test_output_that_is_no_text_is_shown_as_far_as_it_goes() -> None:
    status, output = python("import sys; sys.stdout.buffer.write(b'a\\xff\\x00b')")
    assert (status, output) == (0, "a\ufffd\x00b")


def test_gigabyte_of_output_is_read_and_not_kept() -> None:
    ended = run_program(["/usr/bin/head", "-c", "1000000000", "/dev/zero"], timeout_s=60)
    assert (ended.status, len(ended.output)) == (0, TALK_LIMIT_BYTES)
    assert ended.last_line == ""


def test_data_is_kept_further_and_apart_from_errors() -> None:
    script = f"import sys; sys.stderr.write('e' * 9); sys.stdout.write('o' * {2 * DATA_LIMIT_BYTES}); sys.exit(3)"
    ended = SystemProcesses().run([sys.executable, "-c", script], variables={}, timeout_s=20)
    assert (ended.status, ended.output, ended.errors) == (3, "o" * DATA_LIMIT_BYTES, "e" * 9)
    assert ended.last_line == "e" * 9


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be reaped does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_hanging_program_is_ended_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    text = f"sleep 600 & echo $! > {pids}; echo $$ >> {pids}; trap '' TERM; while :; do wait; done"
    with pytest.raises(ActionError, match=r"did not end within 0\.3 s, and was ended"):
        run_program(["/bin/sh", "-c", text], timeout_s=0.3)
    assert [pid for pid in map(int, pids.read_text().split()) if is_alive(pid)] == []


def test_endless_output_is_ended_in_time() -> None:
    with pytest.raises(ActionError, match="did not end within"):
        run_program(["/usr/bin/yes"], timeout_s=0.3)


def test_child_that_keeps_the_output_open_holds_nobody_up(tmp_path: Path) -> None:
    left = tmp_path / "pid"
    ended = run_program(["/bin/sh", "-c", f"sleep 600 & echo $! > {left}; echo done"], timeout_s=30)
    assert (ended.status, ended.output) == (0, "done\n")
    os.kill(int(left.read_text()), signal.SIGKILL)


def test_child_that_is_left_behind_goes_on_writing(tmp_path: Path) -> None:
    """A service that a command started does not break on its next line when nobody reads it."""
    gate, told = tmp_path / "gate", tmp_path / "told"
    os.mkfifo(gate)
    os.mkfifo(told)
    child = f"read word < {gate}; echo one || exit 1; echo written > {told}"
    assert run_program(["/bin/sh", "-c", f"({child}) & echo done"], timeout_s=30).output == "done\n"
    gate.write_text("go\n")
    assert told.read_text() == "written\n"


def test_what_a_child_that_is_left_behind_writes_is_cut(tmp_path: Path) -> None:
    """It writes more than is kept once nobody waits any more, and looks until its own output has become short."""
    gate, told = tmp_path / "gate", tmp_path / "told"
    os.mkfifo(gate)
    os.mkfifo(told)
    child = (
        f"import os, threading; open({str(gate)!r}).read(); os.write(1, b'x' * {TALK_LIMIT_BYTES + 1});"
        "wait = threading.Event().wait; size = lambda: os.fstat(1).st_size;"
        "any(size() == 0 or wait(0.05) for _ in range(400)); os.write(1, b'more');"
        f"open({str(told)!r}, 'w').write(str(size()))"
    )
    ended = run_program(["/bin/sh", "-c", '"$0" -c "$1" & echo done', sys.executable, child], timeout_s=30)
    assert ended.output == "done\n"
    gate.write_text("go\n")
    assert told.read_text() == "4"


def test_program_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    opener = threading.Thread(target=gate.write_bytes, args=(b"go",))  # nobody gets through before both are there
    opener.start()
    script = f"import os; os.close(1); os.close(2); open({str(gate)!r}).read(); os._exit(5)"
    assert python(script)[0] == 5
    opener.join()


@pytest.mark.parametrize("program", ["/nonexistent/program", "/etc/passwd", "/etc"])
def test_program_that_does_not_start_says_so(program: str) -> None:
    with pytest.raises(UnsentError, match="did not start"):
        run_program([program], timeout_s=5)


def test_argument_with_a_null_does_not_start() -> None:
    with pytest.raises(UnsentError, match="did not start"):
        run_program(["/bin/echo", "a\x00b"], timeout_s=5)


def test_last_line_can_be_printed() -> None:
    ended = run_program(["/usr/bin/printf", "one\\n\\033[31mtwo\\007\\n\\n"], timeout_s=5)
    assert ended.last_line == "[31mtwo"
