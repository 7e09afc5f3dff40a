"""The gRPC server in a thread and event loop of its own: it lives beside the web server and shares nothing with it."""

import asyncio
import threading
from concurrent.futures import Future

from grpc import aio

from holdfast.edges.flagd.service import SyncService, SyncServing
from holdfast.errors import UsageError

GRACE_S = 1.0
_MAX_REQUEST_BYTES = 64 * 1024
_MAX_STREAMS = 100_000
OPTIONS = (
    ("grpc.so_reuseport", 0),  # a port that is taken is an error, not half of the clients
    ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES),
    ("grpc.max_concurrent_streams", _MAX_STREAMS),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class FlagdServer:
    """Serves `flagd.sync.v1`. TLS is a proxy's business: it listens in clear, by default on loopback."""

    def __init__(self, serving: SyncServing, host: str, port: int) -> None:
        self._serving, self._host, self._port = serving, host, port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self.service: SyncService | None = None

    def start(self) -> int:
        """Listen; returns the port.

        Raises:
            UsageError: the port is taken.
        """
        ready: Future[int] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="holdfast-flagd", daemon=True
        )
        self._thread.start()
        return ready.result()

    def stop(self) -> None:
        """End the streams and the thread."""
        if self._thread is None or not self._thread.is_alive():
            return
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=GRACE_S + 5)

    async def _serve(self, ready: "Future[int]") -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.service = SyncService(self._serving)
        server = aio.server(options=OPTIONS)
        server.add_generic_rpc_handlers((self.service.handlers(),))
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            port = server.add_insecure_port(f"{host}:{self._port}")
        except RuntimeError:
            port = 0
        if not port:
            problem = UsageError(f"cannot listen on {host}:{self._port}", hint="name another with --flagd-port")
            ready.set_exception(problem)
            return
        await server.start()
        ready.set_result(port)
        await self._stop.wait()
        await server.stop(GRACE_S)
