"""Answers as ASGI sends them, and what pages of other sites may read of them."""

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

import msgspec

from holdfast.edges.ofrep.streams import Send
from holdfast.edges.ofrep.wire import GeneralError
from holdfast.model.frozen import frozen

JSON = "application/json"
_ASKS = b"authorization, x-api-key, content-type, if-none-match, last-event-id, x-holdfast-client, x-holdfast-kind"
_READS = b"etag, retry-after, x-holdfast-revision, x-holdfast-stale-since"

Headers = tuple[tuple[str, str], ...]


@frozen
class Answer:
    """One answer."""

    status: int
    body: bytes
    headers: Headers = ()
    media_type: str = JSON

    def begin(self, *, length: int | None = None) -> MutableMapping[str, Any]:
        """Return ASGI's first message."""
        headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in self.headers]
        headers.append((b"x-content-type-options", b"nosniff"))
        if self.status not in (204, 304):
            headers.append((b"content-type", self.media_type.encode()))
            if length is not None:
                headers.append((b"content-length", str(length).encode()))
        return {"type": "http.response.start", "status": self.status, "headers": headers}


def json_answer(status: int, body: bytes, headers: Headers = ()) -> Answer:
    """Return JSON."""
    return Answer(status, body, headers)


def general(status: int, details: str, headers: Headers = ()) -> Answer:
    """Return an error that is not about a flag."""
    return Answer(status, msgspec.json.encode(GeneralError(details)), headers)


def with_origin(answer: Answer, origin: str | None, origins: tuple[str, ...]) -> Answer:
    """Let a page of another site read the answer, where its site may."""
    allowed = _allowed(origin, origins)
    if allowed is None:
        return answer
    more = (("access-control-allow-origin", allowed), ("access-control-expose-headers", _READS.decode()))
    vary = () if allowed == "*" else (("vary", "origin"),)
    return replace(answer, headers=(*answer.headers, *more, *vary))


def preflight(origin: str | None, origins: tuple[str, ...]) -> Answer:
    """Answer a browser that asks whether a page may ask."""
    if _allowed(origin, origins) is None:
        return general(403, "pages of this site may not ask")
    headers = (
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", _ASKS.decode()),
        ("access-control-max-age", "600"),
    )
    return with_origin(Answer(204, b"", headers), origin, origins)


def _allowed(origin: str | None, origins: tuple[str, ...]) -> str | None:
    if origin is None or not origins:
        return None
    if "*" in origins:
        return "*"
    return origin if origin in origins else None


async def send_answer(send: Send, answer: Answer) -> None:
    """Send it whole."""
    await send(answer.begin(length=len(answer.body)))
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
