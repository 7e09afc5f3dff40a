"""Putting a relay together and running it: OFREP, its stream, `flagd.sync.v1`, health, and who follows the server."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import field
from pathlib import Path
from typing import Any

import uvicorn

from holdfast.app.front import Front
from holdfast.app.listening import EndingServer, collect_seldom, listen, raise_descriptor_limit
from holdfast.edges.ofrep.app import OfrepApp, Serving
from holdfast.edges.providers.system import SystemClock
from holdfast.edges.relay.flags import ORG, RelayFlags
from holdfast.edges.relay.relay import Relay
from holdfast.edges.relay.upstream import Upstream
from holdfast.errors import UnauthenticatedError
from holdfast.loop.flag_access import Credential, FlagAccess, ticket_of
from holdfast.loop.flag_clients import ClientBook
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Permission, Token

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@frozen
class Options:
    """What the operator said. `local_token` is what clients must send; `None` asks for nothing."""

    server: str
    environment: str
    snapshot: Path
    token: str = field(repr=False)
    local_token: str | None = field(repr=False)
    host: str
    port: int
    flagd_port: int | None
    origins: tuple[str, ...]
    name: str


def run(options: Options, say: Callable[[str], None]) -> None:
    """Serve until told to stop.

    Raises:
        UsageError: a port is taken, or the server's URL is none.
    """
    raise_descriptor_limit()
    collect_seldom()
    clock, book, stop = SystemClock(), ClientBook(), threading.Event()
    flags = RelayFlags(options.environment)
    upstream = Upstream(options.server, options.token, options.name)
    relay = Relay(flags, upstream, options.snapshot, book, clock=clock, say=say)
    access = FlagAccess(_local_look(options, clock.now), clock)
    hosts = () if options.local_token else _LOOPBACK_NAMES
    ofrep = OfrepApp(
        Serving(flags, flags, access, book, clock, origins=options.origins, hosts=hosts),
    )
    listener = listen(options.host, options.port)
    flagd = _flagd(options, flags, access, book, clock)
    relay.open_snapshot()
    config = uvicorn.Config(
        Front(ofrep, _Health(relay)), log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2
    )
    threads = [
        threading.Thread(target=work, args=(stop,), daemon=True) for work in (relay.run_forever, relay.report_forever)
    ]
    try:
        say(f"flags of {options.environment} at http://{options.host}:{listener.getsockname()[1]}")
        if flagd is not None:
            say(f"  flagd.sync.v1 at {options.host}:{flagd.start()}")
        for thread in threads:
            thread.start()
        EndingServer(config, ofrep.hub.close).run(sockets=[listener])
    finally:
        stop.set()
        if flagd is not None:
            flagd.stop()


def _flagd(options: Options, flags: RelayFlags, access: FlagAccess, book: ClientBook, clock: SystemClock) -> Any:
    if options.flagd_port is None:
        return None
    from holdfast.edges.flagd.server import FlagdServer
    from holdfast.edges.flagd.service import SyncServing

    return FlagdServer(SyncServing(flags, flags, access, book, clock), options.host, options.flagd_port)


def _local_look(options: Options, now: Callable[[], Any]) -> Callable[[Credential], Token]:
    """Return who may ask: whoever shows the local token, or everybody on this machine where there is none."""
    secret = options.local_token
    digest = hashlib.sha256(secret.encode()).hexdigest() if secret else ""
    reader = Token(
        ORG, "local", "local", digest, frozenset({Permission.FLAGS_READ}), now(), None, environment=options.environment
    )

    def look(credential: Credential) -> Token:
        if secret is None:
            return reader
        wanted = ticket_of(reader) if credential.kind == "ticket" else secret
        if hmac.compare_digest(credential.text.encode("utf-8", "surrogatepass"), wanted.encode()):
            return reader
        raise UnauthenticatedError("no valid token", hint="send `Authorization: Bearer …`")

    return look


class _Health:
    """`/healthz` and `/readyz`; everything else is not there."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        status, body = self._relay.health() if scope["path"] in ("/healthz", "/readyz") else (404, {"status": "none"})
        content = json.dumps(body).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
