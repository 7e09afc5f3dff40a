"""Flags in a store, served on loopback: what tests of every way of serving them stand on."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import uvicorn

from holdfast.edges.flagd.server import FlagdServer
from holdfast.edges.flagd.service import SyncServing
from holdfast.edges.ofrep.app import OfrepApp, Serving
from holdfast.edges.ofrep.limits import Limits
from holdfast.edges.stores.store import open_sql_store
from holdfast.errors import UnauthenticatedError
from holdfast.loop.flag_access import Credential, FlagAccess, ticket_of
from holdfast.loop.flag_clients import ClientBook
from holdfast.loop.flag_feed import FlagFeed
from holdfast.loop.flags import FlagServer, define_flag
from holdfast.model.flag import FlagClient, Overlay
from holdfast.model.inventory import Environment, Reach
from holdfast.model.tenancy import Org, Permission, Token
from holdfast.ports.store import Store
from holdfast.testing.clocks import FakeClock

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORG = "org_1"
ENVIRONMENT = "production"
ON_OFF = '{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}'
READER = Token(ORG, "tok_1", "app", "digest-1", frozenset({Permission.FLAGS_READ}), T0, None, environment=ENVIRONMENT)


def known_tokens() -> dict[str, Token]:
    """Return the tokens by what clients send."""
    return {
        "reader": READER,
        "staging": replace(READER, id="tok_2", environment="staging"),
        "unbound": replace(READER, id="tok_3", environment=None),
        "other": replace(READER, id="tok_4", permissions=frozenset({Permission.READ})),
        "foreign": replace(READER, id="tok_5", org="org_2"),
    }


@dataclass
class FlagStand:
    """A store with one flag, `tax`, and everything that serves it."""

    store: Store
    clock: FakeClock = field(default_factory=lambda: FakeClock(T0))
    tokens: dict[str, Token] = field(default_factory=known_tokens)
    looks: int = 0

    def __post_init__(self) -> None:
        self.server = FlagServer(self.store)
        self.feed = FlagFeed(self.store)
        self.book = ClientBook()
        self.access = FlagAccess(self.identify, self.clock)
        self.store.tenants.save_org(Org(ORG, "Example", T0))
        with self.store.write(ORG, T0) as tx:
            tx.environments.save(Environment(ORG, "env_1", ENVIRONMENT, 1, Reach.INTERNET))
        self.define("tax")

    def identify(self, credential: Credential) -> Token:
        """Return who a token or a ticket stands for."""
        self.looks += 1
        tickets = {ticket_of(token): token for token in self.tokens.values()}
        token = (tickets if credential.kind == "ticket" else self.tokens).get(credential.text)
        if token is None:
            raise UnauthenticatedError("no valid token")
        return token

    def client(self, name: str) -> FlagClient:
        """Return what is known of a client of the reader's token."""
        return next(one for one in self.book.list((ORG, ENVIRONMENT)) if one.id == f"{name}@tok_1")

    @property
    def revision(self) -> int:
        """The environment's revision."""
        return self.feed.revision(ORG, ENVIRONMENT)

    def define(self, key: str, text: str = ON_OFF) -> None:
        """Define a flag and tell it."""
        with self.store.write(ORG, T0) as tx:
            define_flag(tx, ENVIRONMENT, key, text, T0)
        self.feed.notify(ORG, ENVIRONMENT)

    def hold(self, name: str = "ovl_1", flag: str = "tax", variant: str = "off") -> None:
        """Force a flag and tell it."""
        with self.store.write(ORG, T0) as tx:
            tx.overlays.save(Overlay(ORG, name, ENVIRONMENT, flag, variant, "test", None, T0))
        self.feed.notify(ORG, ENVIRONMENT)

    def lift(self, name: str = "ovl_1") -> None:
        """Lift what forces it and tell it."""
        with self.store.write(ORG, T0) as tx:
            tx.overlays.lift(name, T0)
        self.feed.notify(ORG, ENVIRONMENT)

    def ofrep(self, limits: Limits | None = None, heartbeat_s: float = 0.1) -> OfrepApp:
        """Return the application that speaks OFREP."""
        limits = limits or Limits()
        return OfrepApp(
            Serving(self.server, self.feed, self.access, self.book, self.clock, limits=limits, heartbeat_s=heartbeat_s)
        )

    def flagd(self, recheck_s: float = 0.1, port: int = 0) -> FlagdServer:
        """Return the server that speaks `flagd.sync.v1`, at a port of its own where none is named."""
        serving = SyncServing(self.server, self.feed, self.access, self.book, self.clock, recheck_s=recheck_s)
        return FlagdServer(serving, "127.0.0.1", port)


@contextmanager
def open_stand(url: str = ":memory:") -> Iterator[FlagStand]:
    """Open a stand on a fresh store."""
    store = open_sql_store(url)
    try:
        yield FlagStand(store)
    finally:
        store.close()


@contextmanager
def serve_app(app: object) -> Iterator[str]:
    """Serve an ASGI application on loopback; gives its URL."""
    # asyncio turns Nagle's algorithm off only for sockets that say they are TCP
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")  # type: ignore[arg-type]  # any ASGI application
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def serve_flagd(stand: FlagStand) -> Iterator[int]:
    """Serve `flagd.sync.v1` on loopback; gives its port."""
    server = stand.flagd()
    port = server.start()
    try:
        yield port
    finally:
        server.stop()


def wait_for(holds: Callable[[], bool]) -> bool:
    """Look until it holds, for ten seconds; what another thread does a moment later is waited for."""
    pause = threading.Event()
    for _ in range(1000):
        if holds():
            return True
        pause.wait(0.01)
    return False
