"""A server that is killed comes back: what it said is there, what it had begun is finished."""

import threading
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.serving import Server, application, serve, wait_until

ON_OFF = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
RECORD: dict[str, Any] = {
    "id": "ACME-1",
    "modified": "2026-01-01T10:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "acme-pdf"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}],
        }
    ],
}
MANIFEST = """version: 1
services:
  - name: shop
    team: retail
    tier: 1
    exposure: internet
    paths: ["."]
    features:
      - {{name: receipts, flag: shop.receipts, safe: "off", covers: ["pkg:pypi/acme-pdf"]}}
    plans:
      - id: receipts-off
        when: component.name == "acme-pdf"
        do: [{{action: flag.off, flag: shop.receipts}}]
        coverage: full
        verify:
          - http:
              url: "{url}/"
              expect: {{status: 200, json: {{"/renderer": "plain"}}}}
              interval: 100ms
              deadline: 2m
        autonomy: {{default: auto}}
"""


def composition(*purls: str) -> dict[str, Any]:
    return {"occurrences": [{"purl": purl, "direct": True} for purl in purls]}


def ship(server: Server, number: int) -> None:
    """Register and deploy a service of its own that is hit by a record of its own."""
    purl = f"pkg:pypi/own-{number}@1.0"
    server.call("POST", "/releases", {"service": f"s{number}", "version": "1", "sbom": composition(purl)})
    server.call("POST", "/deployments", {"service": f"s{number}", "version": "1", "environment": "production"})
    affected = [{"package": {"ecosystem": "PyPI", "name": f"own-{number}"}, "versions": ["1.0"]}]
    server.call(
        "POST", "/advisories", {"id": f"OWN-{number}", "modified": "2026-01-01T00:00:00Z", "affected": affected}
    )


def test_a_server_killed_in_the_middle_of_writes_comes_back_whole(tmp_path: Path) -> None:
    said: list[int] = []
    with serve(tmp_path / "data", "--feed", "none") as server:
        enough = threading.Event()

        def write() -> None:
            try:
                for number in range(10_000):
                    ship(server, number)
                    said.append(number)
                    if number == 6:
                        enough.set()
            except (httpx.TransportError, AssertionError):
                enough.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert enough.wait(60)
        server.kill()
        writer.join(timeout=60)
    assert len(said) >= 7
    with serve(tmp_path / "data", "--feed", "none") as server:
        report = server.call("POST", "/journal/verify", {})
        assert report["intact"], report
        found = {one["subject"]["name"] for one in _all(server, "/findings")}
        running = {one["service"] for one in _all(server, "/deployments")}
        released = {one["service"] for one in _all(server, "/releases")}
        assert {f"s{number}" for number in said} <= found <= running <= released
        assert len(released) <= len(said) + 1  # what was under way is there as a whole or not at all
        entries = server.call("GET", "/journal?limit=1000")["items"]
        kinds = [entry["kind"] for entry in entries]
        assert (kinds.count("release.registered"), kinds.count("deployment.recorded")) == (len(released), len(running))
        assert kinds.count("exposure.opened") == len(found)
        ship(server, 10_001)
        assert server.call("POST", "/journal/verify", {})["intact"]


def _all(server: Server, path: str) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    page = server.call("GET", f"{path}?limit=200")
    out += page["items"]
    while page["next"] is not None:
        page = server.call("GET", f"{path}?limit=200&cursor={page['next']}")
        out += page["items"]
    return out


def test_a_run_that_was_cut_is_finished_by_who_comes_next_and_done_once(tmp_path: Path) -> None:
    """The flag is off, the application has not shown it yet, the server dies; the next one only looks again."""
    with application() as stub:
        stub.state = {"renderer": "acme-pdf"}
        with serve(tmp_path / "data", "--feed", "none") as server:
            server.call("PUT", "/environments/production", {"tier": 1, "exposure": "internet"})
            server.call("PUT", "/flags/production/shop.receipts", ON_OFF)
            body = {"service": "shop", "version": "1", "sbom": composition("pkg:pypi/acme-pdf@1.4.0")}
            server.call("POST", "/releases", body | {"manifest": MANIFEST.format(url=stub.url)})
            server.call("POST", "/deployments", {"service": "shop", "version": "1", "environment": "production"})
            _rehearse(server)
            finding = server.call("POST", "/advisories", RECORD)["exposures"][0]
            wait_until(lambda: bool(_overlays(server)) and stub.asked > 0)
            assert server.call("GET", f"/findings/{finding}")["finding"]["state"] == "open"
            server.kill()
        stub.state = {"renderer": "plain"}
        with serve(tmp_path / "data", "--feed", "none") as server:
            wait_until(lambda: server.call("GET", f"/findings/{finding}")["finding"]["state"] == "mitigated")
            detail = server.call("GET", f"/findings/{finding}")
            assert len(_overlays(server)) == 1
            (run,) = detail["runs"]
            assert run["proof"] is not None
            assert detail["finding"]["clocks"]["mitigated_at"] is not None
            kinds = [entry["kind"] for entry in server.call("GET", "/journal?limit=1000")["items"]]
            assert kinds.count("exposure.mitigated") == 1
            assert server.call("POST", "/journal/verify", {})["intact"]


def _rehearse(server: Server) -> None:
    """Hold the drill that earns the plan the right to act by itself."""
    asked = {"service": "shop", "environment": "production", "level": "L1"}
    drill = server.call("POST", "/drills", asked)["id"]
    wait_until(lambda: server.call("GET", f"/drills/{drill}")["outcome"] != "running")
    ended = server.call("GET", f"/drills/{drill}")
    assert ended["outcome"] == "passed", ended["because"]


def _overlays(server: Server) -> list[Any]:
    return _all(server, "/flags/production/shop.receipts/overlays")
