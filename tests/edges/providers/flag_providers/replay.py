"""A server that answers recorded exchanges, and nothing else.

A recording is a JSON file: `states` maps each state of the other side to what applications are given in it, `begin`
names the first. An exchange says in which states it holds (`in`; any without), the request (method, path with query,
headers and body that must be there), the response, and the state that comes `then`.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "exchanges"


class Recording:
    """The other side. `state` is where it is now, `unknown` what it was asked that was never recorded."""

    def __init__(self, name: str) -> None:
        document = json.loads((FOLDER / f"{name}.json").read_text())
        self.state: str = document["begin"]
        self.states: dict[str, str | None] = document["states"]
        self.exchanges: list[dict[str, Any]] = document["exchanges"]
        self.unknown: list[str] = []
        self.url = ""

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> dict[str, Any]:
        """Return the response that was recorded for a request in this state."""
        for one in self.exchanges:
            wanted = one["request"]
            if (
                self.state in one.get("in", [self.state])
                and wanted.get("method", method) == method
                and wanted.get("path", path) == path
                and wanted.get("body", body) == body
                and all(headers.get(name) == value for name, value in wanted.get("headers", {}).items())
            ):
                self.state = one.get("then", self.state)
                response: dict[str, Any] = one["response"]
                return response
        self.unknown.append(f"{method} {path} {json.dumps(body)} in `{self.state}`")
        return {"status": 400, "body": {"message": "no such exchange was recorded"}}


@contextmanager
def replaying(name: str) -> Iterator[Recording]:
    """Give a running recording; what it was asked and never recorded fails the test."""
    recording = Recording(name)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            response = recording.answer(self.command, self.path, headers, json.loads(sent) if sent else None)
            body = json.dumps(response["body"]).encode() if "body" in response else b""
            self.send_response(response["status"])
            for key, value in response.get("headers", {}).items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recording.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recording
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert recording.unknown == []
