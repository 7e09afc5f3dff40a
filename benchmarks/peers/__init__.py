"""Beside us: osv-scanner, Grype and Trivy on the same inputs and the same records, and how the findings differ.

Every scanner gets its database before the clock runs. Each run is a cold process; they take turns, so that whatever
else the machine does falls on all of them. The differences are those that `holdfast compare` tells; DIFFERENCES.md has
what no reason names. What holds or not is said of osv-scanner and Grype; Trivy stands beside them.
"""

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.shared import SHARED_DATA

from benchmarks.cold import PROGRAM
from benchmarks.measure import Figure, folder, percentile
from benchmarks.peers.inputs import INPUTS, Input
from benchmarks.peers.records import ECOSYSTEMS
from benchmarks.peers.tools import PEERS, Cost, Tool, ours

CASES = tuple(INPUTS)
"""What can be asked for alone: `make bench ARGS=peers:image`."""
BAR = ("osv-scanner", "grype")
"""The tools that we are to be faster than."""
RUNS = 5
ENOUGH_S = 45
"""No further round of an input begins after that: some take a minute."""


@dataclass(slots=True)
class Measured:
    """What runs of one tool on one input took, or why there is none."""

    costs: list[Cost] = field(default_factory=list)
    because: str = ""

    def words(self, first: "Measured | None" = None) -> str:
        """The figures in words, as many times those of `first` where that ran."""
        if not self.costs:
            return "did not run"
        walls = [one.wall_s for one in self.costs]
        processor = percentile([one.processor_s for one in self.costs], 0.5)
        time_x = memory_x = ""
        if first is not None and first.costs:
            time_x = f"{self.median_s / first.median_s:.1f} x ours, "
            memory_x = f" ({self.peak_mb / first.peak_mb:.1f} x ours)"
        clock = f"{self.median_s:.2f} s ({time_x}least {min(walls):.2f})"
        return f"{clock}, {processor:.2f} s of processors, {self.peak_mb:.0f} MB{memory_x}"

    @property
    def peak_mb(self) -> float:
        """The highest memory of any run."""
        return max(one.peak_mb for one in self.costs)

    @property
    def median_s(self) -> float:
        """The median on the clock."""
        return percentile([one.wall_s for one in self.costs], 0.5)


def run(case: str = "") -> Iterator[Figure]:
    """Measure all that are here, on one input or on all; say which are not."""
    with folder("peers") as data:
        (data / "inputs").mkdir()
        feed = _feed(data / "feed")
        tools = [ours(data / "holdfast", feed)]
        for name, make in PEERS.items():
            (data / name).mkdir()
            found = make(data / name)
            if isinstance(found, str):
                yield Figure(name, "not here", "reported", None, found)
            else:
                tools.append(found)
        for name in (case,) if case else CASES:
            yield from _figures(INPUTS[name](data / "inputs"), tools, data, feed)


def _feed(place: Path) -> Path:
    """Give the same records to ourselves, and no others."""
    place.mkdir()
    for ecosystem in ECOSYSTEMS:
        (place / ecosystem).symlink_to(SHARED_DATA / "osv" / ecosystem)
    (place / "ecosystems.txt").write_text("".join(f"{one}\n" for one in ECOSYSTEMS))
    return place


def _figures(given: Input, tools: Sequence[Tool], data: Path, feed: Path) -> Iterator[Figure]:
    reports = data / "reports"
    reports.mkdir(exist_ok=True)
    measured = {tool.name: Measured() for tool in tools}
    own, *others = tools
    own.run(given, reports / f"{own.name}.json")  # what is compiled once is not what is measured
    begun, load = time.monotonic(), os.getloadavg()[0]
    for _ in range(RUNS):
        if time.monotonic() - begun > ENOUGH_S:
            break
        for tool in tools:
            cost = tool.run(given, reports / f"{tool.name}.json")
            if isinstance(cost, str):
                measured[tool.name].because = cost
            else:
                measured[tool.name].costs.append(cost)
    first = measured[own.name]
    bar = [measured[name] for name in BAR if name in measured and measured[name].costs]
    target = "5 s, 300 MB" if given.kind == "image" else "faster than osv-scanner and grype"
    holds = is_held(given.kind, first, bar)
    beside = f"{len(first.costs)} runs each, the machine's load {load:.0f}"
    yield Figure(f"{given.what}: {own.name}", first.words(), target, holds, first.because or beside)
    for tool in others:
        told = measured[tool.name]
        beside = _differences(given, reports / f"{tool.name}.json", own, feed) if told.costs else told.because
        yield Figure(f"{given.what}: {tool.name}", told.words(first), "reported", None, beside)


def is_held(kind: str, first: Measured, bar: Sequence[Measured]) -> bool | None:
    """Return whether we are as fast as we are to be; `None` where that was not measured."""
    if not first.costs:
        return None
    if kind == "image":
        return first.median_s <= 5 and first.peak_mb <= 300
    return all(first.median_s < one.median_s for one in bar) if bar else None


def _differences(given: Input, report: Path, own: Tool, feed: Path) -> str:
    """Return in words how their findings differ from ours, by the reasons that `holdfast compare` gives."""
    command = [str(PROGRAM), "compare", str(report), str(given.path), "--data", str(own.data), "--feed", str(feed)]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"not compared: {(done.stderr.strip().splitlines() or ['no reason'])[-1][:160]}"
    rows = json.loads(done.stdout)["rows"]
    same = sum(1 for row in rows if row["standing"] == "same")
    counts = Counter(f"{row['standing']} {row['reason']}" for row in rows if row["standing"] != "same")
    return ", ".join([f"the same {same}", *(f"{name} {count}" for name, count in sorted(counts.items()))])
