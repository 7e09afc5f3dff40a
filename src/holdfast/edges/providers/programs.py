"""Starting programs whose output is data: standard output and errors kept apart, from a list of words, without a shell.

Rules: nothing is inherited but the variables that are named here and those that are given; a program that does not end
in time is killed with everything that it started; output beyond the limit is dropped, and never blocks the program.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from holdfast.errors import ActionError

OUTPUT_LIMIT_BYTES = 1 << 20
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its exit status (negative: the signal that ended it), and the start of what it wrote."""

    status: int
    output: str
    errors: str


class Processes(Protocol):
    """Starts programs."""

    def run(self, words: Sequence[str], *, variables: Mapping[str, str], timeout_s: float) -> Finished:
        """Run a program to its end.

        Raises:
            ActionError: it can't be started, or did not end in time.
        """
        ...


class SystemProcesses:
    """Starts programs on this machine."""

    def run(self, words: Sequence[str], *, variables: Mapping[str, str], timeout_s: float) -> Finished:
        """Run a program to its end, in a session of its own, with nothing on its standard input.

        Raises:
            ActionError: it can't be started, or did not end in time.
        """
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(
                    list(words),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    env={**kept, **variables},
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise ActionError(f"`{words[0]}` can't be started: {error}", hint="check the operator's file") from None
            with process:
                status = _wait(process, words[0], timeout_s)
            return Finished(status, _start_of(output), _start_of(errors))


def _wait(process: "subprocess.Popen[bytes]", name: str, timeout_s: float) -> int:
    try:
        return process.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _kill_all(process.pid)
        process.wait()
        raise ActionError(f"`{name}` did not end within {timeout_s:g} seconds, and was killed") from None


def _kill_all(group: int) -> None:
    """Kill what the program started as well; a group that has ended meanwhile is what was wanted."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _start_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(OUTPUT_LIMIT_BYTES).decode("utf-8", "replace")
