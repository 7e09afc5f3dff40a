"""The scanners: where they are, how each is asked, and what a run of one costs."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.cold import PROGRAM
from benchmarks.measure import ROOT
from benchmarks.peers.inputs import Input
from benchmarks.peers.records import lay_grype, lay_osv, lay_trivy
from holdfast.model.frozen import frozen

BUILT = ROOT / "var/peers/bin"
"""Where `scripts/peers.sh` puts them."""
HOLDFAST = "holdfast"
_FOUND_SOMETHING = 1
LONGEST_S = 600
"""A run that takes longer is ended."""
_LAUNCH = """
import json, os, sys, time
begun = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
code, wall_s = os.waitstatus_to_exitcode(status), time.perf_counter() - begun
with open(sys.argv[1], "w") as told:
    json.dump([code, wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024], told)
"""
"""Starts a program and writes what it took. What this process itself has held would else count as the program's."""


@frozen
class Cost:
    """What a process took: seconds on the clock and of processors, and its highest resident memory."""

    wall_s: float
    processor_s: float
    peak_mb: float


@frozen
class Tool:
    """A scanner that is here. `data` holds its database, `environment` is what it needs beside ours."""

    name: str
    program: Path
    data: Path
    arguments: Callable[[Path, Input], list[str]]
    environment: dict[str, str]

    def run(self, given: Input, report: Path) -> Cost | str:
        """Scan, and write the JSON; returns why it could not where it could not."""
        command = [str(self.program), *self.arguments(self.data, given)]
        talk, cost = report.with_suffix(".log"), report.with_suffix(".cost")
        with report.open("wb") as out, talk.open("wb") as err:
            launcher = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(cost), *command]
            environment = {**os.environ, **self.environment}
            child = subprocess.Popen(launcher, stdout=out, stderr=err, env=environment, start_new_session=True)
            try:
                child.wait(timeout=LONGEST_S)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                return f"not done within {LONGEST_S} s"
        code, *figures = json.loads(cost.read_text())
        if code not in {0, _FOUND_SOMETHING} or not report.stat().st_size:
            lines = talk.read_text(errors="replace").strip().splitlines() or ["it says nothing"]
            return f"ended with {code}: {lines[-1][:160]}"
        return Cost(*figures)


def find_program(name: str) -> Path | None:
    """Return where a program is, built by us or on PATH; `None` where it is not."""
    built = BUILT / name
    found = str(built) if os.access(built, os.X_OK) else shutil.which(name)
    return Path(found) if found else None


def ours(data: Path, feed: Path) -> Tool:
    """Return Holdfast itself."""

    def arguments(place: Path, given: Input) -> list[str]:
        return ["scan", str(given.path), "--data", str(place), "--feed", str(feed), "--format", "json"]

    return Tool(HOLDFAST, PROGRAM, data, arguments, {"HOLDFAST_KEV": "none", "HOLDFAST_EPSS": "none"})


def osv_scanner(data: Path) -> Tool | str:
    """Return osv-scanner with the shared records; why not, where it is not here."""
    program = find_program("osv-scanner")
    if program is None:
        return _missing("osv-scanner")
    lay_osv(data)

    def arguments(place: Path, given: Input) -> list[str]:
        offline = ["--offline", "--local-db-path", str(place), "--format", "json"]
        match given.kind:
            case "image":
                return ["scan", "image", *offline, "--archive", str(given.path)]
            case "sbom":
                return ["scan", "source", *offline, "-L", str(given.path)]
            case _:
                return ["scan", "source", *offline, "--no-ignore", "-r", str(given.path)]

    return Tool("osv-scanner", program, data, arguments, {})


def grype(data: Path) -> Tool | str:
    """Return Grype with the shared records; why not, where it is not here."""
    program, builder = find_program("grype"), find_program("grype-records")
    if program is None or builder is None:
        return _missing("grype")
    lay_grype(data, builder)
    schemes = {"image": "docker-archive:", "sbom": "sbom:", "folder": "dir:"}

    def arguments(_place: Path, given: Input) -> list[str]:
        return [f"{schemes[given.kind]}{given.path}", "-o", "json", "-q"]

    settled = {"DB_AUTO_UPDATE": "false", "DB_VALIDATE_AGE": "false", "CHECK_FOR_APP_UPDATE": "false"}
    environment = {f"GRYPE_{name}": value for name, value in settled.items()}
    return Tool("grype", program, data, arguments, {**environment, "GRYPE_DB_CACHE_DIR": str(data)})


def trivy(data: Path) -> Tool | str:
    """Return Trivy with the shared records; why not, where it is not here."""
    program, builder = find_program("trivy"), find_program("trivy-records")
    if program is None or builder is None:
        return _missing("trivy")
    lay_trivy(data, builder)
    verbs = {"image": ["image", "--input"], "sbom": ["sbom"], "folder": ["fs"]}
    settled = [
        "--skip-db-update",
        "--skip-java-db-update",
        "--offline-scan",
        "--skip-version-check",
        "--scanners",
        "vuln",
    ]

    def arguments(place: Path, given: Input) -> list[str]:
        kept = ["--cache-dir", str(place), "--cache-backend", "memory", "--format", "json", "--quiet"]
        options = [one for one in settled if not (given.kind == "sbom" and one in {"--scanners", "vuln"})]
        verb, *named = verbs[given.kind]
        return [verb, *kept, *options, *named, str(given.path)]

    return Tool("trivy", program, data, arguments, {})


def _missing(name: str) -> str:
    return f"{name} is neither on PATH nor in var/peers/bin: `make peers` builds it (it needs Go and its module proxy)"


PEERS: dict[str, Callable[[Path], Tool | str]] = {"osv-scanner": osv_scanner, "grype": grype, "trivy": trivy}
