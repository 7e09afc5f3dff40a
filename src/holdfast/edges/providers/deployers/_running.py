"""Who keeps the process of a release running: our own supervisor, or systemd.

Our supervisor watches the link `current` by itself, so that nothing needs to be told to it. Under systemd the version
is read from the folder that the main process works in, which is what it was started from, whatever the link says now.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from holdfast.edges.providers.processes import Processes
from holdfast.errors import ActionError
from holdfast.model.frozen import frozen
from holdfast.model.supervised import LOCK_FILE, RELEASES, STATUS_FILE, supervised_from_json
from holdfast.ports.deployer import Deployed


class Running(Protocol):
    """Keeps the process of a release running."""

    def find_problem(self) -> str | None:
        """Say why it can't be used now."""
        ...

    def restart(self) -> None:
        """Let the process run what the link leads to; returns before it is healthy. Raises: ActionError."""
        ...

    def read(self) -> Deployed:
        """Return which version the process runs, and whether it is healthy. Raises: ActionError."""
        ...


@frozen
class BySupervisor:
    """`holdfast supervise` on the same machine."""

    root: Path

    def find_problem(self) -> str | None:
        """Say that no supervisor runs."""
        return None if self._lives() else f"no supervisor runs for {self.root}"

    def restart(self) -> None:
        """Do nothing: the supervisor watches the link."""

    def read(self) -> Deployed:
        """Return what the supervisor's status says."""
        if not self._lives():
            return Deployed(None, False, "no supervisor runs, and so nothing does")
        try:
            status = supervised_from_json((self.root / STATUS_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Deployed(None, None, "the supervisor has only begun")
        except (OSError, ValueError) as error:
            raise ActionError(f"the supervisor's status can't be read: {error}", where=str(self.root)) from None
        return Deployed(status.version, status.healthy, status.detail)

    def _lives(self) -> bool:
        """Whether the supervisor holds its lock."""
        try:
            descriptor = os.open(self.root / LOCK_FILE, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


@frozen
class BySystemd:
    """A unit whose `WorkingDirectory` is the link `current`."""

    root: Path
    unit: str
    processes: Processes
    timeout_s: float

    def find_problem(self) -> str | None:
        """Say that the unit is not loaded."""
        try:
            shown = self._show()
        except ActionError as error:
            return error.message
        state = shown.get("LoadState")
        return None if state == "loaded" else f"systemd does not have the unit `{self.unit}`: {state}"

    def restart(self) -> None:
        """Restart the unit, and don't wait for it. Raises: ActionError."""
        self._systemctl("restart", "--no-block", "--", self.unit)

    def read(self) -> Deployed:
        """Return the unit's state, and the release that its main process works in."""
        shown = self._show()
        state = f"{shown.get('ActiveState', 'unknown')} ({shown.get('SubState', 'unknown')})"
        version = self._version_of(shown.get("MainPID", "0"))
        healthy = shown.get("ActiveState") == "active" and shown.get("SubState") == "running"
        return Deployed(version, healthy, f"{self.unit} is {state}")

    def _version_of(self, pid: str) -> str | None:
        if not pid.isdecimal() or pid == "0":
            return None
        try:
            folder = Path(f"/proc/{pid}/cwd").readlink()
        except OSError:  # it ended meanwhile, or is another user's: its version can't be told
            return None
        return folder.name if folder.parent == (self.root / RELEASES).resolve() else None

    def _show(self) -> dict[str, str]:
        names = "LoadState,ActiveState,SubState,MainPID"
        lines = self._systemctl("show", f"--property={names}", "--", self.unit).splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def _systemctl(self, *words: str) -> str:
        done = self.processes.run(["systemctl", *words], variables={}, timeout_s=self.timeout_s)
        if done.status != 0:
            raise ActionError(f"systemctl {words[0]} of `{self.unit}` ended with {done.status}: {done.errors[-300:]}")
        return done.output
