"""Composition: which adapter is behind which port."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from holdfast.app.drilling import Drilling
from holdfast.app.flag_room import FlagRoom, open_flag_room
from holdfast.app.front import Front
from holdfast.app.outside import Outside, open_outside
from holdfast.app.secrets import ensure_admin_token, load_signing_key
from holdfast.app.settings import ORG, Settings
from holdfast.edges.api.app import create_app, create_local_app
from holdfast.edges.api.changes import Changes
from holdfast.edges.api.deps import ApiDependencies, ApiSettings
from holdfast.edges.api.rooms import RoomByRoom
from holdfast.edges.providers.http import HttpxHttp, open_probe_http
from holdfast.edges.providers.oidc_issuer import HttpIssuers, open_issuer_http
from holdfast.edges.providers.spool_file import SpoolFile
from holdfast.edges.providers.system import RandomIds, SystemClock
from holdfast.edges.providers.tcp import SocketTcp
from holdfast.edges.stores import open_store
from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.router import web_router
from holdfast.errors import HoldfastError
from holdfast.loop.approvals import PUBLIC_URL, set_public_url
from holdfast.loop.break_glass import SpooledOverlays
from holdfast.loop.flag_feed import FlagFeed
from holdfast.loop.flags import FlagServer
from holdfast.loop.outbox import PER_ORG, Outbox
from holdfast.loop.release_choice import ReleaseChooser
from holdfast.loop.respond_engine import Engine
from holdfast.loop.tokens import authenticate
from holdfast.model.tenancy import Token
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store
from holdfast.ports.world import Releases

STORE_FAILURES: tuple[type[Exception], ...] = (HoldfastError, SQLAlchemyError, OSError)
PROBE_THREADS = 16
TELL_THREADS = 4 * PER_ORG
"""Receivers of three orgs may hang as far as they can, and a fourth's are still told at once."""


@dataclass(slots=True)
class House:
    """Everything put together, nothing started."""

    settings: Settings
    store: Store
    clock: Clock
    ids: Ids
    engine: Engine
    outbox: Outbox
    outside: Outside
    releases: Callable[[str], Releases]
    flag_server: FlagServer
    flag_feed: FlagFeed
    flags: FlagRoom
    changes: Changes
    admin_token: str = field(repr=False)
    signing_key: bytes = field(repr=False)
    http: HttpxHttp = field(repr=False)
    probe_http: HttpxHttp = field(repr=False)
    tcp: SocketTcp = field(repr=False)
    issuer_http: HttpxHttp = field(repr=False)
    issuers: HttpIssuers = field(repr=False)
    probes: ThreadPoolExecutor = field(repr=False)
    tellers: ThreadPoolExecutor = field(repr=False)
    """Apart from the engine's threads: receivers that hang hold up no run."""
    drills: Drilling = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.drills = Drilling(self, STORE_FAILURES)

    def application(self, play_demo: Callable[[], None] | None = None) -> Front:
        """Return the web application: API, OFREP and pages; `play_demo` begins the demo, where a page may offer it."""
        return _application(self, play_demo)

    def local_api(self) -> RoomByRoom:
        """Return the API alone, for one caller in this process."""
        return create_local_app(_api_dependencies(self))

    def authenticate(self, secret: str) -> Token:
        """Return whose token it is. Raises: UnauthenticatedError."""
        return authenticate(self.store, secret, self.clock.now())

    def tell(self, org: str) -> None:
        """Wake who waits for changes: the engine and the event streams."""
        self.engine.wake()
        self.outbox.wake()
        self.changes.notify(org)
        self.flags.access.forget()
        self.flag_feed.notify_org(org)

    def announce(self, url: str) -> None:
        """Let messages of every org lead to these pages; `HOLDFAST_URL` goes before where the server listens."""
        address = self.settings.public_url or url
        for org in self.store.tenants.orgs():
            with self.store.read(org.id) as tx:
                known = tx.settings.get(PUBLIC_URL)
            if known != address:
                with self.store.write_now(org.id, self.clock) as (tx, _):
                    set_public_url(tx, address)

    def close(self) -> None:
        """Release threads and connections."""
        self.drills.close()
        self.probes.shutdown(wait=False, cancel_futures=True)
        self.tellers.shutdown(wait=False, cancel_futures=True)
        self.issuer_http.close()
        self.probe_http.close()
        self.http.close()
        self.store.close()


def open_house(settings: Settings) -> House:
    """Open the store of a data folder (made when it is not there) and put everything together."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(settings.database)
    clock, ids, http = SystemClock(), RandomIds(), HttpxHttp()
    token = ensure_admin_token(store, settings, clock.now(), ids)
    probes = ThreadPoolExecutor(PROBE_THREADS, thread_name_prefix="probe")
    tellers = ThreadPoolExecutor(TELL_THREADS, thread_name_prefix="tell")
    flag_feed, changes = FlagFeed(store, failures=STORE_FAILURES), Changes()

    def flags_changed(org: str, environment: str) -> None:
        flag_feed.notify(org, environment)
        changes.notify(org)

    forced = SpooledOverlays(SpoolFile(settings.data).read)
    flag_server = FlagServer(store, extra=forced, failures=STORE_FAILURES, clock=clock)
    outside = open_outside(settings, http, clock)
    targets, receivers, hosts = outside.targets, outside.receivers, outside.probe_hosts()
    probe_http, tcp = open_probe_http(hosts), SocketTcp(hosts)
    issuer_http = open_issuer_http(loopback=settings.oidc_loopback)

    def releases(org: str) -> Releases:
        return ReleaseChooser(store, org, targets.of(org), clock, settings.feed_max_age)

    engine = Engine(
        store,
        clock,
        ids,
        probe_http,
        tcp=tcp,
        targets=targets,
        receivers=receivers,
        releases=releases,
        executor=probes,
        on_flags=flags_changed,
        failures=STORE_FAILURES,
        feed_max_age=settings.feed_max_age,
    )
    return House(
        settings=settings,
        store=store,
        clock=clock,
        ids=ids,
        engine=engine,
        outbox=Outbox(store, clock, receivers, executor=tellers, failures=STORE_FAILURES),
        outside=outside,
        releases=releases,
        flag_server=flag_server,
        flag_feed=flag_feed,
        flags=open_flag_room(store, clock, flag_server, flag_feed, STORE_FAILURES),
        changes=changes,
        admin_token=token,
        signing_key=load_signing_key(settings),
        http=http,
        probe_http=probe_http,
        tcp=tcp,
        issuer_http=issuer_http,
        issuers=HttpIssuers(issuer_http, clock, loopback=settings.oidc_loopback),
        probes=probes,
        tellers=tellers,
    )


def _api_dependencies(house: House) -> ApiDependencies:
    return ApiDependencies(
        store=house.store,
        clock=house.clock,
        ids=house.ids,
        signing_key=house.signing_key,
        settings=ApiSettings(install_org=ORG, feed_max_age=house.settings.feed_max_age),
        changes=house.changes,
        on_change=house.tell,
        store_failures=(SQLAlchemyError, OSError),
        play_drill=house.drills.play,
        targets=house.outside.targets,
        receivers=house.outside.receivers,
        releases=house.releases,
        issuers=house.issuers,
    )


def _application(house: House, play_demo: Callable[[], None] | None) -> Front:
    pages = WebDependencies(
        house.store,
        house.clock,
        house.ids,
        feed_max_age=house.settings.feed_max_age,
        on_change=house.tell,
        play_demo=play_demo,
        targets=house.outside.targets,
    )
    return Front(house.flags.ofrep(), create_app(_api_dependencies(house), [web_router(pages)]))
