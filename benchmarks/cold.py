"""Cold processes: a scan, `--version`, and from a clone to the first page."""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
from tests.shared import SHARED_DATA

from benchmarks.measure import ROOT, Figure, folder, free_port, percentile
from benchmarks.seed import osv_components
from holdfast.model.frozen import frozen

PROGRAM = ROOT / ".venv/bin/holdfast"
RUNS = 10
SCANS = 30


def run() -> Iterator[Figure]:
    """Measure each."""
    yield from _scan()
    yield _version()
    yield from _clone()


def _lock_file(path: Path, packages: int = 1000) -> None:
    chance = random.Random(5)
    named = [one for one in osv_components(20_000) if one.ecosystem == "PyPI"]
    chosen = {one.name: one.version for one in chance.sample(named, min(len(named), packages // 2))}
    while len(chosen) < packages:
        chosen[f"invented-{len(chosen)}"] = f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(9)}"
    path.write_text("".join(f"{name}=={version}\n" for name, version in sorted(chosen.items())))


@frozen
class Measured:
    """What a process took; `processor_s` is of user and system, which a loaded machine changes least."""

    wall_s: float
    peak_mb: float
    processor_s: float


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return (seconds, peak MB) of a process."""
    found = measure_process(command, environment)
    return found.wall_s, found.peak_mb


def measure_process(command: list[str], environment: dict[str, str]) -> Measured:
    """Return what a process took. Raises: SystemExit: it failed."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return Measured(time.perf_counter() - begun, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def _scan() -> Iterator[Figure]:
    with folder("scan") as data:
        (data / "project").mkdir()
        _lock_file(data / "project/requirements.txt")
        feed = str(SHARED_DATA / "osv")
        environment = {**os.environ, "HOLDFAST_KEV": str(SHARED_DATA / "kev.json")}
        command = [str(PROGRAM), "scan", str(data / "project"), "--data", str(data / "data"), "--feed", feed]
        command += ["--offline", "--format", "json"]
        first = measure_process(command, environment)
        runs = [measure_process(command, environment) for _ in range(SCANS)]
        middle, memory = percentile([one.wall_s for one in runs], 0.5), max(one.peak_mb for one in runs)
        least, processor = min(one.wall_s for one in runs), min(one.processor_s for one in runs)
        yield Figure(
            "scan of a lock file with 1,000 packages, cold process, offline, feed synced",
            f"{middle:.2f} s, {memory:.0f} MB",
            "0.25 s, 120 MB",
            middle <= 0.25 and memory <= 120,
            f"the best of {SCANS} {least:.2f} s, {processor:.2f} s of one processor; python itself {_python():.2f} s;"
            f" the machine's load {os.getloadavg()[0]:.0f}; the first, which compiles the feed: {first.wall_s:.1f} s",
        )


def _python() -> float:
    """Return the best wall seconds of a Python that does nothing."""
    return min(measured([str(ROOT / ".venv/bin/python"), "-c", "pass"], dict(os.environ))[0] for _ in range(RUNS))


def _version() -> Figure:
    times = [measured([str(PROGRAM), "--version"], dict(os.environ))[0] for _ in range(RUNS)]
    bare = [measured([str(ROOT / ".venv/bin/python"), "-c", "pass"], dict(os.environ))[0] for _ in range(RUNS)]
    seconds, python = percentile(times, 0.5), percentile(bare, 0.5)
    return Figure(
        "holdfast --version",
        f"{seconds * 1000:.0f} ms",
        "150 ms",
        seconds <= 0.15,
        f"python itself {python * 1000:.0f} ms",
    )


def _clone() -> Iterator[Figure]:
    with folder("clone") as place:
        begun = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(place / "clone")], check=True)
        port = free_port()
        environment = {**os.environ, "HOLDFAST_FEED": str(SHARED_DATA / "osv"), "HOLDFAST_EPSS": "none"}
        environment["HOLDFAST_KEV"] = str(SHARED_DATA / "kev.json")
        log = (place / "log").open("wb")
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=place / "clone",
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            page = _first_page(process, port, place / "clone/var/holdfast/admin.token", begun)
            served = [one for one in psutil.Process(process.pid).children(recursive=True) if _is_server(one)]
            time.sleep(15)  # let the first look and sync finish: that is when memory is highest
            memory = max(one.memory_info().rss for one in served) / 2**20
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=30)
            shutil.rmtree(place / "clone", ignore_errors=True)
        yield Figure(
            "clone to first page of `make run`, package cache warm; resident memory 15 s later",
            f"{page:.0f} s; {memory:.0f} MB",
            "60 s; 300 MB",
            page <= 60 and memory <= 300,
        )


def _is_server(process: psutil.Process) -> bool:
    return "up" in process.cmdline()


def _first_page(process: "subprocess.Popen[bytes]", port: int, token_file: Path, begun: float) -> float:
    while time.perf_counter() - begun < 180 and process.poll() is None:
        try:
            if token_file.exists():
                token = token_file.read_text().strip()
                base = f"http://127.0.0.1:{port}"
                code = httpx.post(f"{base}/api/v1/login-codes", headers={"authorization": f"Bearer {token}"}).json()
                with httpx.Client(base_url=base) as browser:
                    browser.get(code["path"])  # the answer sets the session and refreshes to the first page
                    if "Holdfast" in browser.get("/").text:
                        return time.perf_counter() - begun
        except (httpx.HTTPError, ValueError, KeyError):
            pass
        time.sleep(0.2)
    raise SystemExit("no first page within three minutes")
