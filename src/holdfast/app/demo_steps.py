"""One incident, played against a running server: every step waits for the world to show it.

1. Flags and the shop's declaration are made, release 1.0.0 is registered and deployed, the shop starts.
2. The plan is rehearsed: a drill earns it the right to act by itself.
3. An advisory of our own making arrives for a package that the shop uses.
4. The plan that was written before turns the feature off; we wait until the shop itself answers differently.
5. The fix that Holdfast gives is applied to the lock file to the letter; release 1.0.1 is registered and deployed.
6. The flag comes back by itself; we wait until the shop uses the repaired package.
7. The clocks stand still, and are printed.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from holdfast.edges.cli.composition import composition_to_json
from holdfast.edges.providers.local_tree import LocalTree
from holdfast.errors import HoldfastError
from holdfast.facts.composition import read_composition
from holdfast.model.instant import format_instant
from holdfast.ports.api import Api

ENVIRONMENT = "production"
PACKAGE = "acme-pdf"
WAIT_S = 30.0
LOOK_S = 0.05
DECLARED_PORT = "127.0.0.1:8441"


class DemoError(HoldfastError):
    """A step of the demo did not happen."""


@dataclass(slots=True)
class Shop:
    """The sample shop as a process of its own, started from a copy of its folder."""

    port: int
    ofrep_url: str
    token: str
    process: "subprocess.Popen[bytes] | None" = None

    def start(self, folder: Path) -> None:
        """Start it from a release's folder, in place of the one that runs."""
        self.stop()
        environment = {**os.environ, "HOLDFAST_OFREP_URL": self.ofrep_url, "HOLDFAST_OFREP_TOKEN": self.token}
        command = [sys.executable, "shop.py", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        wait_for("the shop to be up", lambda: self.ask("/healthz").get("status") == "ok")

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
            self.process = None

    def ask(self, path: str) -> dict[str, Any]:
        """Return what it answers; empty while it does not."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=2.0, trust_env=False)
        except httpx.HTTPError:
            return {}
        document = answer.json() if answer.is_success else {}
        return document if isinstance(document, dict) else {}


def wait_for(what: str, holds: Callable[[], bool]) -> float:
    """Wait until something holds; returns the seconds that took.

    Raises:
        DemoError: it did not in time.
    """
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > WAIT_S:
            raise DemoError(f"waited {WAIT_S:g} s in vain for {what}")
        time.sleep(LOOK_S)
    return time.monotonic() - begun


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_up(url: str, process: "subprocess.Popen[bytes]") -> bool:
    """Whether a server that was started answers. Raises: DemoError: it has ended."""
    if process.poll() is not None:
        raise DemoError(f"the server ended with {process.returncode}", hint="start `holdfast up` to see why")
    try:
        return httpx.get(f"{url}/readyz", timeout=1.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@dataclass(slots=True)
class Demo:
    """The play. `say` is told what happens; `source` is the shop's folder, `work` where its releases are put."""

    api: Api
    server_url: str
    source: Path
    work: Path
    say: Callable[[str], None]
    shop: Shop = field(init=False)
    play: str = field(init=False)

    def __post_init__(self) -> None:
        self.play = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        self.shop = Shop(free_port(), self.server_url, "")

    def run(self) -> dict[str, Any]:
        """Play it through; returns the finding as it is at the end.

        Raises:
            DemoError: a step did not happen.
        """
        try:
            self._prepare()
            first = self._release("1.0.0", self.source)
            self.shop.start(first)
            self._deploy("1.0.0")
            self._expect_renderer("acme-pdf 1.4.0")
            self.say("shop 1.0.0 runs in production and draws its receipts with acme-pdf 1.4.0")
            self._rehearse()
            finding = self._break()
            self._wait_for_mitigation(finding)
            second = self._fix(finding, first)
            self.shop.start(second)
            self._deploy("1.0.1")
            self.say("release 1.0.1 with the fix is deployed")
            self._wait_for_return(finding)
            detail: dict[str, Any] = self.api.call("GET", f"/findings/{finding}")
            return detail
        finally:
            self.shop.stop()

    def _prepare(self) -> None:
        self.api.call("PUT", f"/environments/{ENVIRONMENT}", body={"tier": 1, "exposure": "internet"})
        flags = json.loads((self.source / "flags.json").read_text(encoding="utf-8"))
        for key, definition in flags.items():
            self.api.call("PUT", f"/flags/{ENVIRONMENT}/{key}", body=definition)
        made = self.api.call(
            "POST", "/tokens", body={"name": "shop", "permissions": ["flags:read"], "environment": ENVIRONMENT}
        )
        self.shop.token = made["secret"]

    def _release(self, version: str, source: Path) -> Path:
        """Copy a shop folder as a release and register it with its composition and plans."""
        folder = self.work / f"shop-{version}"
        if folder != source:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
        manifest = folder / "holdfast.yaml"
        text = manifest.read_text(encoding="utf-8").replace(DECLARED_PORT, f"127.0.0.1:{self.shop.port}")
        manifest.write_text(text, encoding="utf-8")
        sbom = composition_to_json(read_composition(LocalTree(folder)))
        body = {"service": "shop", "version": version, "commit": self.play, "sbom": sbom, "manifest": text}
        self.api.call("POST", "/releases", body=body)
        return folder

    def _deploy(self, version: str) -> None:
        body = {"service": "shop", "version": version, "commit": self.play, "environment": ENVIRONMENT}
        self.api.call("POST", "/deployments", body=body)

    def _expect_renderer(self, name: str) -> float:
        return wait_for(f"the shop to use `{name}`", lambda: self.shop.ask("/receipts/1").get("renderer") == name)

    def _rehearse(self) -> None:
        """Hold a drill of the shop's plan: without one it may not act by itself."""
        begun = time.monotonic()
        wait_for("other drills of the shop to end", lambda: not self._drills("running"))
        drill = self.api.call("POST", "/drills", body={"service": "shop", "environment": ENVIRONMENT, "level": "L1"})
        wait_for("the drill to end", lambda: self._drill(drill["id"])["outcome"] != "running")
        ended = self._drill(drill["id"])
        if ended["outcome"] != "passed":
            raise DemoError(f"the drill failed: {ended['because']}")
        reached = f"{ended['propagation_s'] * 1000:.0f} ms"
        self.say(
            f"its plan is rehearsed, nothing is touched: a flag's change gets there in {reached}, {_ms(begun)} in all"
        )

    def _drills(self, outcome: str) -> list[dict[str, Any]]:
        found = self.api.call("GET", "/drills", query={"service": "shop", "limit": 10})["items"]
        return [drill for drill in found if drill["outcome"] == outcome]

    def _drill(self, drill: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.call("GET", f"/drills/{drill}")
        return found

    def _break(self) -> str:
        """Push the advisory; returns the id of the exposure that it opened."""
        now = format_instant(datetime.now(UTC))
        record = {
            "schema_version": "1.6.0",
            "id": f"HF-DEMO-{self.play}",
            "published": now,
            "modified": now,
            "summary": "acme-pdf puts customers' text into receipts unescaped (made up for this demo)",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:N"}],
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": PACKAGE},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.4.2"}]}],
                }
            ],
        }
        begun = time.monotonic()
        pushed = self.api.call("POST", "/advisories", body=record)
        if not pushed["exposures"]:
            raise DemoError("the advisory opened no exposure")
        self.say(f"advisory {record['id']} arrives; the shop is found exposed {_ms(begun)} after")
        identifier: str = pushed["exposures"][0]
        return identifier

    def _wait_for_mitigation(self, finding: str) -> None:
        begun = time.monotonic()
        self._expect_renderer("plain")
        self.say(f"flag shop.receipts is off: the shop answers with plain receipts {_ms(begun)} later")
        wait_for("the run to read that back", lambda: self._state(finding) == "mitigated")
        self.say("read back from the application: the clock of the mitigation stands")

    def _fix(self, finding: str, running: Path) -> Path:
        """Apply the edit that the finding's fix names, to the letter; returns the repaired release's folder."""
        fix = self.api.call("GET", f"/findings/{finding}")["fix"]
        if not fix or not fix["edit"]:
            raise DemoError("no exact edit for the lock file")
        place, edit = fix["location"], fix["edit"]
        folder = self.work / "shop-1.0.1"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(running, folder, ignore=shutil.ignore_patterns("__pycache__"))
        lock = folder / place["file"]
        lines = lock.read_text(encoding="utf-8").splitlines(keepends=True)
        if lines[place["line"] - 1].rstrip("\n") != edit["before"]:
            raise DemoError(f"line {place['line']} of {place['file']} is not what the fix expects")
        lines[place["line"] - 1] = edit["after"] + "\n"
        lock.write_text("".join(lines), encoding="utf-8")
        self.say(f"fix, {place['file']}:{place['line']}: `{edit['before']}` becomes `{edit['after']}`")
        return self._release("1.0.1", folder)

    def _wait_for_return(self, finding: str) -> None:
        begun = time.monotonic()
        self._expect_renderer("acme-pdf 1.4.2")
        self.say(f"the flag is back: receipts are drawn with acme-pdf 1.4.2, {_ms(begun)} later")
        wait_for("the exposure to be resolved", lambda: self._state(finding) == "resolved")
        wait_for("the run to be undone", lambda: self._runs_are_over(finding))

    def _state(self, finding: str) -> str:
        state: str = self.api.call("GET", f"/findings/{finding}")["finding"]["state"]
        return state

    def _runs_are_over(self, finding: str) -> bool:
        runs = self.api.call("GET", f"/findings/{finding}")["runs"]
        return bool(runs) and all(run["state"] == "undone" for run in runs)


def _ms(begun: float) -> str:
    return f"{(time.monotonic() - begun) * 1000:.0f} ms"
