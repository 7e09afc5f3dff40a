"""What the scenes of a night on call share: the real shop in a place of its own, people, advisories, a rehearsal."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from json import loads
from pathlib import Path
from typing import Any

import httpx
import yaml

from holdfast.app.demo_steps import DECLARED_PORT, Shop, free_port
from tests.e2e.serving import PATIENCE_S, Server, wait_until

SHOP = Path(__file__).parents[2] / "examples" / "shop"
FEATURE, SAFE = "acme-pdf 1.4.0", "plain"
PDF, MONEY = "pkg:pypi/acme-pdf@1.4.0", "pkg:pypi/acme-money@2.0.1"
Manifest = dict[str, Any]


@contextmanager
def speaking_as(server: Server, secret: str) -> Iterator[Server]:
    """Give the server as who has this token sees it."""
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=PATIENCE_S, trust_env=False) as client:
        yield replace(server, client=client)


@contextmanager
def org(server: Server, name: str) -> Iterator[Server]:
    """Make an org, in which nothing of another scene is seen or held; gives the server as its administrator sees it."""
    made = server.call("POST", "/orgs", {"id": name, "name": name})
    with speaking_as(server, made["secret"]) as own:
        yield own


def token(server: Server, person: str | None, **more: Any) -> str:
    """Make a token that may act; returns its secret. Without a person it is a machine's."""
    body = {"name": person or "machine", "permissions": ["read", "mitigate"], **({"person": person} if person else {})}
    return str(server.call("POST", "/tokens", body | more)["secret"])


@contextmanager
def browser(server: Server, secret: str) -> Iterator[httpx.Client]:
    """Give a browser that a token let in, by a one-time link."""
    with speaking_as(server, secret) as own:
        link = own.call("POST", "/login-codes")["path"]
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S, trust_env=False) as client:
        assert client.get(link).status_code == 200
        client.headers["Origin"] = server.url
        yield client


@dataclass
class Scene:
    """The shop as a service in an environment of one server, and what happens to it."""

    server: Server
    shop: Shop
    manifest: Manifest
    environment: str = "production"
    _versions: list[str] = field(default_factory=list)

    @property
    def service(self) -> str:
        return str(self.manifest["services"][0]["name"])

    def ship(self, *purls: str) -> None:
        """Register and deploy the next release with these components, as CI would; the process stays the same."""
        version = f"1.0.{len(self._versions)}"
        self._versions.append(version)
        sbom = {"occurrences": [{"purl": purl, "direct": True} for purl in purls]}
        body = {"service": self.service, "version": version, "sbom": sbom, "manifest": yaml.safe_dump(self.manifest)}
        self.server.call("POST", "/releases", body)
        where = {"service": self.service, "version": version, "environment": self.environment}
        self.server.call("POST", "/deployments", where)

    def rehearse(self) -> dict[str, Any]:
        """Hold a drill of every plan, one by one; returns why each failed that did not pass, by plan."""
        failed: dict[str, Any] = {}
        for plan in self.manifest["services"][0]["plans"]:
            ask = {"service": self.service, "environment": self.environment, "level": "L1", "plan": plan["id"]}
            drill = self.server.call("POST", "/drills", ask)["id"]
            wait_until(partial(self._has_ended, drill))
            done = self.server.call("GET", f"/drills/{drill}")
            if done["outcome"] != "passed":
                failed[plan["id"]] = done["because"]
        return failed

    def _has_ended(self, drill: str) -> bool:
        return bool(self.server.call("GET", f"/drills/{drill}")["outcome"] != "running")

    def strike(self, advisory: str, purl: str) -> str:
        """Publish an advisory for all versions of a package below 9; returns the exposure that it opens here."""
        name = purl.removeprefix("pkg:pypi/").partition("@")[0]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.0"}]}]
        affected = [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}]
        record = {"id": advisory, "modified": now, "published": now, "affected": affected}
        (exposure,) = self.server.call("POST", "/advisories", record)["exposures"]
        return str(exposure)

    def state(self, exposure: str) -> str:
        return str(self.server.call("GET", f"/findings/{exposure}")["finding"]["state"])

    def runs(self, exposure: str) -> Sequence[dict[str, Any]]:
        """Return the exposure's runs, oldest first."""
        runs: list[dict[str, Any]] = self.server.call("GET", f"/findings/{exposure}")["runs"]
        return sorted(runs, key=lambda run: str(run["created_at"]))

    def run(self, exposure: str) -> dict[str, Any]:
        """Return the exposure's newest run."""
        return self.runs(exposure)[-1]

    def wait_for_run(self, exposure: str, state: str) -> dict[str, Any]:
        """Wait until the exposure's newest run is in a state; returns it."""
        wait_until(lambda: [run["state"] for run in self.runs(exposure)][-1:] == [state])
        return self.run(exposure)

    def renderer(self) -> object:
        """Return how the shop itself draws a receipt."""
        return self.shop.ask("/receipts/1").get("renderer")


def shop_manifest(port: int, edit: Callable[[Manifest], None]) -> Manifest:
    """Return the shop's own manifest, with its probe at that port, and changed."""
    manifest: Manifest = yaml.safe_load(
        (SHOP / "holdfast.yaml").read_text().replace(DECLARED_PORT, f"127.0.0.1:{port}")
    )
    edit(manifest["services"][0])
    return manifest


@contextmanager
def shop_in(
    server: Server, folder: Path, edit: Callable[[Manifest], None], *purls: str, port: int | None = None
) -> Iterator[Scene]:
    """Start the shop in production on flags of this server, declared, registered with these components and deployed."""
    shop = Shop(port or free_port(), server.url, "")
    scene = Scene(server, shop, shop_manifest(shop.port, edit))
    server.call("PUT", f"/environments/{scene.environment}", {"tier": 1, "exposure": "internet"})
    for key, definition in loads((SHOP / "flags.json").read_text()).items():
        server.call("PUT", f"/flags/{scene.environment}/{key}", definition)
    reader = {"name": "shop", "permissions": ["flags:read"], "environment": scene.environment}
    shop.token = server.call("POST", "/tokens", reader)["secret"]
    scene.ship(*purls)
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        shop.start(folder)
        assert scene.renderer() == FEATURE
        yield scene
    finally:
        shop.stop()
