"""The description of the API is what the server serves, and what is kept in the documentation."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.routes import HTTPRoute

from holdfast.edges.api.openapi import describe
from holdfast.edges.api.rooms import api_router
from tests.edges.api.conftest import World

KEPT = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


def test_the_description_that_is_served_is_the_one_in_the_documentation(world: World) -> None:
    served = world.client.get("/api/v1/openapi.json")
    assert served.status_code == 200
    assert served.content.decode() == KEPT.read_text(encoding="utf-8"), (
        "write it anew: python -m holdfast.edges.api.openapi > docs/reference/openapi.json"
    )


@pytest.fixture
def document() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(describe(api_router))
    return described


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_every_route_of_the_api_is_described(world: World, document: dict[str, Any]) -> None:
    served = {
        (route.path_format, method.lower())
        for route in world.app.routes
        if isinstance(route, HTTPRoute)
        and route.path.startswith("/api/v1/")
        and not route.path.endswith("/openapi.json")
        for method in set(route.methods) - {"OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == served


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(references(document)):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, reference
            place = place[part]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_operation_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"].endswith((".", "written.")), (path, operation["description"])
        assert operation["tags"], path
        expected = {"400"} if operation.get("security") == [] else {"400", "401", "403", "404"}  # no token, no 401
        assert expected <= operation["responses"].keys(), path
        assert any(status.startswith("2") for status in operation["responses"]), path
        if method == "post":
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert ("Idempotency-Key" in names) == (operation.get("security") != []), path


def test_every_list_has_items_and_next(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    lists = [name for name, schema in schemas.items() if "items" in schema.get("properties", {})]
    assert len(lists) >= 15
    assert all({"items", "next"} <= schemas[name]["properties"].keys() for name in lists if name != "PushPage")


def test_no_page_of_the_description_comes_from_elsewhere(document: dict[str, Any]) -> None:
    assert "http://" not in msgspec.json.encode(document).decode()
    assert "https://" not in msgspec.json.encode(document).decode()
