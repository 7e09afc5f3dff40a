"""Serving flags from the store: over OFREP beside the API, and over gRPC where a port is given for it."""

from holdfast.edges.flagd.server import FlagdServer
from holdfast.edges.flagd.service import SyncServing
from holdfast.edges.ofrep.app import OfrepApp, Serving
from holdfast.loop.flag_access import Credential, FlagAccess, look_up
from holdfast.loop.flag_clients import ClientBook
from holdfast.loop.flag_feed import FlagFeed
from holdfast.loop.flag_keeper import ClientKeeper
from holdfast.loop.flags import FlagServer
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Token
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store


@frozen
class FlagRoom:
    """Everything that serves flags, nothing started."""

    store: Store
    clock: Clock
    server: FlagServer
    feed: FlagFeed
    access: FlagAccess
    book: ClientBook
    keeper: ClientKeeper
    failures: tuple[type[Exception], ...]

    def ofrep(self) -> OfrepApp:
        """Return the application that speaks OFREP."""
        return OfrepApp(Serving(self.server, self.feed, self.access, self.book, self.clock, self.failures))

    def flagd(self, host: str, port: int) -> FlagdServer:
        """Return the server that speaks `flagd.sync.v1`."""
        return FlagdServer(
            SyncServing(self.server, self.feed, self.access, self.book, self.clock, self.failures), host, port
        )


def open_flag_room(
    store: Store, clock: Clock, server: FlagServer, feed: FlagFeed, failures: tuple[type[Exception], ...]
) -> FlagRoom:
    """Put together what serves flags."""

    def look(credential: Credential) -> Token:
        return look_up(store, credential, clock.now())

    book = ClientBook()
    keeper = ClientKeeper(book, store, clock, failures)
    return FlagRoom(store, clock, server, feed, FlagAccess(look, clock, failures), book, keeper, failures)
