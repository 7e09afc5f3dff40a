"""The API's client, against servers that are not what they should be."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from holdfast.edges.providers.api_client import HttpApi
from holdfast.errors import ConflictError, HoldfastError, NotFoundError

Message = MutableMapping[str, Any]


def _answering(status: int, body: bytes) -> Callable[..., Awaitable[None]]:
    async def application(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return application


def _api(status: int, body: bytes) -> HttpApi:
    return HttpApi("http://near.example", "hf_x", application=_answering(status, body))


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>"), (200, b"[]"), (200, b'{"items": 3}'), (200, b""), (502, b"<html>"), (404, b"[]"), (500, b"{}")],
)
def test_an_answer_of_somebody_else_is_an_error(status: int, body: bytes) -> None:
    api = _api(status, body)
    with pytest.raises(HoldfastError, match="expected an answer of Holdfast's"):
        list(api.pages("/services"))
    api.close()


def test_an_empty_answer_is_none() -> None:
    api = _api(204, b"")
    assert api.call("DELETE", "/x") is None
    api.close()


def test_a_problem_is_the_error_that_caused_it() -> None:
    body = b'{"detail": "taken", "where": "$.name", "hint": "another", "errors": [{"where": "a:1", "detail": "b"}]}'
    for status, kind in ((409, ConflictError), (404, NotFoundError), (418, HoldfastError)):
        api = _api(status, body)
        with pytest.raises(kind) as caught:
            api.call("GET", "/x")
        assert (caught.value.where, caught.value.hint) == ("$.name", "another")
        assert caught.value.message == "taken\n  a:1: b"
        api.close()


def test_pages_follow_the_cursor_until_there_is_none() -> None:
    seen: list[bytes] = []

    async def application(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        seen.append(scope["query_string"])
        body = b'{"items": [1, 2], "next": "c"}' if len(seen) == 1 else b'{"items": [3], "next": null}'
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    api = HttpApi("http://near.example", "hf_x", application=application)
    assert list(api.pages("/x", query={"limit": 2, "none": None, "yes": True})) == [1, 2, 3]
    assert seen == [b"limit=2&yes=true", b"limit=2&yes=true&cursor=c"]
    api.close()


def test_a_server_that_never_ends_its_answer_gives_none() -> None:
    async def application(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        await asyncio.Event().wait()

    api = HttpApi("http://near.example", "hf_x", application=application, timeout_s=0.05)
    with pytest.raises(HoldfastError, match=r"no answer from http://near.example: nothing within 0.05 s"):
        api.call("GET", "/x")
    api.close()
