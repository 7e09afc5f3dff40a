"""An application that asks Unleash by its official SDK: `python -m tests.e2e.unleash_application URL TOKEN FLAG CACHE`.

Says the port that it answers at, then answers every request with how it draws receipts just then. What the SDK heard
last it goes by as long as Unleash is silent.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from UnleashClient import UnleashClient  # type: ignore[attr-defined]  # it is its public name, without `__all__`
from UnleashClient.cache import FileCache

SHORTEST_REFRESH_S = 1


def main(url: str, token: str, flag: str, cache: str) -> None:
    """Serve until killed."""
    client = UnleashClient(
        url=f"{url}/api",
        app_name="shop",
        refresh_interval=SHORTEST_REFRESH_S,
        refresh_jitter=None,
        custom_headers={"Authorization": token},
        disable_metrics=True,
        cache=FileCache("shop", directory=cache),
    )
    client.initialize_client()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"renderer": "acme-pdf" if client.is_enabled(flag) else "plain"}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
