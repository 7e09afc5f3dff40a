"""Keeps the process of the current release running: `holdfast supervise`.

Rules:
1. What runs is started in the folder that the link `current` led to at that moment. When the link leads elsewhere, the
   old process is ended and the new one started; nobody needs to tell the supervisor, and none of its crashes loses it.
2. A process that dies is started again, later and later; one that was healthy for a while begins at the first pause.
3. It is healthy when its health check says so now; without a check, once it has lived for a second.
4. The supervisor's lock is held while it lives, and its process dies with it: there are never two.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from holdfast.edges.agent.health_check import check_health
from holdfast.errors import ActionError
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.supervised import (
    CURRENT,
    LOCK_FILE,
    RELEASES,
    STATUS_FILE,
    Supervised,
    supervised_to_json,
)

LOOK_S = 0.1
HEALTH_PACE_S = (0.2, 1.0)
"""Seconds between two looks: while it is not healthy, and while it is."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
STEADY_S = 10.0
"""A process that lived that long is started again at the first pause."""
_SETTLED_S = 1.0
_PR_SET_PDEATHSIG = 1


@frozen
class Supervision:
    """What to keep running: `words` in the release's folder. `health` is an http(s) URL or `host:port`."""

    root: Path
    words: tuple[str, ...]
    health: str | None = None
    stop_s: float = 10.0


def pause_s(failures: int) -> float:
    """Return the pause before the next start after that many deaths in a row."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(max(failures - 1, 0), 30))


@dataclass(slots=True)
class _Child:
    """A process that was started, of which version, and what its health check said last."""

    process: "subprocess.Popen[bytes]"
    version: str
    started_at: float
    healthy: bool | None = None
    detail: str = "started"
    due_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Keeps one process running until `stop` is set; `restart` asks for a new one of the same release.

    Both are looked at all the time and never waited for: a signal's handler sets them, and must not want a lock that
    what it interrupts may hold.
    """

    what: Supervision
    stop: bool = False
    restart: bool = False
    _child: _Child | None = None
    _not_before: float = 0.0
    _failures: int = 0
    _starts: int = 0
    _told: tuple[object, ...] = ()
    _idle: str = "nothing was started yet"

    def run(self) -> None:
        """Go on until told to stop; ends the process then.

        Raises:
            ActionError: another supervisor has the root, or it can't be written to.
        """
        descriptor = self._lock()
        try:
            while not self.stop:
                self._turn(time.monotonic())
                time.sleep(LOOK_S)
        finally:
            self._end("the supervisor was told to stop")
            self._tell()
            os.close(descriptor)

    def _lock(self) -> int:
        path = self.what.root / LOCK_FILE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ActionError(f"the lock of the supervisor can't be made: {error}", where=str(path)) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ActionError(f"another supervisor runs for {self.what.root}", hint="end it first") from None
        return descriptor

    def _turn(self, now: float) -> None:
        version = self._find_version()
        self._reap(now)
        if self._child is not None and (version != self._child.version or self.restart):
            self._end("another release is to run")
            self._failures, self._not_before = 0, 0.0
        if self._child is None and version is not None and now >= self._not_before:
            self._start(version, now)
        if self._child is not None:
            self._look(self._child, now)
        self._tell()

    def _find_version(self) -> str | None:
        """Return the version that the link leads to; what leads elsewhere is as good as none."""
        try:
            folder = (self.what.root / CURRENT).readlink()
        except OSError as error:
            self._idle = f"the link `{CURRENT}` can't be read: {error.strerror}"
            return None
        if (self.what.root / folder).parent.resolve() != (self.what.root / RELEASES).resolve():
            self._idle = f"the link `{CURRENT}` leads to {folder}, which is none of the releases"
            return None
        return folder.name

    def _start(self, version: str, now: float) -> None:
        self.restart = False
        self._starts += 1
        try:
            process = subprocess.Popen(
                list(self.what.words),
                cwd=self.what.root / RELEASES / version,
                env={**os.environ, "HOLDFAST_RELEASE": version},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - the supervisor has one thread
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self._fail(f"`{version}` can't be started: {error}", now)
            return
        self._child = _Child(process, version, now)

    def _reap(self, now: float) -> None:
        child = self._child
        if child is None or child.process.poll() is None:
            return
        if now - child.started_at >= STEADY_S:
            self._failures = 0
        self._end("")
        self._fail(f"`{child.version}` ended with {child.process.returncode}", now)

    def _fail(self, because: str, now: float) -> None:
        self._failures += 1
        wait_s = pause_s(self._failures)
        self._not_before = now + wait_s
        self._idle = f"{because}; it is started again after {wait_s:g} s"

    def _look(self, child: _Child, now: float) -> None:
        if now < child.due_at:
            return
        if self.what.health is None:
            child.healthy = now - child.started_at >= _SETTLED_S
            child.detail = "it runs" if child.healthy else "started"
            return
        problem = check_health(self.what.health)
        child.healthy, child.detail = problem is None, problem or "its health check holds"
        child.due_at = time.monotonic() + HEALTH_PACE_S[child.healthy]

    def _end(self, because: str) -> None:
        """End the process with everything that it started: asked first, then killed."""
        child, self._child = self._child, None
        if child is None:
            return
        self._idle = because or self._idle
        _signal_all(child.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):  # it is killed next, as are those of its own that did not listen
            child.process.wait(timeout=self.what.stop_s)
        _signal_all(child.process.pid, signal.SIGKILL)
        child.process.wait()

    def _tell(self) -> None:
        """Write the status down where it changed."""
        child = self._child
        told: tuple[str | None, int | None, bool | None, str] = (
            (child.version, child.process.pid, child.healthy, child.detail)
            if child
            else (None, None, False, self._idle)
        )
        if told == self._told:
            return
        status = Supervised(*told, self._starts, format_instant(datetime.now(UTC)))
        path = self.what.root / STATUS_FILE
        beside = path.with_suffix(".new")
        try:
            beside.write_text(supervised_to_json(status), encoding="utf-8")
            beside.replace(path)
        except OSError:
            return  # a full disk must not end what serves people; it is told as soon as there is room
        self._told = told


def _signal_all(group: int, number: signal.Signals) -> None:
    """Signal a process and what it started; a group that is gone is what was wanted."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when the supervisor ends, however it ends. Source: prctl(2)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def supervise(what: Supervision) -> None:
    """Supervise until SIGTERM or SIGINT; SIGHUP restarts the process. Raises: ActionError."""
    supervisor = Supervisor(what)

    def stop(*_: object) -> None:
        supervisor.stop = True

    def restart(*_: object) -> None:
        supervisor.restart = True

    for number, handler in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, restart)):
        signal.signal(number, handler)
    supervisor.run()
