"""Workers to be killed: real engines in processes of their own, forked from one that has everything loaded.

    python -m benchmarks.chaos.worker PORT

Reads one order a line from stdin: `{"id", "url", "org", "plan", "stop"}`. Each is carried out by a child that prints
lines of its own: `at` when it came to the boundary where it has to stop (it waits there to be killed), `end` with the
state that the run came to and the boundaries that it passed. The children are killed by who reads those lines.
"""

import json
import os
import signal
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.chaos.estate import FLAGD_TEXT, advance, open_engine, prepare, write_flags
from benchmarks.chaos.plans import sweeps
from holdfast.edges.stores import open_store

DEADLINE_S = 60.0


class Passage:
    """Counts the boundaries that an engine passes, and waits at the one where it is to be killed."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._stop = tuple(order["stop"]) if order["stop"] else None
        self.seen: list[tuple[str, int, str]] = []
        self.first_at = 0.0

    def __call__(self, boundary: str, run: Any, step: int) -> None:
        """Be told that the engine is at a boundary."""
        way = "undo" if run.released or run.state.value == "undoing" else "do"
        here = (way, step, boundary)
        self.first_at = self.first_at or time.time()
        if here not in self.seen:
            self.seen.append(here)
        if here == self._stop:
            say({"id": self._order["id"], "event": "at", "pid": os.getpid()})
            while True:
                signal.pause()


def say(line: dict[str, Any]) -> None:
    """Print one line in one write, so that children do not mix theirs."""
    os.write(1, (json.dumps(line) + "\n").encode())


def work(order: dict[str, Any], port: int) -> None:
    """Be one worker: go on with the run until it comes to its end."""
    passage = Passage(order)
    sweep = next(one for one in sweeps(port) if one.plan.id == order["plan"])
    store = open_store(order["url"])
    run_id = prepare(store, order["org"], sweep.plan)
    file = Path(order["flags"]) if sweep.elsewhere else None
    if file is not None:
        write_flags(file)
    engine = open_engine(store, port, passage, file)
    end = time.monotonic() + DEADLINE_S
    state = advance(store, engine, order["org"], run_id, end)
    with store.read(order["org"]) as tx:
        overlays = tx.overlays.of_run(run_id)
    say(
        {
            "id": order["id"],
            "event": "end",
            "run": run_id,
            "state": state,
            "seen": passage.seen,
            "laid": len(overlays),
            "held": sum(overlay.lifted_at is None for overlay in overlays)
            + int(file is not None and file.read_text(encoding="utf-8") != FLAGD_TEXT),
            "first_at": passage.first_at,
        }
    )


def warm(port: int) -> None:
    """Carry one run out before the first fork, so that no worker has to load anything."""
    sweep = next(one for one in sweeps(port) if one.plan.id == "diamond")
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-chaos-") as folder,
        closing(open_store(f"{folder}/warm.db")) as store,
    ):
        run_id = prepare(store, "warm", sweep.plan)
        engine = open_engine(store, port, lambda _name, _run, _step: None)
        advance(store, engine, "warm", run_id, time.monotonic() + DEADLINE_S)


def main(port: int) -> None:
    """Fork a worker for each order until there is none left."""
    warm(port)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        if os.fork() == 0:
            try:
                work(order, port)
            finally:
                sys.stderr.flush()
                os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
