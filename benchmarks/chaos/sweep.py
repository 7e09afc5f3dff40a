"""The parent of the sweep: tells workers what to do, kills each at its boundary, and counts what the target saw."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from benchmarks.chaos.plans import Sweep
from holdfast.model.frozen import frozen

Boundary = tuple[str, int, str]
"""(`do` or `undo`, step, boundary)."""
TOGETHER = 16
PATIENCE_S = 90.0


@dataclass
class Workers:
    """The process that forks workers, and what they say, told apart by the order's id."""

    process: "subprocess.Popen[str]"
    said: dict[str, "SimpleQueue[dict[str, Any]]"] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, identifier: str, **order: Any) -> "SimpleQueue[dict[str, Any]]":
        """Start a worker; returns where its lines come in."""
        queue: SimpleQueue[dict[str, Any]] = SimpleQueue()
        assert self.process.stdin is not None
        with self.lock:
            self.said[identifier] = queue
            self.process.stdin.write(json.dumps({"id": identifier, **order}) + "\n")
            self.process.stdin.flush()
        return queue

    def listen(self) -> None:
        """Hand lines out until there are none."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            self.said[said["id"]].put(said)


@contextmanager
def workers(port: int) -> Iterator[Workers]:
    """Start the process that forks workers; it ends with its stdin."""
    command = [sys.executable, "-m", "benchmarks.chaos.worker", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    out = Workers(process)
    threading.Thread(target=out.listen, daemon=True).start()
    try:
        yield out
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


@contextmanager
def target(log: Path) -> Iterator[int]:
    """Start the independent target; gives its port."""
    command = [sys.executable, "-m", "benchmarks.chaos.target", str(log)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=30)


@frozen
class Place:
    """A store of the sweep: SQLite gives every point a file of its own, PostgreSQL an org of its own."""

    name: str
    url: str
    folder: Path

    def of(self, org: str) -> str:
        """Return where an org's store is."""
        if self.name != "sqlite":
            return self.url
        file = self.folder / f"{org}.db"
        if not file.exists():
            shutil.copy(self.url, file)
        return str(file)

    def forget(self, org: str) -> None:
        """Remove what an org left on disk."""
        for file in self.folder.glob(f"{org}.db*"):
            file.unlink()


@frozen
class Point:
    """One kill: where, whether it was reached, and what the run came to in the next worker's hands.

    `takeover_s` are the seconds until the next worker was at its first boundary, `None` if nothing was left to do.
    """

    plan: str
    store: str
    boundary: Boundary
    org: str
    reached: bool
    state: str
    run: str
    laid: int
    held: int
    takeover_s: float | None


class Survey:
    """Carries the points of one store out."""

    def __init__(self, crew: Workers, place: Place) -> None:
        self._crew = crew
        self._place = place

    @property
    def store(self) -> str:
        """The name of the store."""
        return self._place.name

    def boundaries(self, sweep: Sweep) -> list[Boundary]:
        """Let a run go undisturbed; returns every boundary that it passes."""
        end = self._finish(f"{self._place.name}-{sweep.plan.id}-whole", sweep)
        return [(way, step, name) for way, step, name in end["seen"]]

    def points(self, sweep: Sweep, boundaries: Sequence[Boundary]) -> Iterator[Point]:
        """Kill a worker at every boundary, let another one finish, and judge what the target saw."""
        with ThreadPoolExecutor(TOGETHER) as pool:
            yield from pool.map(lambda numbered: self._point(sweep, *numbered), enumerate(boundaries))

    def _point(self, sweep: Sweep, number: int, boundary: Boundary) -> Point:
        org = f"{self._place.name}-{sweep.plan.id}-{number}"
        order = {
            "url": self._place.of(org),
            "org": org,
            "plan": sweep.plan.id,
            "stop": list(boundary),
            "flags": self._flags(org),
        }
        said = _next(self._crew.order(f"{org}/1", **order))
        reached = said["event"] == "at"
        if reached:
            os.kill(said["pid"], signal.SIGKILL)
        killed_at = time.time()
        end = self._finish(org, sweep)
        self._place.forget(org)
        takeover_s = end["first_at"] - killed_at if end["first_at"] else None
        found = (end["state"], end["run"], end["laid"], end["held"])
        return Point(sweep.plan.id, self._place.name, boundary, org, reached, *found, takeover_s)

    def _flags(self, org: str) -> str:
        """Return where the flags of an org are that another system serves: a folder of their own, to be locked."""
        folder = self._place.folder / f"{org}.flags"
        folder.mkdir(exist_ok=True)
        return str(folder / "flags.json")

    def _finish(self, org: str, sweep: Sweep) -> dict[str, Any]:
        order = {"url": self._place.of(org), "org": org, "plan": sweep.plan.id, "stop": None, "flags": self._flags(org)}
        return _next(self._crew.order(f"{org}/2", **order))


def _next(queue: "SimpleQueue[dict[str, Any]]") -> dict[str, Any]:
    try:
        return queue.get(timeout=PATIENCE_S)
    except Empty:
        return {"event": "end", "state": "no answer", "run": "", "seen": [], "laid": 0, "held": 0, "first_at": 0.0}


def read_log(log: Path) -> Counter[str]:
    """Return how often the target did each key."""
    return Counter(log.read_text(encoding="utf-8").splitlines())


def judge(point: Point, sweep: Sweep, seen: Counter[str]) -> tuple[int, int]:
    """Return (lost, doubled): effects that are missing or were not taken back, and those that happened twice."""
    lost = int(point.state != sweep.ends) + abs(sweep.flags - point.laid) + point.held
    doubled = 0
    for number in range(1, len(sweep.plan.steps) + 1):
        wanted = int(number in sweep.done)
        for key in (f"{point.run}/{number}", f"{point.run}/{number}/undo"):
            lost += seen[key] < wanted
            doubled += max(0, seen[key] - wanted)
    return lost, doubled
