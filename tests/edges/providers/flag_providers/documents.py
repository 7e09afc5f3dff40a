"""Documents of flags as teams keep them, and a server that keeps one."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON = """{
  "$schema": "https://flagd.dev/schema/v0/flags.json",
  "$evaluators": {"staff": {"ends_with": [{"var": "email"}, "@shop.example"]}},
  "flags": {
    "before":   { "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on" },
    "receipts": {
        "state": "ENABLED",
        "variants": { "full": {"pdf": true}, "plain": {"pdf": false},   "none": {} },
        "defaultVariant": "full",
        "targeting": {"if": [{"$ref": "staff"}, "plain", "full"]},
        "metadata": {"owner": "équipe ☂", "n": 1e2}
    },
    "after": {"state":"DISABLED","variants":{"a":1,"b":2.50},"defaultVariant":"a"}
  },
  "metadata": {"version": 7}
}
"""
YAML = """# what the shop serves
flags:
  before: {state: ENABLED, variants: {"on": true, "off": false}, defaultVariant: "on"}  # in one line
  receipts:          # asked on Mondays
    state: ENABLED
    variants:
      full: {pdf: true}
      plain: {pdf: false}
      none: {}
    defaultVariant: full
    targeting:
      if:
        - $ref: staff
        - plain
        - full   # the last one

  # the next one is off
  after:
    state: DISABLED
    variants: {a: 1, b: 2.50}
    defaultVariant: a
$evaluators:
  staff: {ends_with: [{var: email}, "@shop.example"]}
"""
FLAG, SAFE, OTHER = "receipts", "none", "plain"


class DocumentServer:
    """Keeps one document at a URL, with an ETag. `refuse` is a status to answer everything with."""

    def __init__(self, text: str) -> None:
        self.body = text.encode()
        self.etags = True
        self.refuse: int | None = None
        self.token = "the-source-token"
        self.puts = 0
        self.url = ""

    def etag(self) -> str:
        """Return what tells this document apart from a later one."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'

    def change(self, old: str, new: str) -> None:
        """Change it as somebody else would."""
        assert old in self.body.decode()
        self.body = self.body.decode().replace(old, new, 1).encode()


@contextmanager
def document_server(text: str) -> Iterator[DocumentServer]:
    """Give a running server."""
    kept = DocumentServer(text)

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            if kept.etags and status == 200:
                self.send_header("etag", kept.etag())
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def allowed(self) -> bool:
            if kept.refuse is not None or self.headers.get("authorization") != f"Bearer {kept.token}":
                self.answer(kept.refuse or 401)
                return False
            return True

        def get(self) -> None:
            if self.allowed():
                self.answer(200, kept.body)

        def put(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if not self.allowed():
                return
            if self.headers.get("if-match") != kept.etag():
                self.answer(412)
                return
            kept.body, kept.puts = body, kept.puts + 1
            self.answer(204)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    setattr(Handler, "do_GET", Handler.get)  # noqa: B010 - the standard library looks for these names
    setattr(Handler, "do_PUT", Handler.put)  # noqa: B010
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/flags.json"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
