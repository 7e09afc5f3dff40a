"""Programs of the operator's, run without a shell.

Rules:
1. What is run is a list; nothing is expanded, and standard input is empty.
2. The environment is a small one: `PATH`, `LANG`, `HOME` and what the caller names. No secret of ours is in it.
3. Output is read to its end and kept up to a limit: a program that writes a gigabyte is neither stopped nor stored.
4. At the deadline it is ended with everything that it started: first asked to, then killed.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.errors import ActionError, UnsentError

OUTPUT_LIMIT_BYTES = 64 * 1024
GRACE_S = 2.0
_PASSED = ("PATH", "LANG", "LC_ALL", "HOME", "TZ")
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit status (negative: the signal), and the start of its output as text."""

    status: int
    output: str

    @property
    def last_line(self) -> str:
        """The last line that says something, at most 160 characters that can be printed."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return "".join(sign for sign in (lines[-1] if lines else "") if sign.isprintable())[:160]


def run_program(
    argv: Sequence[str],
    *,
    timeout_s: float,
    variables: Mapping[str, str] | None = None,
    folder: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Ended:
    """Run a program to its end.

    Raises:
        UnsentError: it did not start.
        ActionError: it did not end in time, and was ended.
    """
    passed = {name: environ[name] for name in _PASSED if name in environ} | dict(variables or {})
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=passed,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        because = error.strerror if isinstance(error, OSError) else str(error)
        raise UnsentError(f"`{argv[0][:200]}` did not start: {because}") from None
    try:
        output, in_time = _read(process, time.monotonic() + timeout_s)
        if not in_time:
            raise ActionError(f"`{argv[0][:200]}` did not end within {timeout_s:g} s, and was ended")
        return Ended(process.returncode, output.decode("utf-8", "replace"))
    finally:
        _end(process)


def _read(process: "subprocess.Popen[bytes]", end: float) -> tuple[bytes, bool]:
    """Return the start of the output, and whether the program ended in time.

    A child that it left behind may hold the output open: once the program itself has ended, what is there is taken.
    """
    kept = bytearray()
    stream = process.stdout
    if stream is None:
        return b"", True
    os.set_blocking(stream.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        is_open = True
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return bytes(kept), False
            ready = selector.select(min(left, 0.05)) if is_open else []
            if ready:
                chunk = os.read(stream.fileno(), _CHUNK)
                is_open = bool(chunk)
                kept += chunk[: max(0, OUTPUT_LIMIT_BYTES - len(kept))]
            elif process.poll() is not None:
                return bytes(kept), True
            elif not is_open:
                try:
                    process.wait(min(left, 0.05))
                except subprocess.TimeoutExpired:
                    continue


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program where it still runs, and whatever it started that still runs in its session."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _signal(process.pid, signal.SIGKILL)
            process.wait()
        _signal(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # they are gone already, or changed their user
