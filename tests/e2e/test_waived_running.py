"""A waiver of what runs, against a real server: it counts when somebody else approves it, and ends by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from holdfast.model.instant import format_instant
from tests.e2e.serving import Server, serve, wait_until
from tests.edges.providers.bucket import record

LASTING = timedelta(seconds=10)
"""Long enough for a busy machine to judge before it ends."""


def waiver(server: Server) -> str:
    """Ask for a waiver as a machine that may not approve any; returns its id."""
    secret = server.call("POST", "/tokens", {"name": "ci", "permissions": ["builds:write"]})["secret"]
    body = {
        "finding": "L-lamp",
        "service": "shop",
        "status": "affected",
        "reason": "will_not_fix",
        "statement": "Until we move",
        "package": "pkg:pypi/lamp",
        "versions": [{"operator": "=", "version": "1.0"}],
        "expires_at": format_instant(datetime.now(UTC) + LASTING),
    }
    headers = {"Authorization": f"Bearer {secret}"}
    answer = httpx.post(f"{server.url}/api/v1/waivers", json=body, headers=headers, trust_env=False, timeout=30)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def finding(server: Server) -> Any:
    """Return the one exposure of the package."""
    (one,) = [one for one in server.call("GET", "/findings")["items"] if one["kind"] == "vulnerability"]
    return one


def life(server: Server, exposure: str) -> list[str]:
    """Return what the journal says became of an exposure, in order."""
    kinds = [one["kind"] for one in server.call("GET", f"/findings/{exposure}")["timeline"]]
    return [kind for kind in kinds if kind.startswith("exposure.") and kind != "exposure.updated"]


def test_a_waiver_of_what_runs_holds_until_it_ends_and_the_same_episode_goes_on(tmp_path: Path) -> None:
    component = {"type": "library", "name": "lamp", "version": "1.0", "purl": "pkg:pypi/lamp@1.0"}
    composition = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]}
    with serve(tmp_path / "server", "--feed", "none") as server:
        server.call("PUT", "/environments/production", {})
        server.call("POST", "/releases", {"service": "shop", "version": "1", "sbom": composition})
        server.call("POST", "/deployments", {"service": "shop", "version": "1", "environment": "production"})
        server.call("POST", "/advisories", record("L-lamp", name="lamp"))
        before = finding(server)
        asked = waiver(server)
        server.call("POST", f"/waivers/{asked}/approve", {})
        wait_until(lambda: "exposure.unwaived" in life(server, before["id"]))
        assert life(server, before["id"]) == ["exposure.opened", "exposure.waived", "exposure.unwaived"]
        after = finding(server)
        assert (after["id"], after["state"], after["clocks"]) == (before["id"], "open", before["clocks"])
        assert (after["waiver"]["id"], after["waiver"]["void"][0][:13]) == (asked, "it expired at")
