"""The store: transactions over one org's state on either engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from holdfast.edges.stores.advisories import SqlAdvisories
from holdfast.edges.stores.clusters import SqlClusters, SqlEnrichments, SqlFeeds
from holdfast.edges.stores.deployments import SqlDeployments
from holdfast.edges.stores.engine import PostgresqlConnections, SqliteConnections, connect
from holdfast.edges.stores.exposures import SqlExposures
from holdfast.edges.stores.hosts import SqlHosts
from holdfast.edges.stores.journal import SqlJournal
from holdfast.edges.stores.migrate import migrate
from holdfast.edges.stores.mitigations import SqlFlags, SqlOverlays, SqlRuns
from holdfast.edges.stores.queries import SqlQueries
from holdfast.edges.stores.releases import SqlReleases
from holdfast.edges.stores.sboms import SqlSboms
from holdfast.edges.stores.services import SqlEnvironments, SqlServices
from holdfast.edges.stores.session import Session, conflict
from holdfast.edges.stores.spans import SqlSpans
from holdfast.edges.stores.tenants import SqlSettings, SqlTeams, SqlTenants
from holdfast.errors import HoldfastError


class SqlTransaction:
    """What one org's transaction reaches, a port a role."""

    def __init__(self, session: Session) -> None:
        self.org = session.org
        self.session = session
        self.settings = SqlSettings(session)
        self.teams = SqlTeams(session)
        self.services = SqlServices(session)
        self.releases = SqlReleases(session)
        self.sboms = SqlSboms(session)
        self.environments = SqlEnvironments(session)
        self.deployments = SqlDeployments(session)
        self.hosts = SqlHosts(session)
        self.advisories = SqlAdvisories(session)
        self.clusters = SqlClusters(session)
        self.enrichments = SqlEnrichments(session)
        self.feeds = SqlFeeds(session)
        self.spans = SqlSpans(session)
        self.exposures = SqlExposures(session)
        self.runs = SqlRuns(session)
        self.flags = SqlFlags(session)
        self.overlays = SqlOverlays(session)
        self.journal = SqlJournal(session)
        self.queries = SqlQueries(session)


class SqlStore:
    """Gives transactions; safe to use from many threads, each transaction from one."""

    def __init__(self, connections: SqliteConnections | PostgresqlConnections) -> None:
        self._connections = connections
        self.tenants = SqlTenants(connections)

    @contextmanager
    def write(self, org: str, now: datetime) -> Iterator[SqlTransaction]:
        """Open a write transaction; commits at the end, rolls back on any exception.

        Raises:
            ConflictError: something exists with other content.
            UsageError: this thread is already inside a write transaction.
            HoldfastError: the database did not answer, or could not be written.
        """
        with _named_errors(), self._connections.write(org) as connection:
            transaction = SqlTransaction(Session(connection, org, now))
            yield transaction
            transaction.journal.write_pending()

    @contextmanager
    def read(self, org: str) -> Iterator[SqlTransaction]:
        """Open a consistent read-only view."""
        with _named_errors(), self._connections.read() as connection:
            yield SqlTransaction(Session(connection, org, None))

    def optimize(self) -> None:
        """Let the engine look at the sizes of its tables, after many rows came or went."""
        with _named_errors(), self._connections.write("") as connection:
            connection.exec_driver_sql("ANALYZE")

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
