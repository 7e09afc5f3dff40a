"""Another org's token, on every route of the application."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from holdfast.edges.api.app import create_app
from tests.edges.api.conftest import RECORD, Caller, World
from tests.edges.api.test_mitigations import finding
from tests.facts.vex.documents import OPENVEX

__all__ = ["finding"]

OPEN = {"/healthz", "/readyz", "/metrics", "/login", "/logout", "/api/v1/openapi.json", "/api/v1/oidc/token"}
"""Routes that ask for no token: they hold nothing of any org, or take a secret of their own."""

BODIES: dict[str, dict[str, object]] = {
    "/confirm": {},
    "/break-glass": {"reason": "to try"},
    "/resolve": {"happened": True},
    "/finding": {"envelope": "{}"},
    "/restore": {"version": 1},
    "/override": {"reason": "to try"},
    "/withdraw": {"reason": "to try"},
}
"""What a POST takes, by the end of its path, where it is more than the body of the others."""


TRUST = {
    "system": "github",
    "issuer": "https://issuer.example",
    "audience": "https://holdfast.example",
    "conditions": {"repository_owner_id": ["4711"]},
}


def routes(world: World) -> Iterator[tuple[str, str]]:
    for route in world.app.routes:
        if isinstance(route, HTTPRoute):
            for method in sorted(set(route.methods) - {"OPTIONS"}):
                yield method, route.path_format


@pytest.fixture
def filled(admin: Caller, finding: str) -> dict[str, str]:
    """Return an id of `acme` for every path parameter of the API."""
    report = {
        "name": "w",
        "machine_id": "m1",
        "os": "Debian:12",
        "kernel": "6",
        "architecture": "x",
        "sbom": {"occurrences": []},
    }
    waiver = {
        "finding": "CVE-2026-1",
        "service": "shop",
        "status": "not_affected",
        "reason": "component_not_present",
        "expires_at": "2026-02-20T00:00:00Z",
    }
    glass = {"environment": "production", "flag": "checkout", "variant": "off", "reason": "to try"}
    return {
        "service": "shop",
        "release": admin.get("/releases")["items"][0]["id"],
        "deployment": admin.get("/deployments")["items"][0]["deployment"]["id"],
        "environment": "production",
        "key": "checkout",
        "host": admin.post("/hosts", report)["id"],
        "advisory": "ACME-2026-1",
        "finding": finding,
        "run": admin.get("/mitigations")["items"][0]["id"],
        "step": "1",
        "exposure": finding,
        "overlay": admin.post("/break-glass", glass)["id"],
        "freeze": admin.post("/mitigations/freezes", {"reason": "a holiday", "ends_at": "2027-01-01T00:00:00Z"})["id"],
        "drill": admin.post("/drills", {"service": "shop", "environment": "production", "level": "L0"})["id"],
        "token": admin.get("/me")["token"]["id"],
        "group": admin.put("/groups/engineering", {})["name"],
        "build": admin.post("/builds", {"service": "shop", "sbom": {"occurrences": []}})["build"]["id"],
        "waiver": admin.post("/waivers", waiver)["id"],
        "team": admin.put("/teams/retail", {})["name"],
        "trust": admin.put("/trusts/ci", TRUST)["name"],
        "vex": admin.put("/vex/vendor", {"document": json.dumps(OPENVEX)})["name"],
    }


def fill(path: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, f"the test knows no id for {path}"
    return path


def test_every_route_asks_for_a_token(world: World) -> None:
    asked = 0
    for method, path in routes(world):
        if path in OPEN:
            continue
        answer = world.client.request(method, path.replace("{step}", "1").replace("{", "").replace("}", ""))
        assert answer.status_code == 401, (method, path)
        asked += 1
    assert asked >= 45


def test_another_orgs_ids_are_not_there_on_any_route(world: World, stranger: Caller, filled: dict[str, str]) -> None:
    before = everything(world, "acme")
    body = {"status": "failed", "exposure": filled["finding"], "paused": True}
    for method, path in routes(world):
        if path in OPEN or "{" not in path or method == "PUT":
            continue  # what a name is put under is one's own: the next test
        headers = {"Authorization": f"Bearer {stranger.token}"}
        content = {"status": "failed"} if method == "PATCH" else body
        content = next((one for end, one in BODIES.items() if path.endswith(end)), content)
        answer = world.client.request(method, fill(path, filled), headers=headers, json=content)
        assert answer.status_code == 404, (method, path, answer.text)
        assert answer.json()["type"] == "urn:holdfast:problem:not-found"
    assert everything(world, "acme") == before


def test_another_orgs_ids_in_bodies_and_filters_are_not_there(
    world: World, stranger: Caller, filled: dict[str, str]
) -> None:
    before = everything(world, "acme")
    stranger.post("/deployments", {"environment": "production", "release": filled["release"]}, 404)
    stranger.post("/deployments", {"environment": "production", "service": "shop", "version": "1"}, 404)
    stranger.post("/mitigations", {"exposure": filled["finding"]}, 404)
    stranger.post("/mitigations/preview", {"exposure": filled["finding"]}, 404)
    stranger.get("/impact?advisory=ACME-2026-1", 404)
    stranger.get("/releases?service=shop", 404)
    stranger.get("/deployments?service=shop", 404)
    assert stranger.get("/impact?purl=pkg:pypi/flaskish@1.0.0")["total"] == 0
    assert stranger.post("/impact", RECORD, 200)["total"] == 0
    assert everything(world, "acme") == before


def test_lists_show_nothing_of_another_org(world: World, stranger: Caller, filled: dict[str, str]) -> None:
    lists = [path for method, path in routes(world) if method == "GET" and "{" not in path and path not in OPEN]
    for path in lists:
        if path.endswith(("/events", "/impact", "/drills/check")):  # each asks about something that is named
            continue
        answer = world.client.get(path, headers={"Authorization": f"Bearer {stranger.token}"})
        assert answer.status_code == 200, path
        for name, value in filled.items():
            if name == "step":  # a number that everybody has
                continue
            assert f'"{value}"' not in answer.text, (path, name)


def test_the_same_names_are_other_things_in_another_org(
    stranger: Caller, admin: Caller, filled: dict[str, str]
) -> None:
    stranger.put("/environments/production", {"exposure": "development"})
    stranger.put("/services/shop", {"team": "thieves"})
    stranger.put("/teams/retail", {})
    stranger.put("/flags/production/checkout", {"state": "ENABLED", "variants": {"x": 1}, "defaultVariant": "x"})
    stranger.post("/advisories", RECORD | {"summary": "mine"})
    stranger.post("/advisories", RECORD | {"withdrawn": "2026-01-01T12:00:00Z"})
    assert admin.get("/environments/production")["exposure"] == "internet"
    assert admin.get("/services/shop")["service"]["team"] == "retail"
    assert "on" in admin.get("/flags/production/checkout")["definition"]["variants"]
    assert admin.get("/advisories/ACME-2026-1")["summary"] == RECORD["summary"]
    assert admin.get(f"/findings/{filled['finding']}")["finding"]["state"] == "open"


def everything(world: World, org: str) -> list[Any]:
    with world.deps.store.read(org) as tx:
        return [tx.journal.head(), tx.queries.counts(), tx.settings.get("mitigations.pause")]


def test_an_app_is_made_as_often_as_one_likes(world: World) -> None:
    again = create_app(world.deps)
    assert {route.path for route in again.routes} == {route.path for route in world.app.routes}
