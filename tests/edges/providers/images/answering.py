"""A registry and a token server of our own, which answer as they are told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from holdfast.model.frozen import frozen


@frozen
class Told:
    """An answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Answering:
    """Where it is (`host:port`), what it was asked (path, `Authorization`), and how it answers."""

    host: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    respond: Callable[[str, str], Told] = field(default=lambda _path, _authorization: Told(404))


@contextmanager
def answering() -> Iterator[Answering]:
    """Serve on a free port of the loopback."""
    found = Answering("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            authorization = self.headers.get("authorization", "")
            found.asked.append((self.path, authorization))
            told = found.respond(self.path, authorization)
            self.send_response(told.status)
            for name, value in {"content-length": str(len(told.body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    found.host = f"127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
