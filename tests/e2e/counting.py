"""A receiver that keeps the books: it runs in the test, and knows nothing of who sends."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import psutil


class Quiet(BaseHTTPRequestHandler):
    """Answers in JSON, and says nothing on stderr."""

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", "0")))

    def answer(self, status: int, value: object = None) -> None:
        """Answer, if whoever asked still lives."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give an address, and the messages that came to it."""
    told: list[dict[str, Any]] = []

    class Handler(Quiet):
        def do_POST(self) -> None:
            told.append(json.loads(self.read()))
            self.answer(200)

    with _serve(Handler) as url:
        yield url, told


@dataclass
class SlowReceiver:
    """A receiver that takes its time: a request counts when it is let through, whoever waits for the answer.

    `arrived` are the keys that came, `counted` those that were let through. `sender` is the port that the last request
    came from.
    """

    url: str = ""
    arrived: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    sender: int = 0
    open: threading.Event = field(default_factory=threading.Event)

    def is_sent_by(self, process: int) -> bool:
        """Whether the last request came from a process."""
        ports = {one.laddr.port for one in psutil.Process(process).net_connections("tcp4")}
        return self.sender in ports


@contextmanager
def slow_receiver() -> Iterator[SlowReceiver]:
    """Give a slow receiver that can tell what became of a key."""
    receiver = SlowReceiver()

    class Handler(Quiet):
        def do_POST(self) -> None:
            self.read()
            receiver.sender = self.client_address[1]
            receiver.arrived.append(self.headers["idempotency-key"])
            receiver.open.wait(60)
            receiver.counted.append(self.headers["idempotency-key"])
            self.answer(200)

        def do_GET(self) -> None:
            key = unquote(self.path.removeprefix("/did/"))
            status = 200 if key in receiver.counted else 202 if key in receiver.arrived else 404
            self.answer(status)

    with _serve(Handler) as url:
        receiver.url = url
        try:
            yield receiver
        finally:
            receiver.open.set()
