"""From an exposure that is stored to ten thousand streams and a thousand in-process providers that know of the kill.

The server is `holdfast up` in a process of its own; the clients are two more, on the same cores. An advisory is pushed
that hits a service whose plan, proven by its drill, turns a flag off by itself. What is timed begins at the instant at
which the exposure was detected, as the store has it, and ends when the last client has read of the change. Every client
of the stream evaluates again after each notice, on a new connection.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import psutil

from benchmarks.measure import Figure, Server, database, folder, free_port, milliseconds, percentile, server
from benchmarks.pushes import prepare, record, rehearse_all, stub

SSE = int(os.environ.get("HOLDFAST_BENCH_SSE", "10000"))
GRPC = int(os.environ.get("HOLDFAST_BENCH_GRPC", "1000"))
PUSHES = 5
SERVICES = 10
"""Each with two flags; every push hits another one."""


def run() -> Iterator[Figure]:
    """Measure on the default store."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = free_port()
    with (
        folder("fanout") as data,
        database("sqlite", data) as url,
        stub() as answering,
        server(data, url, "--flagd-port", str(port)) as running,
    ):
        token = prepare(running, answering, SERVICES)
        rehearse_all(url)
        http_port = int(running.url.rsplit(":", 1)[1])
        with _crowd("sse", http_port, token, SSE) as sse, _crowd("grpc", port, token, GRPC) as grpc:
            yield from _figures(running, token, sse, grpc)


@contextmanager
def _crowd(kind: str, port: int, token: str, count: int) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "benchmarks.fanout_clients", kind, "127.0.0.1", str(port), token, str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        ready = _answer(process)
        if ready["ready"] < count:
            raise SystemExit(f"only {ready['ready']} of {count} {kind} clients came through")
        print(f"      {count} {kind} clients connected in {ready['seconds']:.1f} s", flush=True)
        yield process
    finally:
        process.kill()
        process.wait()


def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("the clients ended")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _ask(process: "subprocess.Popen[str]", edition: int) -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write(f"{edition}\n")
    process.stdin.flush()
    return _answer(process)


def _spent(running: Server) -> float:
    times = psutil.Process(running.process.pid).cpu_times()
    return float(times.user + times.system)


@dataclass(slots=True)
class _Seen:
    """Seconds from the detection of each exposure until its run changed the flag, and until clients knew."""

    acted: list[float] = field(default_factory=list)
    told: dict[str, list[float]] = field(default_factory=lambda: {"sse": [], "grpc": []})
    refetched: list[float] = field(default_factory=list)
    everybody: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)


def _revision(running: Server, token: str) -> int:
    """Return the revision of the flags that are served."""
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.post(f"{running.url}/ofrep/v1/evaluate/flags", json={"context": {}}, headers=headers, timeout=60)
    return int(answer.raise_for_status().headers["x-holdfast-revision"])


def _push(running: Server, number: int) -> str:
    """Push an advisory that hits one service; returns the id of its exposure."""
    content, headers = record(f"HF-FANOUT-{number}", f"own-{number}"), {"content-type": "application/json"}
    answer = running.client.post("/api/v1/advisories", content=content, headers=headers).raise_for_status().json()
    (exposure,) = answer["exposures"]
    return str(exposure)


def _clocks(running: Server, exposure: str) -> tuple[float, float]:
    """Return when the exposure was detected and first acted on, on the clock that the clients read."""
    found = running.client.get(f"/api/v1/findings/{exposure}").raise_for_status().json()["finding"]["clocks"]
    shift = time.time() - time.monotonic()
    detected, acted = (datetime.fromisoformat(found[name]).timestamp() - shift for name in ("detected_at", "acted_at"))
    return detected, acted


def _measure(running: Server, token: str, sse: "subprocess.Popen[str]", grpc: "subprocess.Popen[str]") -> _Seen:
    seen = _Seen()
    for number in range(PUSHES):
        time.sleep(2)
        edition, before = _revision(running, token) + 1, _spent(running)
        exposure = _push(running, number)
        answers = {"sse": _ask(sse, edition), "grpc": _ask(grpc, edition)}
        seen.spent.append(_spent(running) - before)
        begun, acted = _clocks(running, exposure)
        seen.acted.append(acted - begun)
        for kind, answer in answers.items():
            seen.told[kind] += [at - begun for at in answer["told"]]
        seen.refetched += [at - begun for at in answers["sse"]["refetched"]]
        seen.everybody.append(max(answers["sse"]["refetched"]) - begun)
    return seen


def _figures(
    running: Server, token: str, sse: "subprocess.Popen[str]", grpc: "subprocess.Popen[str]"
) -> Iterator[Figure]:
    load = os.getloadavg()[0]
    seen = _measure(running, token, sse, grpc)
    beside = f"{PUSHES} pushes, load {load:.1f} before"
    for kind, count in (("sse", SSE), ("grpc", GRPC)):
        p99 = percentile(seen.told[kind], 0.99)
        whole = len(seen.told[kind]) == count * PUSHES
        yield Figure(
            f"exposure stored → change delivered to {count} {kind} clients, p99",
            milliseconds(p99),
            "1000 ms",
            p99 <= 1.0 and whole,
            f"p50 {milliseconds(percentile(seen.told[kind], 0.5))}, {len(seen.told[kind])} of {count * PUSHES}; "
            f"the run acted after {milliseconds(percentile(seen.acted, 0.5))}; {beside}",
        )
    whole = len(seen.refetched) == SSE * PUSHES
    yield Figure(
        f"exposure stored → all {SSE} clients evaluated again",
        f"{max(seen.everybody):.1f} s",
        "10 s",
        max(seen.everybody) <= 10 and whole,
        f"{len(seen.refetched)} of {SSE * PUSHES}, {max(seen.spent):.1f} s of the server's processor; {beside}",
    )
    memory = psutil.Process(running.process.pid).memory_info().rss / 2**20
    yield Figure("the server's memory with all of them", f"{memory:.0f} MiB", "-", None)
