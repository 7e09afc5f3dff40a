"""From a change that is stored to ten thousand streams and a thousand in-process providers that know of it.

The server is `holdfast up` in a process of its own; the clients are two more, on the same cores. Every client of the
stream evaluates again after each notice, on a new connection. What is timed begins before the request that stores the
change is sent, and ends when the last client has read it.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from benchmarks.measure import Figure, Server, database, folder, free_port, milliseconds, percentile, server

SSE = int(os.environ.get("HOLDFAST_BENCH_SSE", "10000"))
GRPC = int(os.environ.get("HOLDFAST_BENCH_GRPC", "1000"))
CHANGES = 5
FLAGS = 20
ENVIRONMENT = "production"


def run() -> Iterator[Figure]:
    """Measure on the default store."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = free_port()
    with (
        folder("fanout") as data,
        database("sqlite", data) as url,
        server(data, url, "--flagd-port", str(port)) as running,
    ):
        token = _prepare(running)
        http_port = int(running.url.rsplit(":", 1)[1])
        with _crowd("sse", http_port, token, SSE) as sse, _crowd("grpc", port, token, GRPC) as grpc:
            yield from _figures(running, sse, grpc)


def _prepare(running: Server) -> str:
    running.client.put(f"/api/v1/environments/{ENVIRONMENT}", json={"tier": 1}).raise_for_status()
    for number in range(FLAGS):
        _define(running, f"flag-{number}", 0)
    body = {"name": "bench", "permissions": ["flags:read"], "environment": ENVIRONMENT}
    answer = running.client.post("/api/v1/tokens", json=body)
    answer.raise_for_status()
    return str(answer.json()["secret"])


def _define(running: Server, key: str, number: int) -> None:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off" if number % 2 else "on"}
    running.client.put(f"/api/v1/flags/{ENVIRONMENT}/{key}", json=flag | {"metadata": {"n": number}}).raise_for_status()


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


def _figures(running: Server, sse: "subprocess.Popen[str]", grpc: "subprocess.Popen[str]") -> Iterator[Figure]:
    told: dict[str, list[float]] = {"sse": [], "grpc": []}
    refetched: list[float] = []
    everybody: list[float] = []
    spent: list[float] = []
    for number in range(1, CHANGES + 1):
        time.sleep(2)
        before = _spent(running)
        begun = time.monotonic()
        _define(running, "flag-0", number)
        edition = FLAGS + number
        answers = {"sse": _ask(sse, edition), "grpc": _ask(grpc, edition)}
        for kind, answer in answers.items():
            told[kind] += [at - begun for at in answer["told"]]
        refetched += [at - begun for at in answers["sse"]["refetched"]]
        everybody.append(max(answers["sse"]["refetched"]) - begun)
        spent.append(_spent(running) - before)
    load = f"{CHANGES} changes, load {os.getloadavg()[0]:.1f}"
    for kind, count in (("sse", SSE), ("grpc", GRPC)):
        p99 = percentile(told[kind], 0.99)
        whole = len(told[kind]) == count * CHANGES
        yield Figure(
            f"change stored → delivered to {count} {kind} clients, p99",
            milliseconds(p99),
            "1000 ms",
            p99 <= 1.0 and whole,
            f"p50 {milliseconds(percentile(told[kind], 0.5))}, {len(told[kind])} of {count * CHANGES}; {load}",
        )
    whole = len(refetched) == SSE * CHANGES
    yield Figure(
        f"all {SSE} clients evaluated again",
        f"{max(everybody):.1f} s",
        "10 s",
        max(everybody) <= 10 and whole,
        f"{len(refetched)} of {SSE * CHANGES} answered, {max(spent):.1f} s of the server's processor; {load}",
    )
    memory = psutil.Process(running.process.pid).memory_info().rss / 2**20
    yield Figure("the server's memory with all of them", f"{memory:.0f} MiB", "-", None)
