"""The real shop in release folders under the real supervisor: rolled back from a bad release, on to a fixed one."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from holdfast.edges.providers.deployers.directories import SPEC
from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.system import RandomIds, SystemClock
from holdfast.edges.providers.target_spec import Tools
from holdfast.edges.stores import open_store
from holdfast.loop.advise import push_advisory
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.intake import register_release
from holdfast.loop.release_choice import ReleaseChooser
from holdfast.loop.requests import DeploymentRequest, ReleaseRequest
from holdfast.loop.respond import approve, request_run
from holdfast.loop.respond_engine import Engine
from holdfast.loop.turn import Turn
from holdfast.model.exposure import Exposure, State
from holdfast.model.plan import Autonomy, Coverage, Plan, Probe, ServiceManifest, Step
from holdfast.model.run import Run, RunState
from holdfast.model.target import Target
from holdfast.model.tenancy import Org
from holdfast.ports.deployer import Deployer
from holdfast.testing.action_cases.deploy_rollback import OneDeployer
from tests.e2e.serving import environment, wait_until
from tests.edges.providers.deployers.folders import free_port
from tests.loop.world import record, sbom

SHOP = Path(__file__).parents[2] / "examples" / "shop"
ORG = "acme"


class Place:
    """The shop under its supervisor, and a Holdfast that knows of it."""

    def __init__(self, root: Path, port: int) -> None:
        self.root, self.url = root / "srv", f"http://127.0.0.1:{port}"
        self.store, self.clock, self.ids, self.http = open_store(root / "h.db"), SystemClock(), RandomIds(), HttpxHttp()
        self.store.tenants.save_org(Org(ORG, "Acme", self.clock.now()))
        options = {"root": str(self.root), "health": f"{self.url}/healthz", "version_at": "/version"}
        pairs = tuple(sorted((name, json.dumps(value)) for name, value in options.items()))
        target = Target("deployers", "shop", "directories", "production", "shop", pairs, "targets.yaml:1")
        opened = SPEC.open(target, Tools(self.http, self.clock, root, lambda reference: reference))
        self.targets = OneDeployer(cast("Deployer", opened))
        chooser = ReleaseChooser(self.store, ORG, self.targets, self.clock)
        self.engine = Engine(
            self.store, self.clock, self.ids, self.http, targets=self.targets, releases=lambda _: chooser
        )

    def release(self, version: str, acme_pdf: str, plans: tuple[Plan, ...] = ()) -> None:
        """Lay a release out, and register it."""
        command = [sys.executable, str(SHOP / "releases.py"), str(self.root), f"{version}={acme_pdf}"]
        subprocess.run(command, check=True, capture_output=True, env=environment())
        with self.store.write(ORG, self.clock.now()) as tx:
            manifest = ServiceManifest("shop", (), None, 1, "internet", (), plans, (), 1)
            parts = sbom(f"pkg:pypi/acme-pdf@{acme_pdf}")
            request = ReleaseRequest("shop", version, sbom=parts, manifest=manifest if plans else None)
            register_release(Turn(tx, self.clock.now(), self.ids), request)

    def deploy(self, version: str) -> None:
        """Deploy as CI would: the link, and word of it."""
        beside = self.root / ".next"
        beside.symlink_to(Path("releases") / version)
        beside.replace(self.root / "current")
        wait_until(lambda: self.version() == version)
        with self.store.write_now(ORG, self.clock) as (tx, now):
            record_deployment(Turn(tx, now, self.ids), DeploymentRequest("production", "shop", version=version))

    def version(self) -> str | None:
        """Return what the shop itself says."""
        try:
            return str(httpx.get(f"{self.url}/healthz", timeout=2.0, trust_env=False).json()["version"])
        except httpx.HTTPError:
            return None

    def expose(self, advisory: str, *ranges: tuple[str, str | None]) -> Exposure:
        """Let a hole be known."""
        with self.store.write_now(ORG, self.clock) as (tx, now):
            push_advisory(Turn(tx, now, self.ids), record(advisory, *ranges))
        return self.exposure()

    def exposure(self) -> Exposure:
        """Return the only exposure."""
        with self.store.read(ORG) as tx:
            (found,) = tx.exposures.all()
        return found

    def carry_out(self, exposure: Exposure, plan: str) -> Run:
        """Ask for a plan, approve it, and let the engine work until it rests."""
        with self.store.write_now(ORG, self.clock) as (tx, now):
            run = request_run(tx, exposure.id, plan, "per_1", now, self.ids)
            approve(tx, run.id, "per_2", now)
        wait_until(lambda: self._ended(run.id))
        with self.store.read(ORG) as tx:
            return tx.runs.get(run.id)

    def _ended(self, run_id: str) -> bool:
        self.engine.step(ORG)
        with self.store.read(ORG) as tx:
            return tx.runs.get(run_id).state in {RunState.EFFECTIVE, RunState.FAILED, RunState.NEEDS_PERSON}


def make_plan(name: str, action: str, url: str) -> Plan:
    probe = Probe("http", f"{url}/receipts/1")
    level = (("default", Autonomy.APPROVE_1),)
    return Plan(name, "true", 3, 11, (Step(action, ()),), Coverage.FULL, (probe,), level)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    port = free_port()
    made = Place(tmp_path, port)
    plans = (make_plan("back", "deploy.rollback", made.url), make_plan("on", "deploy.forward", made.url))
    made.release("1.0.0", "1.4.2", plans)
    made.release("2.0.0", "1.4.0", plans)
    python = [sys.executable, "shop.py", "--port", str(port)]
    check = ["--health", f"{made.url}/healthz"]
    command = [sys.executable, "-m", "holdfast", "supervise", "run", "--root", str(made.root), *check, "--", *python]
    quiet = environment(HOLDFAST_OFREP_URL="http://127.0.0.1:9")
    with subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            made.deploy("1.0.0")
            yield made
        finally:
            process.terminate()
            process.wait(timeout=60)
            made.http.close()
            made.store.close()


def test_a_bad_release_of_the_shop_is_rolled_back(place: Place) -> None:
    place.deploy("2.0.0")
    exposure = place.expose("EX-1", ("1.4.0", "1.4.2"))
    run = place.carry_out(exposure, "back")
    assert run.state is RunState.EFFECTIVE, run.held
    assert place.version() == "1.0.0"
    assert os.readlink(place.root / "current") == "releases/1.0.0"
    ended = place.exposure()
    assert ended.state is State.RESOLVED
    assert ended.clocks.mitigated_at is not None


def test_a_fixed_release_of_the_shop_is_rolled_forward(place: Place) -> None:
    place.deploy("2.0.0")
    exposure = place.expose("EX-1", ("1.4.0", "1.4.2"))
    place.release("2.0.1", "1.4.2")
    run = place.carry_out(exposure, "on")
    assert run.state is RunState.EFFECTIVE, run.held
    assert place.version() == "2.0.1"
    assert place.exposure().state is State.RESOLVED
