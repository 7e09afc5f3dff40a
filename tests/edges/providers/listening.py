"""A real HTTP server for tests that keeps what it was sent, and answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from holdfast.model.frozen import frozen


@frozen
class Got:
    """A request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Respond = Callable[[Got], tuple[int, bytes] | None]
"""Status and body of the answer; `None` is none at all: the connection is closed."""


@dataclass
class Listener:
    """Where the server is, what arrived, and how it answers; with a `cookie` it asks to be remembered by that."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    respond: Respond = field(default=lambda _: (200, b"ok"))
    cookie: str | None = None


@contextmanager
def listening() -> Iterator[Listener]:
    """Serve on a free port."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(self.command, self.path, headers, self.rfile.read(length))
            listener.got.append(got)
            answer = listener.respond(got)
            if answer is None:
                self.close_connection = True
                return
            status, body = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if listener.cookie is not None:
                self.send_header("Set-Cookie", listener.cookie)
            if 300 <= status < 400:
                self.send_header("Location", f"{listener.url}/elsewhere")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    listener.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
