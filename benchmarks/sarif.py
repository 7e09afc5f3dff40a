"""A SARIF report of 300 MB with 260,000 results: read in a cold process, beside Python's own JSON reader."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cold import measured
from benchmarks.measure import Figure, folder

RESULTS = 260_000
BYTES = 300 << 20
_HOLDFAST = "import sys; from pathlib import Path; from holdfast.edges.cli.gate_tools import read_report_file as read; "
_HOLDFAST += "assert len(read(Path(sys.argv[1])).findings) == 200_000"
_PYTHON = "import sys, json; assert json.load(open(sys.argv[1]))['runs']"


def run() -> Iterator[Figure]:
    """Measure time and memory of both."""
    with folder("sarif") as data:
        path = data / "report.sarif"
        _write(path)
        size = f"{path.stat().st_size / 2**20:.0f} MB"
        seconds, memory = measured([sys.executable, "-c", _HOLDFAST, str(path)], {})
        plain_seconds, plain_memory = measured([sys.executable, "-c", _PYTHON, str(path)], {})
        name = f"SARIF of {size}, {RESULTS:,} results, read, cold process"
        beside = f"`json.load` alone {plain_seconds:.1f} s, {plain_memory:.0f} MB: {seconds / plain_seconds:.1f} × the "
        beside += f"time, {memory / plain_memory:.2f} × the memory; 200,000 findings are kept, the rest is a gap"
        yield Figure(name, f"{seconds:.1f} s, {memory:.0f} MB", "300 MB", memory <= 300, beside)


def _write(path: Path) -> None:
    """Write results first and rules last, as tools do that are piped."""
    with path.open("w") as file:
        file.write('{"version": "2.1.0", "runs": [{"results": [')
        room = (BYTES - 1000) // RESULTS
        for number in range(RESULTS):
            file.write("," if number else "")
            file.write(_result(number, room))
        file.write(f'], "tool": {json.dumps({"driver": {"name": "t", "rules": [{"id": "r"}]}})}}}]}}')


def _result(number: int, room: int) -> str:
    region = {"startLine": number % 3000 + 1, "snippet": {"text": f"call({number % 977})"}}
    at = {"physicalLocation": {"artifactLocation": {"uri": f"src/module{number // 300}.c"}, "region": region}}
    one: dict[str, Any] = {"ruleId": "r", "message": {"text": f"a call of {number % 977}"}, "locations": [at]}
    text = json.dumps(one)
    flow = json.dumps({"codeFlows": "x" * max(0, room - len(text) - 30)})
    return text[:-1] + ", " + flow[1:]
