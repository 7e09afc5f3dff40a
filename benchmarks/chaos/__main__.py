"""Kill workers everywhere, and count what is lost and what is doubled.

    make chaos                     both stores, everything
    make chaos ARGS="--store sqlite --plan requests"

For each plan an undisturbed run tells every boundary that an engine passes: before and after each commit and each call
to the outside, on the way there and on the way back. Then, for each boundary, a worker is killed (SIGKILL, by this
process) exactly there, and another one takes over and finishes. Effects are counted by a target in a process of its own
that knows nothing of Holdfast. Every point is a line of `var/chaos/points.jsonl`; the last line printed is counted from
that file.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.__main__ import record
from benchmarks.chaos.plans import Sweep, sweeps
from benchmarks.chaos.sweep import Place, Point, Survey, judge, read_log, target, workers
from benchmarks.measure import ROOT, Figure, database
from holdfast.edges.stores import open_store

POINTS = ROOT / "var/chaos/points.jsonl"
WANTED = 1000
TAKEOVER_S = 5.0


def main(arguments: list[str]) -> int:
    """Sweep; returns 1 when anything was lost or doubled, or a boundary was not reached."""
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--plan", action="append")
    parser.add_argument("--go-on", action="store_true", help="add to the points that are there")
    asked = parser.parse_args(arguments)
    POINTS.parent.mkdir(parents=True, exist_ok=True)
    if not asked.go_on:
        POINTS.unlink(missing_ok=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-chaos-") as name, ExitStack() as stack:
        folder = Path(name)
        log = folder / "effects.log"
        port = stack.enter_context(target(log))
        crew = stack.enter_context(workers(port))
        chosen = [sweep for sweep in sweeps(port) if not asked.plan or sweep.plan.id in asked.plan]
        for store in asked.store or ("sqlite", "postgresql"):
            with _place(store, folder) as place:
                for sweep in chosen:
                    _sweep(Survey(crew, place), sweep, log)
    return _close(time.monotonic() - begun)


@contextmanager
def _place(store: str, folder: Path) -> Iterator[Place]:
    """Give a store of the newest schema."""
    files = folder / store
    files.mkdir()
    with database(store, files) as url:
        open_store(url).close()
        yield Place(store, url, files)


def _sweep(survey: Survey, sweep: Sweep, log: Path) -> None:
    boundaries = survey.boundaries(sweep)
    points = list(survey.points(sweep, boundaries))
    seen = read_log(log)
    with POINTS.open("a", encoding="utf-8") as out:
        for point in points:
            lost, doubled = judge(point, sweep, seen)
            out.write(json.dumps(_line(point, lost, doubled)) + "\n")
    print(f"{survey.store} {sweep.plan.id}: {len(points)} points", file=sys.stderr, flush=True)


def _line(point: Point, lost: int, doubled: int) -> dict[str, object]:
    way, step, boundary = point.boundary
    return {
        "plan": point.plan,
        "step": step,
        "way": way,
        "boundary": boundary,
        "store": point.store,
        "killed": point.reached,
        "ended": point.state,
        "takeover_s": None if point.takeover_s is None else round(point.takeover_s, 3),
        "lost": lost,
        "doubled": doubled,
    }


def _close(took_s: float) -> int:
    """Count from the file, and say it."""
    lines = [json.loads(line) for line in POINTS.read_text(encoding="utf-8").splitlines()]
    distinct = {(one["plan"], one["step"], one["way"], one["boundary"], one["store"]) for one in lines if one["killed"]}
    lost, doubled = sum(one["lost"] for one in lines), sum(one["doubled"] for one in lines)
    missed = sum(not one["killed"] for one in lines)
    for one in lines:
        if one["lost"] or one["doubled"] or not one["killed"]:
            print(json.dumps(one), file=sys.stderr)
    waits = sorted(one["takeover_s"] for one in lines if one["killed"] and one["takeover_s"] is not None)
    said = f"points {len(distinct)}, lost {lost}, doubled {doubled}"
    if waits:
        takeover = f"p50 {waits[len(waits) // 2]:.2f} s, longest {waits[-1]:.2f} s"
        print(f"takeover {takeover}", file=sys.stderr)
        stores = " and ".join(sorted({one["store"] for one in lines}))
        holds = len(distinct) >= WANTED and not lost and not doubled
        record(
            "chaos",
            [
                Figure(f"kill -9 at every boundary, {stores}", said, "1,000 points, 0 lost, 0 doubled", holds),
                Figure(
                    "takeover by another worker", takeover, "5 s", waits[-1] <= TAKEOVER_S, "of it 3 s are the lease"
                ),
            ],
        )
    if missed:
        print(f"{missed} boundaries were not reached", file=sys.stderr)
    print(f"{took_s:.0f} s; {POINTS.relative_to(ROOT)}", file=sys.stderr)
    print(said)
    return int(bool(lost or doubled))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
