"""An application with two feature flags' SDKs, each the official one: Unleash's, and OpenFeature's over OFREP.

`GET /unleash/FLAG` and `GET /own/FLAG` answer `{"mode": "full"}` or `{"mode": "safe"}`, as the SDK decides just then.
"""

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from UnleashClient import UnleashClient

SHORTEST_REFRESH_S = 1
Ask = Callable[[str], bool]


def main(port: str, unleash_url: str, unleash_token: str, own_url: str, own_token: str) -> None:
    """Serve until killed."""
    client = UnleashClient(
        url=f"{unleash_url}/api",
        app_name="shop",
        refresh_interval=SHORTEST_REFRESH_S,
        refresh_jitter=None,
        custom_headers={"Authorization": unleash_token},
        disable_metrics=True,
    )
    client.initialize_client()
    api.set_provider(OFREPProvider(own_url, headers_factory=lambda: {"Authorization": f"Bearer {own_token}"}))
    own = api.get_client()
    asks: dict[str, Ask] = {
        "unleash": lambda flag: bool(client.is_enabled(flag, {"userId": "q"})),
        "own": lambda flag: bool(own.get_boolean_value(flag, False)),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, kind, flag = self.path.split("/", 2)
            body = json.dumps({"mode": "full" if asks[kind](flag) else "safe"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
