"""The independent target: counts effects, and knows nothing of Holdfast.

    python -m benchmarks.chaos.target LOG       prints its port, then serves until its stdin ends

Every request is one line of LOG, its key, written before it is answered. It does a request as often as it is asked to:
what is doubled shows. `GET /look?key=KEY` tells whether a key was done; a lane named `flaky…` refuses its first two
requests of a key, one named `broken…` all of them, with nothing done.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FLAKY_TIMES = 2


class Ledger:
    """What was done, by key, and in the log."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._done: set[str] = set()
        self._refused: dict[str, int] = {}

    def do(self, key: str) -> None:
        """Do it, as often as asked."""
        with self._lock:
            os.write(self._log, f"{key}\n".encode())
            self._done.add(key)

    def did(self, key: str) -> bool:
        """Whether a key was done."""
        with self._lock:
            return key in self._done

    def refuses(self, lane: str, key: str) -> bool:
        """Whether this request is refused; a flaky lane refuses the first two of a key."""
        if lane.startswith("broken"):
            return True
        if not lane.startswith("flaky"):
            return False
        with self._lock:
            self._refused[key] = self._refused.get(key, 0) + 1
            return self._refused[key] <= FLAKY_TIMES


def handler(ledger: Ledger) -> type[BaseHTTPRequestHandler]:
    """Return the handler of a ledger."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body of an answer go out together

        def do_POST(self) -> None:
            lane = self.path.removeprefix("/do/")
            self.rfile.read(int(self.headers.get("content-length", "0")))
            key = self.headers["idempotency-key"]
            if ledger.refuses(lane, key):
                self._answer(503, {"refused": key})
                return
            ledger.do(key)
            self._answer(200, {"done": key})

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            key = parse_qs(asked.query).get("key", [""])[0]
            found = ledger.did(key) if asked.path == "/look" else True
            self._answer(200 if found else 404, {"key": key})

        def _answer(self, status: int, document: dict[str, str]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def main(log: str) -> None:
    """Serve until stdin ends."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler(Ledger(Path(log))))
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    print(httpd.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
