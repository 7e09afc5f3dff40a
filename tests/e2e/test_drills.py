"""Drills against real servers: the real shop in staging, the real serving path, faults on the way."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from holdfast.app.demo_steps import DECLARED_PORT, Shop, free_port
from tests.e2e.serving import Server, environment, serve, wait_until

SHOP = Path(__file__).parents[2] / "examples" / "shop"
STAGING = "staging"


@dataclass
class Stage:
    """A server, and the shop that runs in staging."""

    server: Server
    shop: Shop
    data: Path

    def drill(self, **ask: Any) -> dict[str, Any]:
        """Hold a drill; returns it when it has ended."""
        begun = self.server.call("POST", "/drills", {"service": "shop", "environment": STAGING, **ask})
        wait_until(lambda: self.get(begun["id"])["outcome"] != "running")
        return self.get(begun["id"])

    def get(self, drill: str) -> dict[str, Any]:
        """Return a drill."""
        found: dict[str, Any] = self.server.call("GET", f"/drills/{drill}")
        return found

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command against the server."""
        variables = environment(HOLDFAST_TOKEN=(self.data / "admin.token").read_text().strip())
        line = [sys.executable, "-m", "holdfast", *words]
        return subprocess.run(line, capture_output=True, text=True, check=False, env=variables, timeout=120)


@contextmanager
def stage_at(folder: Path) -> Iterator[Stage]:
    """Give a server with the shop in staging, registered with its composition."""
    with serve(folder / "data", "--feed", "none") as server:
        shop = Shop(free_port(), server.url, "")
        source = folder / "shop"
        shutil.copytree(SHOP, source, ignore=shutil.ignore_patterns("__pycache__"))
        manifest = (source / "holdfast.yaml").read_text().replace(DECLARED_PORT, f"127.0.0.1:{shop.port}")
        (source / "holdfast.yaml").write_text(manifest)
        server.call("PUT", f"/environments/{STAGING}", {"tier": 3, "exposure": "internal"})
        for key, definition in json.loads((source / "flags.json").read_text()).items():
            server.call("PUT", f"/flags/{STAGING}/{key}", definition)
        token = server.call("POST", "/tokens", {"name": "s", "permissions": ["flags:read"], "environment": STAGING})
        shop.token = token["secret"]
        server.call("POST", "/releases", {"service": "shop", "version": "1.0.0", "manifest": manifest})
        server.call("POST", "/deployments", {"service": "shop", "version": "1.0.0", "environment": STAGING})
        try:
            shop.start(source)
            yield Stage(server, shop, folder / "data")
        finally:
            shop.stop()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage_at(tmp_path_factory.mktemp("drills")) as opened:
        yield opened


def saw(drill: dict[str, Any], name: str) -> str:
    return next(str(step["detail"]) for step in drill["steps"] if step["name"] == name)


def test_shadow_drill_measures_the_real_serving_path(stage: Stage) -> None:
    done = stage.drill(level="L1")
    assert (done["outcome"], done["because"]) == ("passed", None)
    assert 0 < done["propagation_s"] < 15
    assert "delivered after" in saw(done, "canary")
    assert "fetched after" in saw(done, "canary")
    assert stage.shop.ask("/receipts/1")["renderer"] == "acme-pdf 1.4.0"


def test_whole_drill_turns_the_shop_in_staging_off_and_on_again(stage: Stage) -> None:
    done = stage.drill(level="L2")
    assert (done["outcome"], done["because"]) == ("passed", None)
    assert 0 < done["mitigate_s"] < 30
    assert "plain" in saw(done, "black box")
    assert stage.shop.ask("/receipts/1")["renderer"] == "acme-pdf 1.4.0"
    assert stage.server.call("GET", "/mitigations")["items"] == []
    assert stage.server.call("GET", "/findings")["items"] == []


@pytest.mark.parametrize("fault", ["engine-killed", "stream-cut", "target-silent"])
def test_drill_with_a_fault_ends_well(stage: Stage, fault: str) -> None:
    done = stage.drill(level="L2", faults=[fault])
    assert (done["outcome"], done["because"]) == ("passed", None)
    assert stage.shop.ask("/receipts/1")["renderer"] == "acme-pdf 1.4.0"


def test_command_shows_every_step_and_its_evidence_verifies(stage: Stage, tmp_path: Path) -> None:
    where = ("--server", stage.server.url)
    held = stage.command("drill", "shop", "--environment", STAGING, "--level", "L1", *where)
    assert (held.returncode, "● canary" in held.stderr) == (0, True), held.stderr
    drill = stage.server.call("GET", "/drills")["items"][0]["id"]
    key, file = stage.server.call("POST", "/journal/checkpoint")["verifier_key"], tmp_path / "drill.json"
    assert stage.command("drill", "evidence", drill, "--output", str(file), *where).returncode == 0
    assert stage.command("drill", "verify", str(file), "--key", key).returncode == 0
    file.write_text(file.read_text().replace('"sig": "', '"sig": "AA', 1))
    assert stage.command("drill", "verify", str(file), "--key", key).returncode == 1


def test_gate_asks_for_a_rehearsed_way_back(stage: Stage) -> None:
    stage.drill(level="L1")
    checked = stage.command("drill", "check", "shop", "--environment", STAGING, "--server", stage.server.url)
    assert checked.returncode == 0, checked.stderr
    coverage = stage.server.call("GET", "/drills/coverage")
    assert (coverage["services"], coverage["covered"]) == (1, 1)
    assert coverage["calendar"][0]["plan"] == "receipts-off"


def test_dead_application_fails_the_drill_with_its_reason(tmp_path: Path) -> None:
    with stage_at(tmp_path) as own:
        own.shop.stop()
        done = own.drill(level="L2")
        assert done["outcome"] == "failed"
        assert "whether the plan works could not be seen" in done["because"]
        held = own.command("drill", "shop", "--environment", STAGING, "--server", own.server.url)
        assert held.returncode == 1
        assert "◆ probe before" in held.stderr


def test_drill_needs_no_server(tmp_path: Path) -> None:
    """A command on the data folder serves it on a loopback port for as long as the drill lasts."""
    with stage_at(tmp_path) as own:
        held = own.command("drill", "shop", "--environment", STAGING, "--level", "L1", "--data", str(own.data))
        assert held.returncode == 0, held.stderr
