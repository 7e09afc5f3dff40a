"""The supervisor, in a process of its own, over real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.agent.supervise import LONGEST_PAUSE_S, Supervision, Supervisor, pause_s
from holdfast.errors import ActionError
from holdfast.model.supervised import STATUS_FILE, Supervised, supervised_from_json, supervised_to_json
from tests.e2e.serving import application, environment, wait_until

STAY = "import signal\nwhile True: signal.pause()"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for version in ("1.0", "2.0"):
        (tmp_path / "releases" / version).mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/1.0")
    return tmp_path


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(root: Path) -> Iterator[Start]:
    """Give what starts a supervisor; all are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(script: str, *options: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "holdfast", "supervise", "run", "--root", str(root), *options, "--"]
        process = subprocess.Popen([*command, sys.executable, "-c", script], env=environment(), stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def status(root: Path) -> Supervised | None:
    try:
        return supervised_from_json((root / STATUS_FILE).read_text())
    except FileNotFoundError:
        return None


def until(root: Path, holds: Callable[[Supervised], bool]) -> Supervised:
    def look() -> bool:
        seen = status(root)
        return seen is not None and holds(seen)

    wait_until(look)
    found = status(root)
    assert found is not None
    return found


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_runs_what_the_link_leads_to_and_follows_it(root: Path, start: Start) -> None:
    start("import os, pathlib; pathlib.Path('seen').write_text(os.environ['HOLDFAST_RELEASE']);" + STAY)
    first = until(root, lambda seen: seen.healthy is True)
    assert (first.version, first.starts) == ("1.0", 1)
    assert first.pid is not None
    assert os.readlink(f"/proc/{first.pid}/cwd") == str(root / "releases" / "1.0")
    (root / "next").symlink_to("releases/2.0")
    (root / "next").replace(root / "current")
    second = until(root, lambda seen: seen.version == "2.0" and seen.healthy is True)
    assert second.starts == 2
    assert not lives(first.pid)
    assert (root / "releases" / "2.0" / "seen").read_text() == "2.0"


def test_what_dies_is_started_again(root: Path, start: Start) -> None:
    start(STAY)
    first = until(root, lambda seen: seen.pid is not None)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    second = until(root, lambda seen: seen.starts == 2 and seen.pid is not None)
    assert second.pid != first.pid


def test_what_can_not_be_started_says_why_and_is_tried_on(root: Path, start: Start) -> None:
    start("raise SystemExit(3)")
    seen = until(root, lambda seen: seen.starts >= 3 and seen.pid is None)
    assert (seen.version, seen.healthy) == (None, False)
    assert seen.detail.startswith("`1.0` ended with 3; it is started again after ")


def test_a_link_that_leads_nowhere_runs_nothing(root: Path, start: Start) -> None:
    (root / "current").unlink()
    start(STAY)
    assert "the link `current` can't be read" in until(root, lambda seen: seen.pid is None).detail
    (root / "current").symlink_to("/tmp")
    until(root, lambda seen: "which is none of the releases" in seen.detail)
    (root / "current").unlink()
    (root / "current").symlink_to("releases/2.0")
    assert until(root, lambda seen: seen.pid is not None).version == "2.0"


def test_its_process_ends_with_it_however_it_ends(root: Path, start: Start) -> None:
    process = start(STAY)
    seen = until(root, lambda seen: seen.pid is not None)
    assert seen.pid is not None
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    pid = seen.pid
    wait_until(lambda: not lives(pid))


def test_a_process_that_does_not_listen_is_killed_with_its_children(root: Path, start: Start) -> None:
    deaf = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
        "open('child', 'w').write(str(child.pid));" + STAY
    )
    process = start(deaf, "--stop-timeout", "0.2")
    child = root / "releases" / "1.0" / "child"
    wait_until(lambda: child.exists() and child.read_text() != "")
    process.terminate()
    process.wait(timeout=60)
    wait_until(lambda: not lives(int(child.read_text())))
    assert until(root, lambda seen: seen.pid is None).detail == "the supervisor was told to stop"


def test_hangup_restarts_it(root: Path, start: Start) -> None:
    process = start(STAY)
    first = until(root, lambda seen: seen.pid is not None)
    process.send_signal(signal.SIGHUP)
    second = until(root, lambda seen: seen.starts == 2 and seen.pid is not None)
    assert (second.version, second.pid != first.pid) == ("1.0", True)


def test_there_are_never_two(root: Path, start: Start) -> None:
    start(STAY)
    until(root, lambda seen: seen.pid is not None)
    with pytest.raises(ActionError, match="another supervisor runs"):
        Supervisor(Supervision(root, ("true",))).run()


def test_a_health_check_decides(root: Path, start: Start) -> None:
    with application() as stub:
        start(STAY, "--health", stub.url)
        assert until(root, lambda seen: seen.healthy is True).detail == "its health check holds"
    assert stub.url in until(root, lambda seen: seen.healthy is False).detail


def test_pauses_grow_and_end() -> None:
    assert [pause_s(failures) for failures in (1, 2, 3)] == [0.2, 0.4, 0.8]
    assert pause_s(1_000_000) == LONGEST_PAUSE_S


@given(
    st.builds(
        Supervised,
        st.none() | st.text(),
        st.none() | st.integers(),
        st.none() | st.booleans(),
        st.text(),
        st.integers(),
        st.text(),
    )
)
def test_a_status_is_read_as_it_was_written(seen: Supervised) -> None:
    assert supervised_from_json(supervised_to_json(seen)) == seen


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "holdfast.supervised/1", "more": 1}', "null"])
def test_what_is_no_status_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        supervised_from_json(text)
