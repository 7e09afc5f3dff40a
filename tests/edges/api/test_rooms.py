"""The API put together room by room answers as the whole one does."""

import asyncio
from collections.abc import Collection
from typing import Any

import httpx
import pytest
from litestar import Litestar

from holdfast.edges.api.app import create_local_app
from holdfast.edges.api.rooms import PREFIX, ROOMS, RoomByRoom, rooms_of
from tests.edges.api.conftest import World

PATHS = [(name, path) for name, handlers in ROOMS.items() for one in handlers for path in sorted(one.paths)]


def ask(application: Any, method: str, path: str, token: str) -> httpx.Response:
    """Return the answer of an application in this process."""

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://holdfast.test", headers=headers) as client:
            return await client.request(method, PREFIX + path)

    return asyncio.run(answer())


def test_every_path_is_looked_for_in_its_room() -> None:
    assert [(name, path) for name, path in PATHS if name not in rooms_of(PREFIX + path)] == []


def test_a_path_of_no_room_is_looked_for_in_all() -> None:
    assert rooms_of(f"{PREFIX}/none/of/them") == tuple(ROOMS)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/environments"),
        ("GET", "/services/none/builds"),
        ("GET", "/findings?nonsense=1"),
        ("GET", "/tokens"),
        ("DELETE", "/findings"),
        ("POST", "/flags/none/none"),
        ("GET", "/none/of/them"),
    ],
)
def test_a_room_answers_as_the_whole_does(world: World, method: str, path: str) -> None:
    token = world.token()
    whole, room = (ask(one, method, path, token) for one in (world.app, create_local_app(world.deps)))
    assert (room.status_code, room.json()) == (whole.status_code, whole.json())


def test_a_room_asks_for_a_token_too(world: World) -> None:
    assert ask(create_local_app(world.deps), "GET", "/findings", "hf_none").status_code == 401


def test_a_room_is_put_together_once(world: World) -> None:
    made: list[Collection[str]] = []

    def assemble(names: Collection[str]) -> Litestar:
        made.append(names)
        return world.app

    application, token = RoomByRoom(assemble), world.token()
    for path in ("/findings", "/findings", "/tokens"):
        assert ask(application, "GET", path, token).status_code == 200
    assert made == [("findings",), ("identities",)]
