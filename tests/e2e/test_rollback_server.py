"""A whole server with an operator's file: a rehearsed rollback happens by itself, a fixed release takes its place."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from holdfast.edges.cli.composition import composition_to_json
from tests.e2e.serving import Server, environment, serve, wait_until
from tests.edges.providers.bucket import record as feed_record
from tests.edges.providers.bucket import write_bucket
from tests.edges.providers.deployers.folders import free_port
from tests.loop.world import record, sbom

SHOP = Path(__file__).parents[2] / "examples" / "shop"
MANIFEST = """
version: 1
services:
  - name: shop
    exposure: internet
    paths: ["."]
    plans:
      - id: back
        when: component.name == "acme-pdf"
        do: [{{action: deploy.rollback}}]
        coverage: full
        verify: [{{http: {{url: "{url}/healthz", expect: {{status: 200, json: {{"/version": "1.0.0"}}}}}}}}]
        autonomy: {{default: observe, production: auto}}
      - id: ahead
        when: component.name == "acme-pdf"
        do: [{{action: deploy.forward}}]
        coverage: full
        verify: [{{http: {{url: "{url}/healthz", expect: {{status: 200, json: {{"/version": "2.0.1"}}}}}}}}]
        autonomy: {{default: approve-1}}
"""
TARGETS = """
deployers:
  - name: shop-production
    kind: directories
    environment: production
    service: shop
    root: {root}
    health: {url}/healthz
    version_at: /version
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """Give the address of the shop 1.0.0 under its supervisor, 2.0.0 beside it."""
    root, url = tmp_path / "srv", f"http://127.0.0.1:{free_port()}"
    laid = [sys.executable, str(SHOP / "releases.py"), str(root), "1.0.0=1.4.2", "2.0.0=1.4.0"]
    subprocess.run(laid, check=True, capture_output=True, env=environment())
    command = ["supervise", "run", "--root", str(root), "--health", f"{url}/healthz", "--"]
    words = [sys.executable, "-m", "holdfast", *command, sys.executable, "shop.py", "--port", url.rpartition(":")[2]]
    quiet = environment(HOLDFAST_OFREP_URL="http://127.0.0.1:9")
    with subprocess.Popen(words, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield url
        process.terminate()
        process.wait(timeout=60)


def version(url: str) -> str | None:
    try:
        return str(httpx.get(f"{url}/healthz", timeout=2.0, trust_env=False).json()["version"])
    except httpx.HTTPError:
        return None


def deploy(server: Server, root: Path, url: str, release: str, acme_pdf: str) -> None:
    """Do what CI does: register, switch, tell."""
    register(server, url, release, acme_pdf)
    switch(server, root, url, release)


def register(server: Server, url: str, release: str, acme_pdf: str) -> None:
    composition = composition_to_json(sbom(f"pkg:pypi/acme-pdf@{acme_pdf}"))
    body = {"service": "shop", "version": release, "sbom": composition, "manifest": MANIFEST.format(url=url)}
    server.call("POST", "/releases", body)


def switch(server: Server, root: Path, url: str, release: str) -> None:
    beside = root / ".next"
    beside.symlink_to(Path("releases") / release)
    beside.replace(root / "current")
    wait_until(lambda: version(url) == release)
    server.call("POST", "/deployments", {"service": "shop", "version": release, "environment": "production"})


def rehearse(server: Server) -> dict[str, Any]:
    """Hold a drill of the plan that acts by itself."""
    ask = {"service": "shop", "environment": "production", "level": "L1", "plan": "back"}
    asked = server.call("POST", "/drills", ask)
    wait_until(lambda: server.call("GET", f"/drills/{asked['id']}")["outcome"] != "running")
    ended: dict[str, Any] = server.call("GET", f"/drills/{asked['id']}")
    return ended


def test_a_bad_release_is_rolled_back_by_itself_and_a_fixed_one_put_in_its_place(tmp_path: Path, shop: str) -> None:
    """The bad release comes back by mistake. By then its repair is registered, and a person asks for that."""
    data, root = tmp_path / "data", tmp_path / "srv"
    data.mkdir(mode=0o700)
    (data / "targets.yaml").write_text(TARGETS.format(root=root, url=shop))
    (data / "targets.yaml").chmod(0o600)
    feed = write_bucket(tmp_path / "osv", {"PyPI": [feed_record("L-1")]})
    with serve(data, "--feed", str(feed)) as server:
        server.call("PUT", "/environments/production", {"tier": 1, "exposure": "internet"})
        deploy(server, root, shop, "1.0.0", "1.4.2")
        deploy(server, root, shop, "2.0.0", "1.4.0")
        wait_until(lambda: any(one["synced_at"] for one in server.call("GET", "/feeds")["items"]))
        drill = rehearse(server)
        assert drill["outcome"] == "passed", json.dumps(drill, indent=1)
        assert version(shop) == "2.0.0", "rehearsing touches nothing"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pushed = server.call("POST", "/advisories", record("EX-1", ("1.0", "1.4.2"), published=now, modified=now))
        (exposure,) = pushed["exposures"]
        wait_until(lambda: version(shop) == "1.0.0")
        wait_until(lambda: _state(server, exposure) == "resolved")
        wait_until(lambda: _run(server, exposure)["state"] == "effective")
        clocks = server.call("GET", f"/findings/{exposure}")["finding"]["clocks"]
        assert clocks["mitigated_at"]
        assert version(shop) == "1.0.0"
        laid = [sys.executable, str(SHOP / "releases.py"), str(root), "2.0.1=1.4.2"]
        subprocess.run(laid, check=True, capture_output=True, env=environment())
        register(server, shop, "2.0.1", "1.4.2")
        switch(server, root, shop, "2.0.0")
        wait_until(lambda: [one["state"] for one in _live(server)] == ["regressed"])
        again = _live(server)[0]["id"]
        asked = server.call("POST", "/mitigations", {"exposure": again, "plan": "ahead"})
        wait_until(lambda: server.call("GET", f"/mitigations/{asked['id']}")["state"] == "effective")
        assert (version(shop), _state(server, again)) == ("2.0.1", "resolved")


def _live(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.call("GET", "/findings")["items"]
    return [one for one in found if one["state"] != "resolved"]


def _state(server: Server, exposure: str) -> str:
    return str(server.call("GET", f"/findings/{exposure}")["finding"]["state"])


def _run(server: Server, exposure: str) -> dict[str, Any]:
    (run,) = server.call("GET", f"/findings/{exposure}")["runs"]
    assert isinstance(run, dict)
    return run
