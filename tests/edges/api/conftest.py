"""An API on a private store, with a clock and identifiers that do as they are told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from holdfast.edges.api.app import create_app
from holdfast.edges.api.deps import ApiDependencies, ApiSettings
from holdfast.loop.tokens import issue_token
from holdfast.model.drill import DrillEvidence
from holdfast.model.tenancy import Org, Permission
from holdfast.ports.store import Store
from holdfast.testing.clocks import FakeClock, FakeIds
from holdfast.testing.oidc import FakeIssuers
from tests.fresh_store import fresh_store

KEY = b"k" * 32


@dataclass(frozen=True)
class World:
    """One installation with two orgs; `acme` may make further orgs."""

    deps: ApiDependencies
    clock: FakeClock
    app: Litestar
    client: TestClient[Litestar]
    told: list[str]
    played: list[DrillEvidence] = field(default_factory=list)

    def token(
        self, *permissions: Permission, org: str = "acme", team: str | None = None, person: str | None = "somebody"
    ) -> str:
        """Return a new token's text; `person` is whose it is, `None` for a machine's."""
        wanted = permissions or (Permission.ADMIN,)
        _, text = issue_token(
            self.deps.store,
            org,
            "test",
            wanted,
            now=self.clock.now(),
            ids=self.deps.ids,
            team=team,
            person=person,
            environment="production" if Permission.FLAGS_READ in wanted else None,
        )
        return text


@dataclass(frozen=True)
class Caller:
    """Asks with one token; answers are decoded JSON, after a check of the status."""

    world: World
    token: str

    def ask(self, method: str, path: str, status: int, **more: Any) -> Any:
        """Send a request and return the JSON of its answer."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        answer = self.world.client.request(method, f"/api/v1{path}", headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        """Read."""
        return self.ask("GET", path, status, **more)

    def post(self, path: str, body: Any = None, status: int = 201, **more: Any) -> Any:
        """Post a JSON body."""
        return self.ask("POST", path, status, json=body, **more)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        """Put a JSON body."""
        return self.ask("PUT", path, status, json=body)


@pytest.fixture
def store() -> Iterator[Store]:
    """A private store."""
    opened = fresh_store()
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store) -> Iterator[World]:
    """An installation with the orgs `acme` and `globex`."""
    clock = FakeClock()
    told: list[str] = []
    for name in ("acme", "globex"):
        store.tenants.save_org(Org(name, name.title(), clock.now()))
    settings = ApiSettings(install_org="acme")
    played: list[DrillEvidence] = []
    deps = ApiDependencies(
        store,
        clock,
        FakeIds(),
        KEY,
        settings,
        on_change=told.append,
        play_drill=played.append,
        issuers=FakeIssuers(),
    )
    app = create_app(deps)
    with TestClient(app, base_url="http://holdfast.test", raise_server_exceptions=False) as client:
        yield World(deps, clock, app, client, told, played)


@pytest.fixture
def admin(world: World) -> Caller:
    """An administrator of `acme`."""
    return Caller(world, world.token())


@pytest.fixture
def stranger(world: World) -> Caller:
    """An administrator of `globex`."""
    return Caller(world, world.token(org="globex"))


PURL = "pkg:pypi/flaskish@1.0.0"
MANIFEST = """version: 1
services:
  - name: shop
    team: retail
    tier: 1
    exposure: internet
"""
RECORD = {
    "id": "ACME-2026-1",
    "modified": "2026-01-01T11:00:00Z",
    "published": "2026-01-01T10:00:00Z",
    "summary": "flaskish opens the door",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "flaskish"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]}],
        }
    ],
}


def composition(*purls: str) -> dict[str, Any]:
    """Return a composition in our own form, each component at a line of its own."""
    places = [[{"file": "requirements.txt", "line": number}] for number, _ in enumerate(purls, 1)]
    occurrences = [
        {"purl": purl, "locations": place, "direct": True} for purl, place in zip(purls, places, strict=True)
    ]
    return {
        "occurrences": occurrences,
        "files": [{"file": "requirements.txt", "format": "pip", "components": len(purls)}],
    }


@pytest.fixture
def exposed(admin: Caller) -> dict[str, Any]:
    """Deploy a release of `shop` to production, then push an advisory that hits it; returns what came back."""
    admin.put("/environments/production", {"tier": 1, "exposure": "internet"})
    release = admin.post(
        "/releases", {"service": "shop", "version": "1", "manifest": MANIFEST, "sbom": composition(PURL)}
    )
    deployment = admin.post("/deployments", {"environment": "production", "release": release["release"]["id"]})
    admin.world.clock.tick(60)
    pushed = admin.post("/advisories", RECORD)
    return {"release": release, "deployment": deployment, "pushed": pushed}
