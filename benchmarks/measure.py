"""How we measure: percentiles, a server as a process of its own, a machine in words."""

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from holdfast.model.frozen import frozen

ROOT = Path(__file__).parents[1]


@frozen
class Figure:
    """One line of the results: what was measured, the figure, what it must be at most, and beside what."""

    what: str
    measured: str
    target: str
    holds: bool | None
    beside: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def milliseconds(seconds: float) -> str:
    """Return `12.3 ms`."""
    return f"{seconds * 1000:.1f} ms"


def machine() -> str:
    """Return this machine's size in words, and how fast it is just now: rented cores are not always the same."""
    memory = psutil.virtual_memory().total / 2**30
    size = f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"
    return f"{size}, ten million additions in {_additions():.2f} s"


def _additions() -> float:
    """Return how long Python takes for ten million additions, the best of three, in seconds."""
    best = float("inf")
    for _ in range(3):
        begun, total = time.perf_counter(), 0
        for number in range(10_000_000):
            total += number
        best = min(best, time.perf_counter() - begun)
    return best


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """Give a folder on disk that goes away."""
    path = Path(tempfile.mkdtemp(prefix=f"holdfast-bench-{prefix}-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def database(engine: str, data: Path) -> Iterator[str]:
    """Give a fresh store of an engine: a file in `data`, or a private PostgreSQL with `fsync` on."""
    if engine == "sqlite":
        yield str(data / "holdfast.db")
        return
    script = ROOT / "scripts/postgresql.sh"
    environment = {**os.environ, "HOLDFAST_PG_FSYNC": "on"}
    started = subprocess.run([str(script), "start"], capture_output=True, text=True, check=True, env=environment)
    url, place = started.stdout.split()
    try:
        yield url
    finally:
        subprocess.run([str(script), "stop", place], check=False)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Server:
    """A running `holdfast up`; `client` speaks as its administrator."""

    client: httpx.Client
    process: "subprocess.Popen[bytes]"
    url: str


@contextmanager
def server(data: Path, url: str, *options: str) -> Iterator[Server]:
    """Run a server on a store."""
    port = free_port()
    command = [sys.executable, "-m", "holdfast", "up", "--data", str(data), "--database", url]
    command += ["--port", str(port), "--no-open", "--feed", "none", *options]
    environment = {**os.environ, "HOLDFAST_KEV": "none", "HOLDFAST_EPSS": "none"}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, process)
        token = (data / "admin.token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=base, headers=headers, timeout=120, trust_env=False) as client:
            yield Server(client, process, base)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(base: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            if httpx.get(f"{base}/readyz", timeout=1, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up")
