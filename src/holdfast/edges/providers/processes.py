"""Programs of the operator's, run without a shell.

Rules:
1. What is run is a list; nothing is expanded, and standard input is empty.
2. The environment is a small one: `PASSED` and what the caller names. No secret of ours is in it.
3. Output is kept up to a limit: a program that writes a gigabyte is neither stopped nor stored.
4. At the deadline it is ended with everything that it started: first asked to, then killed.
5. What it leaves behind running may go on writing: nobody waits for that, and it does not break on it. It is cut for
   as long as the program's group and this process live.
"""

import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Protocol

from holdfast.edges.providers.left_behind import LeftBehind
from holdfast.errors import ActionError, UnsentError
from holdfast.model.frozen import frozen

TALK_LIMIT_BYTES = 64 * 1024
"""Of what is read by people: its end matters to them at most."""
DATA_LIMIT_BYTES = 1 << 20
"""Of what is read by us."""
PASSED = ("PATH", "LANG", "LC_ALL", "HOME", "TZ", "TMPDIR", "USER")
GRACE_S = 2.0
_LOOK_S = 0.02
_LEFT_BEHIND = LeftBehind()


@frozen
class Ended:
    """How a program ended: its exit status (negative: the signal), and the start of what it wrote, as text.

    `errors` is empty where they were not asked for apart: they stand in `output` then, in the order of writing.
    """

    status: int
    output: str
    errors: str = ""

    @property
    def last_line(self) -> str:
        """The last line that says something, of its errors where they are apart; 160 signs that can be printed."""
        lines = [line.strip() for line in (self.errors or self.output).splitlines() if line.strip()]
        return "".join(sign for sign in (lines[-1] if lines else "") if sign.isprintable())[:160]


class Processes(Protocol):
    """Runs programs whose output is data."""

    def run(self, argv: Sequence[str], *, variables: Mapping[str, str], timeout_s: float) -> Ended:
        """Run a program to its end, errors kept apart.

        Raises:
            UnsentError: it did not start.
            ActionError: it did not end in time.
        """
        ...


class SystemProcesses:
    """Runs them on this machine."""

    def run(self, argv: Sequence[str], *, variables: Mapping[str, str], timeout_s: float) -> Ended:
        """Run a program to its end, as `run_program` does."""
        return run_program(
            argv, timeout_s=timeout_s, variables=variables, limit_bytes=DATA_LIMIT_BYTES, errors_apart=True
        )


def run_program(
    argv: Sequence[str],
    *,
    timeout_s: float,
    variables: Mapping[str, str] | None = None,
    folder: str | None = None,
    limit_bytes: int = TALK_LIMIT_BYTES,
    errors_apart: bool = False,
) -> Ended:
    """Run a program to its end. `limit_bytes` is what is kept of its output, and of its errors where they are apart.

    Raises:
        UnsentError: it did not start.
        ActionError: it did not end in time, and was ended.
    """
    name = argv[0][:200]
    passed = {variable: os.environ[variable] for variable in PASSED if variable in os.environ} | dict(variables or {})
    with ExitStack() as files:
        try:
            opened = [files.enter_context(tempfile.TemporaryFile(buffering=0)) for _ in range(1 + errors_apart)]
        except OSError as error:
            raise UnsentError(f"`{name}` did not start: no room for its output: {error.strerror}") from None
        kept = [_Kept(file, limit_bytes) for file in opened]
        with _started(argv, passed, folder, kept) as process:
            if not _wait(process, kept, time.monotonic() + timeout_s):
                raise ActionError(f"`{name}` did not end within {timeout_s:g} s, and was ended")
        ended = Ended(process.returncode, *(one.text() for one in kept))
        _LEFT_BEHIND.take(process.pid, [file.fileno() for file in opened], limit_bytes)
        return ended


class _Kept:
    """A nameless file that a program writes to, of which the start is kept.

    A file, because what a program leaves behind breaks on a pipe that nobody reads any more: a service that a command
    started would end with its next line, or with our next restart.
    """

    def __init__(self, file: IO[bytes], limit_bytes: int) -> None:
        # what comes after a cut is written at the file's new end, not where the writer was
        fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)
        self.file = file
        self._limit_bytes = limit_bytes
        self._start: bytes | None = None

    def cut(self) -> None:
        """Let go of what is beyond the limit."""
        if os.fstat(self.file.fileno()).st_size > self._limit_bytes:
            if self._start is None:
                self._start = self._read()
            os.ftruncate(self.file.fileno(), 0)

    def text(self) -> str:
        """Return the start of what was written."""
        return (self._read() if self._start is None else self._start).decode("utf-8", "replace")

    def _read(self) -> bytes:
        return os.pread(self.file.fileno(), self._limit_bytes, 0)


@contextmanager
def _started(
    argv: Sequence[str], variables: Mapping[str, str], folder: str | None, kept: Sequence[_Kept]
) -> "Iterator[subprocess.Popen[bytes]]":
    """Start a program in a session of its own; it is ended when the block is left.

    `kept` is the file of its output, then that of its errors where they are apart.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=kept[0].file,
            stderr=kept[1].file if len(kept) > 1 else subprocess.STDOUT,
            env=variables,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        because = error.strerror if isinstance(error, OSError) else str(error)
        raise UnsentError(f"`{argv[0][:200]}` did not start: {because}") from None
    try:
        yield process
    finally:
        _end(process, kept)


def _wait(process: "subprocess.Popen[bytes]", kept: Sequence[_Kept], end: float) -> bool:
    """Wait for the program's own end, whatever it started; returns whether it came in time."""
    while (left := end - time.monotonic()) > 0:
        try:
            process.wait(min(left, _LOOK_S))
            return True
        except subprocess.TimeoutExpired:
            for one in kept:
                one.cut()
    return process.poll() is not None


def _end(process: "subprocess.Popen[bytes]", kept: Sequence[_Kept]) -> None:
    """End the program where it still runs, and whatever it started that still runs in its session."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        if not _wait(process, kept, time.monotonic() + GRACE_S):
            _signal(process.pid, signal.SIGKILL)
            process.wait()
        _signal(process.pid, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # they are gone already, or changed their user
