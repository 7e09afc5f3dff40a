"""The real Unleash that tests talk to, and what a team does in it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

SCRIPT = Path(__file__).parents[4] / "scripts" / "unleash.sh"
_NUMBERS = count(1)
ENVIRONMENT = "development"


@dataclass(frozen=True)
class UnleashServer:
    """A running server: its URL, its tokens, and a client of the team's own."""

    url: str
    admin: str
    client: str
    frontend: str
    http: httpx.Client

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Ask the admin API as the team would."""
        answer = self.http.request(method, f"{self.url}/api/admin{path}", json=body)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def feature(self, *strategies: Mapping[str, object], enabled: bool = True) -> str:
        """Create a flag with these strategies in the environment; returns its name."""
        name = f"flag.{os.getpid()}-{next(_NUMBERS)}"
        self.call("POST", "/projects/default/features", {"name": name, "type": "kill-switch"})
        for strategy in strategies:
            self.call("POST", f"{self.place(name)}/strategies", strategy)
        if enabled:
            self.switch(name, enabled=True)
        return name

    def place(self, flag: str) -> str:
        """Return the path of a flag in the environment."""
        return f"/projects/default/features/{flag}/environments/{ENVIRONMENT}"

    def switch(self, flag: str, *, enabled: bool) -> None:
        """Switch the flag in the environment."""
        self.call("POST", f"{self.place(flag)}/{'on' if enabled else 'off'}")

    def state(self, flag: str) -> object:
        """Return all that the server keeps of a flag, in every environment, with the ids of its strategies."""
        kept = self.call("GET", f"/projects/default/features/{flag}?variantEnvironments=true")
        for name in ("lifecycle", "collaborators"):  # its own bookkeeping, written some time after the fact
            kept.pop(name, None)
        for one in kept["environments"]:  # telemetry of who asked
            for name in ("lastSeenAt", "yes", "no"):
                one.pop(name, None)
        return kept

    def seen(self, flag: str, user: str = "q") -> str:
        """Return what a user of an application is given, as the server evaluates it."""
        answer = self.http.get(
            f"{self.url}/api/frontend", params={"userId": user}, headers={"authorization": self.frontend}
        )
        answer.raise_for_status()
        for toggle in answer.json()["toggles"]:
            if toggle["name"] == flag:
                return str(toggle["variant"]["name"]) if toggle["variant"]["enabled"] else "on"
        return "off"


def start_unleash() -> tuple[UnleashServer, str]:
    """Start a server; returns it and the folder to stop it by. Skips where there is none, and fails in CI."""
    started = subprocess.run([str(SCRIPT), "start"], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        because = f"no Unleash: {started.stderr.strip()[-600:]}"
        if os.environ.get("CI"):
            pytest.fail(because)
        pytest.skip(because)
    url, admin, client, frontend, folder = started.stdout.split()
    return UnleashServer(url, admin, client, frontend, httpx.Client(headers={"authorization": admin})), folder


def stop_unleash(server: UnleashServer, folder: str) -> None:
    """Stop a server that was started."""
    server.http.close()
    subprocess.run([str(SCRIPT), "stop", folder], check=False)


def rollout(percent: int, *variants: Mapping[str, object], **more: object) -> Mapping[str, object]:
    """Return a gradual rollout as a team writes it."""
    parameters = {"rollout": str(percent), "stickiness": "default", "groupId": "shop"}
    return {"name": "flexibleRollout", "parameters": parameters, "constraints": [], "variants": list(variants), **more}


def variant(name: str, weight: int, payload: str | None = None) -> Mapping[str, object]:
    """Return a variant as a team writes it."""
    plain = {"name": name, "weight": weight, "weightType": "variable", "stickiness": "default"}
    return plain if payload is None else {**plain, "payload": {"type": "string", "value": payload}}
