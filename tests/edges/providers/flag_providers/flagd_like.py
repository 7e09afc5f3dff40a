"""flagd's own evaluator behind OFREP, for where no flagd is: it reads its document when it is told to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError


class FlagdLike:
    """Serves what it read last."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._core = FlagdCore()
        self.url = ""
        self.reload()

    def reload(self) -> None:
        """Read the document, as flagd does when it is told of a change."""
        core = FlagdCore()
        core.set_flags(json.loads(self._read()))
        self._core = core

    def evaluate(self, flag: str) -> tuple[int, dict[str, object]]:
        """Return status and body of OFREP's answer for nobody in particular."""
        try:
            found = self._core.resolve_object_value(flag, {}, EvaluationContext())
        except FlagNotFoundError:
            return 404, {"key": flag, "errorCode": "FLAG_NOT_FOUND"}
        return 200, {"key": flag, "value": found.value, "variant": found.variant, "reason": str(found.reason)}


@contextmanager
def flagd_like(read: Callable[[], str]) -> Iterator[FlagdLike]:
    """Give a running one."""
    serving = FlagdLike(read)

    class Handler(BaseHTTPRequestHandler):
        def post(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, answer = serving.evaluate(self.path.rpartition("/")[2])
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    setattr(Handler, "do_POST", Handler.post)  # noqa: B010 - the standard library looks for this name
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield serving
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
