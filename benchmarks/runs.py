"""The engine's own speed: three steps, an incident in the real shop, a storm of alerts.

Commits are durable: SQLite with `synchronous=FULL`, PostgreSQL with `fsync` on.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from benchmarks.chaos.estate import open_engine, prepare
from benchmarks.chaos.plans import Sweep, sweeps
from benchmarks.chaos.sweep import target
from benchmarks.measure import ROOT, Figure, Server, database, folder, milliseconds, percentile, server
from holdfast.app.demo_steps import Demo
from holdfast.edges.providers.api_client import HttpApi
from holdfast.edges.stores import open_store
from holdfast.model.run import RunState
from holdfast.ports.store import Store

RUNS = 200
INCIDENTS = 60
ALERTS = 10_000
SENDERS = 8
_JSON = {"content-type": "application/json"}
_STEPS = {"three_flags": "three flags of ours", "three_requests": "three requests, each looked up at its target"}


def run() -> Iterator[Figure]:
    """Measure."""
    for engine in ("sqlite", "postgresql"):
        yield from _three_steps(engine)
    for engine in ("sqlite", "postgresql"):
        with _estate(engine) as (running, demo):
            yield _incidents(engine, running, demo)
            yield _storm(engine, running)


# Three steps.


def _three_steps(engine: str) -> Iterator[Figure]:
    with (
        folder("runs") as data,
        database(engine, data) as url,
        target(data / "log") as port,
        closing(open_store(url)) as store,
    ):
        for sweep in sweeps(port):
            if sweep.plan.id in _STEPS:
                times = [_one_run(store, port, sweep, number) for number in range(RUNS)]
                p50 = percentile(times, 0.5)
                yield Figure(
                    f"three steps from approved to effective, {_STEPS[sweep.plan.id]}, {engine}, {RUNS} runs",
                    f"p50 {milliseconds(p50)}, p99 {milliseconds(percentile(times, 0.99))}",
                    "p50 25 ms",
                    p50 <= 0.025,
                )


def _one_run(store: Store, port: int, sweep: Sweep, number: int) -> float:
    org = f"{sweep.plan.id}-{number}"
    run_id = prepare(store, org, sweep.plan)
    engine = open_engine(store, port, lambda _name, _run, _step: None)
    begun = time.perf_counter()
    while True:
        engine.step(org)
        with store.read(org) as tx:
            if tx.runs.get(run_id).state is RunState.EFFECTIVE:
                return time.perf_counter() - begun


# The real shop.


@contextmanager
def _estate(engine: str) -> Iterator[tuple[Server, Demo]]:
    """Give a server, and the sample shop rehearsed and running in production."""
    with folder("shop") as data, database(engine, data) as url, server(data, url) as running:
        guards = {"cooldown_s": 0, "services_per_hour": 1_000_000, "flags_per_hour": 1_000_000}
        running.client.patch("/api/v1/mitigations/guards", json=guards).raise_for_status()
        token = (data / "admin.token").read_text().strip()
        demo = Demo(HttpApi(running.url, token), running.url, ROOT / "examples/shop", data, lambda _words: None)
        try:
            demo._prepare()
            demo.shop.start(demo._release("1.0.0", demo.source))
            demo._deploy("1.0.0")
            demo._rehearse()
            yield running, demo
        finally:
            demo.shop.stop()


class _Watcher:
    """Asks the shop all the time, as its users do, and notes when its answer changes."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/receipts/1"
        self._stop = threading.Event()
        self.changes: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _watch(self) -> None:
        with httpx.Client(trust_env=False) as client:
            while not self._stop.is_set():
                found = str(client.get(self._url).json()["renderer"])
                if not self.changes or self.changes[-1][1] != found:
                    self.changes.append((time.time(), found))
                self._stop.wait(0.002)

    def wait_for(self, renderer: str) -> float:
        """Return when the answer became that."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self.changes and self.changes[-1][1].startswith(renderer):
                return self.changes[-1][0]
            time.sleep(0.002)
        raise SystemExit(f"the shop never answered with {renderer}")


def _incidents(engine: str, running: Server, demo: Demo) -> Figure:
    with _Watcher(demo.shop.port) as watcher:
        times = [_incident(running, watcher, number) for number in range(INCIDENTS)]
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    return Figure(
        f"exposure stored to effective in the shop, {engine}, {INCIDENTS} incidents",
        f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        "p50 150 ms, p99 1 s",
        p50 <= 0.15 and p99 <= 1.0,
        "seen by a client that asks the shop every few milliseconds",
    )


def _incident(running: Server, watcher: _Watcher, number: int) -> float:
    watcher.wait_for("acme-pdf")
    pushed = running.client.post("/api/v1/advisories", content=_record(number), headers=_JSON).raise_for_status().json()
    safe_at = watcher.wait_for("plain")
    found = running.client.get(f"/api/v1/findings/{pushed['exposures'][0]}").raise_for_status().json()
    stored_at = datetime.fromisoformat(found["finding"]["clocks"]["detected_at"]).timestamp()
    withdrawn = _record(number, withdrawn=datetime.now(UTC).isoformat())
    running.client.post("/api/v1/advisories", content=withdrawn, headers=_JSON).raise_for_status()
    return safe_at - stored_at


def _record(number: int, withdrawn: str | None = None) -> bytes:
    events = [{"introduced": "1.0"}, {"fixed": "1.4.2"}]
    affected = [
        {"package": {"ecosystem": "PyPI", "name": "acme-pdf"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    ]
    document: dict[str, Any] = {
        "id": f"HF-BENCH-{number}",
        "modified": datetime.now(UTC).isoformat(),
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:N"}],
        "affected": affected,
    }
    return json.dumps(document | ({"withdrawn": withdrawn} if withdrawn else {})).encode()


# The storm.


def _storm(engine: str, running: Server) -> Figure:
    pushed = (
        running.client.post("/api/v1/advisories", content=_record(INCIDENTS), headers=_JSON).raise_for_status().json()
    )
    exposure = pushed["exposures"][0]
    begun = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(lambda part: _send(running, exposure, part), _parts()))
    took_s = time.perf_counter() - begun
    kept = running.client.get(f"/api/v1/exposures/{exposure}/signals").raise_for_status().json()["count"]
    runs = running.client.get(f"/api/v1/findings/{exposure}").raise_for_status().json()["runs"]
    holds = len(runs) == 1 and kept >= ALERTS and took_s <= 60
    return Figure(
        f"{ALERTS:,} alerts for one exposure, {SENDERS} senders, one request each, {engine}",
        f"{took_s:.1f} s, {len(runs)} run, {kept:,} kept",
        "60 s, 1 run, none lost",
        holds,
    )


def _parts() -> Iterator[Sequence[int]]:
    size = ALERTS // SENDERS
    for first in range(0, ALERTS, size):
        yield range(first, first + size)


def _send(running: Server, exposure: str, numbers: Sequence[int]) -> None:
    with httpx.Client(base_url=running.url, headers=running.client.headers, trust_env=False, timeout=60) as client:
        for number in numbers:
            alert = {
                "id": f"alert-{number}",
                "source": "bench",
                "firing": True,
                "at": datetime.now(UTC).isoformat(),
                "exposure": exposure,
            }
            client.post("/api/v1/alerts", json=alert).raise_for_status()
