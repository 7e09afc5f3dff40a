"""From an advisory pushed to a flag served off: one service at a time, and a thousand at once.

Each service has two flags with a plan each. What is timed ends when OFREP, asked as an application would, serves the
safe variant; the plans' own probes talk to a stub that answers as wished, so that runs come to their end.
"""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from benchmarks.measure import Figure, Server, database, folder, milliseconds, percentile, server
from holdfast.app.settings import ORG
from holdfast.edges.stores import open_store
from holdfast.facts.manifest import manifest_from_json
from holdfast.testing.drills import rehearse

SERVICES = 1000
ENVIRONMENT = "production"
DEADLINE_S = 120.0


class _Stub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"mode":"safe"}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def stub() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Stub)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}/"
    finally:
        httpd.shutdown()


def run() -> Iterator[Figure]:
    """Measure on both stores."""
    for engine in ("sqlite", "postgresql"):
        with folder("push") as data, database(engine, data) as url, stub() as answering, server(data, url) as running:
            token = prepare(running, answering)
            rehearse_all(url)
            yield from _one_by_one(engine, running, token)
            yield _all_at_once(engine, running, token)


def _manifest(number: int, stub: str) -> str:
    plans = "".join(
        f"""
      - id: {name}-off
        when: component.name == "{package}"
        do: [{{action: flag.off, flag: s{number}.{name}}}]
        coverage: full
        verify: [{{http: {{url: "{stub}", expect: {{json: {{"/mode": "safe"}}}}, interval: 1s, deadline: 60s}}}}]
        autonomy: {{default: auto}}"""
        for name, package in (("own", f"own-{number}"), ("all", "shared-by-all"))
    )
    features = "".join(
        f"""
      - {{name: {name}, flag: s{number}.{name}, safe: "off", covers: ["pkg:pypi/{package}"]}}"""
        for name, package in (("own", f"own-{number}"), ("all", "shared-by-all"))
    )
    return f"""version: 1
services:
  - name: s{number}
    team: bench
    tier: 1
    exposure: internet
    paths: ["."]
    features:{features}
    plans:{plans}
"""


def prepare(running: Server, stub: str, services: int = SERVICES) -> str:
    """Declare services with two plans and two flags each, and let them run; returns a token that reads the flags."""
    client = running.client
    guards = {"cooldown_s": 0, "services_per_hour": 10 * SERVICES, "flags_per_hour": 10 * SERVICES}
    client.patch("/api/v1/mitigations/guards", json=guards).raise_for_status()
    client.put(f"/api/v1/environments/{ENVIRONMENT}", json={"tier": 1, "exposure": "internet"}).raise_for_status()
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    for number in range(services):
        for name in ("own", "all"):
            path = f"/api/v1/flags/{ENVIRONMENT}/s{number}.{name}"
            client.put(path, json=flag).raise_for_status()
        purls = [f"pkg:pypi/own-{number}@1.0", "pkg:pypi/shared-by-all@1.0"]
        sbom = {"occurrences": [{"purl": purl, "direct": True} for purl in purls]}
        body = {"service": f"s{number}", "version": "1", "sbom": sbom, "manifest": _manifest(number, stub)}
        client.post("/api/v1/releases", json=body).raise_for_status()
        where = {"service": f"s{number}", "version": "1", "environment": ENVIRONMENT}
        client.post("/api/v1/deployments", json=where).raise_for_status()
    body = {"name": "bench", "permissions": ["flags:read"], "environment": ENVIRONMENT}
    secret: str = client.post("/api/v1/tokens", json=body).json()["secret"]
    return secret


def rehearse_all(url: str) -> None:
    """Keep the evidence of a passed drill for every plan: without it none may act by itself."""
    with closing(open_store(url)) as store, store.write(ORG, datetime.now(UTC)) as tx:
        for service in tx.services.list(limit=SERVICES):
            manifest = tx.services.manifest(service.id)
            for plan in manifest_from_json(manifest).plans if manifest else ():
                rehearse(tx, plan, service.id, ENVIRONMENT, datetime.now(UTC))


def record(name: str, package: str) -> str:
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    affected = [
        {"package": {"ecosystem": "PyPI", "name": package}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    ]
    return json.dumps({"id": name, "modified": "2026-06-01T00:00:00Z", "affected": affected})


def _one_by_one(engine: str, running: Server, token: str) -> Iterator[Figure]:
    with httpx.Client(base_url=running.url, headers={"authorization": f"Bearer {token}"}, trust_env=False) as flags:
        times = [_push(running, flags, number) for number in range(SERVICES)]
    p99 = percentile(times, 0.99)
    yield Figure(
        f"advisory pushed to flag served off, {engine}: {SERVICES:,} pushes, one of {SERVICES:,} services each",
        f"p50 {milliseconds(percentile(times, 0.5))}, p99 {milliseconds(p99)}",
        "p99 1 s",
        p99 <= 1.0,
    )


def _push(running: Server, flags: httpx.Client, number: int) -> float:
    begun = time.perf_counter()
    headers = {"content-type": "application/json"}
    content = record(f"HF-BENCH-{number}", f"own-{number}")
    running.client.post("/api/v1/advisories", content=content, headers=headers).raise_for_status()
    while _is_on(flags, f"s{number}.own"):
        if time.perf_counter() - begun > DEADLINE_S:
            raise SystemExit(f"s{number}.own was never served off")
        time.sleep(0.002)
    return time.perf_counter() - begun


def _is_on(flags: httpx.Client, key: str) -> bool:
    answer = flags.post(f"/ofrep/v1/evaluate/flags/{key}", json={"context": {"targetingKey": "x"}}, timeout=30)
    return bool(answer.raise_for_status().json()["value"])


def _all_at_once(engine: str, running: Server, token: str) -> Figure:
    begun = time.perf_counter()
    headers = {"content-type": "application/json"}
    content = record("HF-BENCH-ALL", "shared-by-all")
    auth = {"authorization": f"Bearer {token}"}
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=running.url, headers=auth, trust_env=False) as flags:
        pushed = pool.submit(running.client.post, "/api/v1/advisories", content=content, headers=headers)
        left = {f"s{number}.all" for number in range(SERVICES)}
        while left and time.perf_counter() - begun < DEADLINE_S:
            answer = flags.post("/ofrep/v1/evaluate/flags", json={"context": {"targetingKey": "x"}}, timeout=60)
            left &= {flag["key"] for flag in answer.raise_for_status().json()["flags"] if flag["value"]}
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        pushed.result().raise_for_status()
    return Figure(
        f"one push hitting all {SERVICES:,} services, {engine}: until every flag is served off",
        f"{seconds:.1f} s" if not left else f"{len(left)} still on after {seconds:.0f} s",
        "30 s",
        not left and seconds <= 30,
    )
