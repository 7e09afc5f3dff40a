"""The door of the web server: flags go straight to their own room, everything else through the framework."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from holdfast.edges.ofrep.app import PREFIXES, OfrepApp

AsgiApp = Callable[..., Awaitable[None]]


class Front:
    """An ASGI application before two others."""

    def __init__(self, flags: OfrepApp, rest: AsgiApp) -> None:
        self.flags, self.rest = flags, rest

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer one request, or take part in starting and stopping."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIXES):
            await self.flags(scope, receive, send)
        else:
            await self.rest(scope, receive, send)
