"""The store: transactions over one org's state on either engine."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from holdfast.edges.stores.adoption import SqlInherited
from holdfast.edges.stores.advisories import SqlAdvisories
from holdfast.edges.stores.clusters import SqlClusters, SqlEnrichments, SqlFeeds
from holdfast.edges.stores.deployments import SqlDeployments
from holdfast.edges.stores.drills import SqlDrills
from holdfast.edges.stores.driving import SqlLeases, SqlOutbox, SqlSignals, SqlTimers
from holdfast.edges.stores.engine import PostgresqlConnections, SqliteConnections, connect
from holdfast.edges.stores.exposures import SqlExposures
from holdfast.edges.stores.flags import SqlFlagClients, SqlFlags, SqlOverlays
from holdfast.edges.stores.gate import SqlBuilds, SqlPolicies, SqlWaivers
from holdfast.edges.stores.hosts import SqlHosts
from holdfast.edges.stores.journal import SqlJournal
from holdfast.edges.stores.migrate import migrate
from holdfast.edges.stores.queries import SqlQueries
from holdfast.edges.stores.releases import SqlReleases
from holdfast.edges.stores.runs import SqlRuns
from holdfast.edges.stores.sboms import SqlSboms
from holdfast.edges.stores.services import SqlEnvironments, SqlServices
from holdfast.edges.stores.session import Session, conflict
from holdfast.edges.stores.spans import SqlSpans
from holdfast.edges.stores.tenants import SqlSettings, SqlTeams, SqlTenants
from holdfast.edges.stores.trusts import SqlTrusts
from holdfast.edges.stores.vex import SqlVexDocuments
from holdfast.errors import HoldfastError
from holdfast.ports.adoption import InheritedBaselines
from holdfast.ports.advisories import Advisories, Clusters, Enrichments, Feeds
from holdfast.ports.clock import Clock
from holdfast.ports.facts import Deployments, Environments, Hosts, Releases, Sboms, Services
from holdfast.ports.findings import Exposures, Spans
from holdfast.ports.gate import Builds, Policies, Waivers
from holdfast.ports.journal import Journal
from holdfast.ports.mitigations import Drills, FlagClients, Flags, Leases, Outbox, Overlays, Runs, Signals, Timers
from holdfast.ports.oidc import Trusts
from holdfast.ports.queries import Queries
from holdfast.ports.store import Settings, Teams, Tenants, Transaction
from holdfast.ports.vex import VexDocuments


class SqlTransaction:
    """What one org's transaction reaches, a port a role."""

    def __init__(self, session: Session) -> None:
        self.org = session.org
        self.session = session
        self.written = SqlJournal(session)
        self.journal: Journal = self.written
        self.settings: Settings = SqlSettings(session)
        self.teams: Teams = SqlTeams(session)
        self.services: Services = SqlServices(session)
        self.releases: Releases = SqlReleases(session)
        self.sboms: Sboms = SqlSboms(session)
        self.environments: Environments = SqlEnvironments(session)
        self.deployments: Deployments = SqlDeployments(session)
        self.hosts: Hosts = SqlHosts(session)
        self.advisories: Advisories = SqlAdvisories(session)
        self.clusters: Clusters = SqlClusters(session)
        self.enrichments: Enrichments = SqlEnrichments(session)
        self.feeds: Feeds = SqlFeeds(session)
        self.spans: Spans = SqlSpans(session)
        self.exposures: Exposures = SqlExposures(session)
        self.runs: Runs = SqlRuns(session)
        self.flags: Flags = SqlFlags(session)
        self.overlays: Overlays = SqlOverlays(session)
        self.flag_clients: FlagClients = SqlFlagClients(session)
        self.leases: Leases = SqlLeases(session)
        self.signals: Signals = SqlSignals(session)
        self.timers: Timers = SqlTimers(session)
        self.outbox: Outbox = SqlOutbox(session)
        self.drills: Drills = SqlDrills(session)
        self.policies: Policies = SqlPolicies(session)
        self.waivers: Waivers = SqlWaivers(session)
        self.builds: Builds = SqlBuilds(session)
        self.trusts: Trusts = SqlTrusts(session)
        self.vex: VexDocuments = SqlVexDocuments(session)
        self.inherited: InheritedBaselines = SqlInherited(session)
        self.queries: Queries = SqlQueries(session)


class SqlStore:
    """Gives transactions; safe to use from many threads, each transaction from one."""

    def __init__(self, connections: SqliteConnections | PostgresqlConnections) -> None:
        self._connections = connections
        self._kept: dict[Any, tuple[int, Any]] = {}
        self.tenants: Tenants = SqlTenants(connections)

    def write(self, org: str, now: datetime) -> AbstractContextManager[Transaction]:
        """Open a write transaction; commits at the end, rolls back on any exception.

        Raises:
            ConflictError: something exists with other content.
            UsageError: this thread is already inside a write transaction.
            HoldfastError: the database did not answer, or could not be written.
        """
        return self._write(org, now)

    def write_now(self, org: str, clock: Clock) -> AbstractContextManager[tuple[Transaction, datetime]]:
        """The same, with `now` taken once the turn to write has come; raises what `write` raises."""
        return self._write_now(org, clock.now)

    @contextmanager
    def _write(self, org: str, now: datetime) -> Iterator[Transaction]:
        with self._write_now(org, lambda: now) as (transaction, _):
            yield transaction

    @contextmanager
    def _write_now(self, org: str, tell: Callable[[], datetime]) -> Iterator[tuple[Transaction, datetime]]:
        with _named_errors(), self._connections.write(org) as connection:
            now = tell()
            transaction = SqlTransaction(Session(connection, org, now, self._kept))
            yield transaction, now
            if transaction.session.broken:  # PostgreSQL would roll back here without a word
                raise transaction.session.broken
            transaction.written.write_pending()

    def read(self, org: str) -> AbstractContextManager[Transaction]:
        """Open a consistent read-only view."""
        return self._read(org)

    @contextmanager
    def _read(self, org: str) -> Iterator[Transaction]:
        with _named_errors(), self._connections.read() as connection:
            yield SqlTransaction(Session(connection, org, None, self._kept))

    def optimize(self) -> None:
        """Let the engine look at the sizes of its tables, after many rows came or went."""
        with _named_errors():
            self._connections.optimize()

    def close(self) -> None:
        """Release connections."""
        self._connections.close()


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise conflict(error) from error
    except (OperationalError, InterfaceError) as error:
        raise HoldfastError(
            f"the store did not answer: {_first_line(error)}", hint="is the database up, and is there space?"
        ) from error
    except PoolTimeoutError as error:
        raise HoldfastError("all connections to the store are taken", hint="try again in a moment") from error
    except DBAPIError as error:
        raise HoldfastError(f"the store refused: {_first_line(error)}") from error


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]


def open_sql_store(url_or_path: str) -> SqlStore:
    """Return a store, its schema brought to the newest revision."""
    connections = connect(url_or_path)
    try:
        with _named_errors():
            migrate(connections.writer)
    except HoldfastError:
        connections.close()
        raise
    return SqlStore(connections)
