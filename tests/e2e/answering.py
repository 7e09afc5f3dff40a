"""What the stubs of these tests have in common: they answer in JSON, in the test or as a process, and log nothing."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from holdfast.model.frozen import frozen


@frozen
class Asked:
    """A request as it arrived. `key` is its idempotency key, `port` the one that it came from."""

    method: str
    path: str
    body: bytes
    key: str
    port: int


Respond = Callable[[Asked], tuple[int, object]]
"""Status of the answer, and what stands in it as JSON."""


class Quiet(BaseHTTPRequestHandler):
    """Says nothing on stderr."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def answering(respond: Respond) -> AbstractContextManager[str]:
    """Answer on a free port of this process; gives the URL."""
    return serving(_handler(respond))


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Let a handler serve on a free port of this process; gives the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def answer_until_killed(respond: Respond) -> None:
    """Answer on a free port until the process ends; the port is the first line on stdout."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond))
    print(server.server_address[1], flush=True)
    server.serve_forever()


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(Quiet):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            key = self.headers.get("idempotency-key", "")
            status, value = respond(Asked(self.command, self.path, body, key, self.client_address[1]))
            answer = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            with suppress(ConnectionError):  # whoever asked may have been killed meanwhile
                self.end_headers()
                self.wfile.write(answer)

    return Handler
