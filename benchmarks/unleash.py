"""From an exposure to its effect in an application: through a real Unleash, and beside it by Holdfast's own flags.

Both are asked by one application with the official SDKs, by a black-box probe. What is timed begins before the advisory
is pushed. The time through Unleash is split: our part ends when Unleash has written the change down, its cache when its
client API serves it, and the rest is the SDK's poll. The gaps between pushes are drawn, so that no phase is favoured.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx

from benchmarks.measure import ROOT, Figure, Server, database, folder, free_port, milliseconds, percentile, server
from benchmarks.pushes import record  # the same advisory as there
from benchmarks.unleash_application import SHORTEST_REFRESH_S
from holdfast.model.frozen import frozen

PUSHES = 60
PLACES = {"own": "production", "unleash": "development"}
DEADLINE_S = 30.0


@frozen
class Unleash:
    """A running Unleash."""

    url: str
    admin: str
    client: str
    http: httpx.Client


def run() -> Iterator[Figure]:
    """Measure on SQLite with full durability, an Unleash with a PostgreSQL of its own beside it."""
    with (
        folder("unleash") as data,
        database("sqlite", data) as url,
        _unleash() as unleash,
        _targets(data, unleash),
        server(data, url) as running,
    ):
        token = _prepare_tokens(running)
        with _application(unleash, running, token) as application:
            _prepare(running, unleash, application)
            own = [_own(running, application, number) for number in range(PUSHES)]
            split = [_through_unleash(running, unleash, application, number) for number in range(PUSHES)]
    yield from _figures(own, split)


@frozen
class Split:
    """Seconds from the push until Unleash wrote it down, until its client API served it, until the probe saw it."""

    written: float
    served: float
    effective: float


def _figures(own: list[float], split: list[Split]) -> Iterator[Figure]:
    p99 = percentile(own, 0.99)
    yield Figure(
        f"exposure stored to effective by black-box probe, Holdfast's own flags: {PUSHES} pushes",
        _both(own),
        "p50 150 ms, p99 1 s",
        percentile(own, 0.5) < 0.150 and p99 < 1.0,
    )
    parts = {
        "our part": [one.written for one in split],
        "its cache": [one.served - one.written for one in split],
        "its SDK's poll": [one.effective - one.served for one in split],
    }
    yield Figure(
        f"the same through Unleash 8, its Python SDK at its shortest refresh of {SHORTEST_REFRESH_S} s",
        _both([one.effective for one in split]),
        "reported",
        None,
        "; ".join(f"{name} {_both(times)}" for name, times in parts.items()),
    )


def _both(times: list[float]) -> str:
    return f"p50 {milliseconds(percentile(times, 0.5))}, p99 {milliseconds(percentile(times, 0.99))}"


@contextmanager
def _unleash() -> Iterator[Unleash]:
    script = str(ROOT / "scripts/unleash.sh")
    started = subprocess.run([script, "start"], capture_output=True, text=True, check=True)
    url, admin, client, _frontend, place = started.stdout.split()
    try:
        with httpx.Client(base_url=url, headers={"authorization": admin}, trust_env=False, timeout=30) as http:
            yield Unleash(url, admin, client, http)
    finally:
        subprocess.run([script, "stop", place], check=False)


@contextmanager
def _targets(data: Path, unleash: Unleash) -> Iterator[None]:
    """Let the server know Unleash, by the operator's file and two secrets in its environment."""
    path = data / "targets.yaml"
    path.write_text(
        "version: 1\nflags:\n"
        f'  - {{name: unleash, kind: unleash, environment: {PLACES["unleash"]}, url: "{unleash.url}",\n'
        '     admin_token: "env:BENCH_UNLEASH_ADMIN", client_token: "env:BENCH_UNLEASH_CLIENT"}\n'
    )
    path.chmod(0o600)
    given = {
        "HOLDFAST_TARGETS": str(path),
        "BENCH_UNLEASH_ADMIN": unleash.admin,
        "BENCH_UNLEASH_CLIENT": unleash.client,
    }
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            del os.environ[name]


@contextmanager
def _application(unleash: Unleash, running: Server, token: str) -> Iterator[httpx.Client]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.unleash_application", str(port), unleash.url, unleash.client]
    process = subprocess.Popen([*command, running.url, token], stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=5) as client:
            _await("the application", lambda: _answers(client))
            yield client
    finally:
        process.terminate()
        process.wait(timeout=10)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/unleash/none").is_success
    except httpx.HTTPError:
        return False


def _prepare_tokens(running: Server) -> str:
    body = {"name": "bench", "permissions": ["flags:read"], "environment": PLACES["own"]}
    secret: str = running.client.post("/api/v1/tokens", json=body).raise_for_status().json()["secret"]
    return secret


def _prepare(running: Server, unleash: Unleash, application: httpx.Client) -> None:
    """Declare a service for every push, each with a flag that is on in its place."""
    client = running.client
    for environment in PLACES.values():
        client.put(f"/api/v1/environments/{environment}", json={"tier": 1, "exposure": "internet"}).raise_for_status()
    for kind, environment in PLACES.items():
        for number in range(PUSHES):
            name = f"{kind}-{number}"
            _define(running, unleash, kind, name)
            manifest = _manifest(name, f"{application.base_url}/{kind}/{name}".replace("//" + kind, "/" + kind))
            sbom = {"occurrences": [{"purl": f"pkg:pypi/{name}@1.0", "direct": True}]}
            body = {"service": name, "version": "1", "sbom": sbom, "manifest": manifest}
            client.post("/api/v1/releases", json=body).raise_for_status()
            where = {"service": name, "version": "1", "environment": environment}
            client.post("/api/v1/deployments", json=where).raise_for_status()
    for kind in PLACES:
        for number in range(PUSHES):
            _rehearse(running, f"{kind}-{number}")
        last = f"/{kind}/{kind}-{PUSHES - 1}"
        _await(f"{last} is on", lambda last=last: application.get(last).json() == {"mode": "full"})


def _rehearse(running: Server, name: str) -> None:
    """Let the plan earn `auto`."""
    drill = running.client.post("/api/v1/drills", json={"service": name, "level": "L0"}).raise_for_status().json()["id"]

    def ended() -> bool:
        found = running.client.get(f"/api/v1/drills/{drill}").raise_for_status().json()
        if found["outcome"] == "failed":
            raise SystemExit(f"the drill of {name} failed: {found['because']}")
        return bool(found["outcome"] == "passed")

    _await(f"the drill of {name} passed", ended)


def _define(running: Server, unleash: Unleash, kind: str, name: str) -> None:
    if kind == "own":
        flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
        running.client.put(f"/api/v1/flags/{PLACES[kind]}/{name}", json=flag).raise_for_status()
        return
    features = "/api/admin/projects/default/features"
    unleash.http.post(features, json={"name": name, "type": "kill-switch"}).raise_for_status()
    unleash.http.post(f"{features}/{name}/environments/{PLACES[kind]}/on").raise_for_status()


def _manifest(name: str, probe: str) -> str:
    return f"""version: 1
services:
  - name: {name}
    team: bench
    tier: 1
    exposure: internet
    paths: ["."]
    features:
      - {{name: {name}, flag: {name}, safe: "off", covers: ["pkg:pypi/{name}"]}}
    plans:
      - id: off
        when: component.name == "{name}"
        do: [{{action: flag.off, flag: {name}}}]
        coverage: full
        verify: [{{http: {{url: "{probe}", expect: {{json: {{"/mode": "safe"}}}}, interval: 100ms, deadline: 60s}}}}]
        autonomy: {{default: auto}}
    drills:
      - {{plan: off, every: 30d, level: L0}}
"""


def _push(running: Server, name: str) -> float:
    """Push the advisory of a service; returns the instant before, in seconds since the epoch."""
    time.sleep(random.Random(name).random() * SHORTEST_REFRESH_S)
    begun = time.time()
    headers = {"content-type": "application/json"}
    running.client.post("/api/v1/advisories", content=record(f"HF-{name}", name), headers=headers).raise_for_status()
    return begun


def _own(running: Server, application: httpx.Client, number: int) -> float:
    begun = _push(running, f"own-{number}")
    return _until_safe(application, f"/own/own-{number}") - begun


def _through_unleash(running: Server, unleash: Unleash, application: httpx.Client, number: int) -> Split:
    name = f"unleash-{number}"
    with ThreadPoolExecutor(1) as beside:
        begun = _push(running, name)
        served = beside.submit(_until_served_off, unleash, name)
        effective = _until_safe(application, f"/unleash/{name}")
        return Split(_written_at(unleash, name) - begun, served.result() - begun, effective - begun)


def _until_safe(application: httpx.Client, path: str) -> float:
    return _await(f"{path} is safe", lambda: application.get(path).json() == {"mode": "safe"}, pause_s=0.005)


def _until_served_off(unleash: Unleash, name: str) -> float:
    def off() -> bool:
        answer = unleash.http.get(
            "/api/client/features", params={"namePrefix": name}, headers={"authorization": unleash.client}
        )
        return not next(one["enabled"] for one in answer.json()["features"] if one["name"] == name)

    return _await(f"{name} is served off", off, pause_s=0.01)


def _written_at(unleash: Unleash, name: str) -> float:
    events = unleash.http.get(f"/api/admin/events/{name}").raise_for_status().json()["events"]
    found = next(one for one in events if one["type"] == "feature-environment-disabled")
    return datetime.fromisoformat(found["createdAt"]).timestamp()


def _await(what: str, holds: Callable[[], bool], pause_s: float = 0.05) -> float:
    """Look until it holds; returns the instant at which it did, in seconds since the epoch."""
    end = time.time() + DEADLINE_S
    while time.time() < end:
        if holds():
            return time.time()
        time.sleep(pause_s)
    raise SystemExit(f"not within {DEADLINE_S:.0f} s: {what}")
