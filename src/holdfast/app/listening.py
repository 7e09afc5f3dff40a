"""A process that holds many connections: where it listens, how many it may hold, what they may cost."""

import gc
import resource
import socket
from collections.abc import Callable

import uvicorn

from holdfast.errors import UsageError

_YOUNG, _OLDER = 50_000, 20


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, so that a taken port is said before anything starts.

    Raises:
        UsageError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol left open asyncio does not switch Nagle's algorithm off, and every answer waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}", hint="name another with --port") from None
    listener.listen(4096)  # ten thousand streams may come back at once
    listener.set_inheritable(True)
    return listener


def raise_descriptor_limit() -> None:
    """Let this process hold as many connections as the machine's operator allows it to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def collect_seldom() -> None:
    """Let the collector of reference cycles look less often, and never again at what is there already.

    Ten thousand open streams are some millions of objects that stay. By its defaults the collector goes through them
    for every few hundred that come: more work than the requests which they belong to.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)


class EndingServer(uvicorn.Server):
    """A web server that ends its streams when it is told to stop, instead of waiting for who never goes away."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self._end_streams()
        await super().shutdown(sockets)
