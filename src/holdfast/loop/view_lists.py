"""Lists: exposures by rank, with filters and pages."""

from datetime import datetime, timedelta

from holdfast.errors import UsageError
from holdfast.findings.borne import waiver_words
from holdfast.findings.heard import said_words
from holdfast.findings.rank import explain_rank, severity_band
from holdfast.loop.view_gaps import Gap, GapReader, gaps_of_composition
from holdfast.loop.view_map import state_of
from holdfast.loop.view_timeline import window_start
from holdfast.model.exposure import Exposure
from holdfast.model.frozen import frozen
from holdfast.ports.queries import ExposureFilter, RunningHost
from holdfast.ports.store import Transaction

_MOST_NAMES = 10


@frozen
class ExposureRow:
    """An exposure in a list; `since` is when it could first be used, `until` when it ended.

    `said` is VEX's word, `waiver` until when it is waived or that its waiver does not hold; empty without one.
    """

    id: str
    state: str
    component: str
    version: str
    subject_kind: str
    subject: str
    environment: str
    advisories: tuple[str, ...]
    severity: float | None
    band: str
    known_exploited: bool | None
    fix_version: str | None
    reasons: tuple[str, ...]
    since: datetime
    until: datetime | None
    backlog: bool
    said: str
    waiver: str


@frozen
class ExposuresView:
    """A page of exposures by rank with the exact count of all; `next` is the cursor, `None` on the last page.

    `services`, `environments` and `teams` are what can be filtered by. `gaps` are what is not known of the services or
    hosts asked for: an empty list of exposures is no proof while there are any.
    """

    where: ExposureFilter
    as_of: datetime | None
    rows: tuple[ExposureRow, ...]
    total: int
    next: str | None
    services: tuple[str, ...]
    environments: tuple[str, ...]
    teams: tuple[str, ...]
    gaps: tuple[tuple[str, Gap], ...]


def exposures_view(
    tx: Transaction,
    where: ExposureFilter,
    now: datetime,
    *,
    feed_max_age: timedelta,
    as_of: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> ExposuresView:
    """Return a page of exposures: current episodes, or with `as_of` what was live then.

    Raises:
        UsageError: `as_of` lies in the future, or `after` is no cursor of this list.
    """
    if as_of is not None and as_of > now:
        raise UsageError("nobody knows what will be exposed then", hint="ask as of now, or earlier")
    page = tx.queries.exposures(where, as_of=as_of, after=after, limit=max(1, min(500, limit)))
    return ExposuresView(
        where,
        as_of,
        tuple(row_of(exposure, as_of) for exposure in page.rows),
        page.total,
        page.next,
        tuple(service.name for service in tx.services.list()),
        tuple(environment.name for environment in tx.environments.list()),
        tuple(team.name for team in tx.teams.teams()),
        _gaps(tx, where, now, feed_max_age),
    )


def row_of(exposure: Exposure, as_of: datetime | None = None) -> ExposureRow:
    """Return an exposure as a list shows it."""
    clocks, risk = exposure.clocks, exposure.risk
    return ExposureRow(
        exposure.id,
        state_of(exposure, as_of),
        exposure.name,
        exposure.versions[-1] if exposure.versions else "",
        exposure.subject.kind,
        exposure.subject.name,
        exposure.environment,
        exposure.advisories,
        risk.severity,
        severity_band(risk.severity),
        risk.known_exploited,
        risk.fix_version,
        explain_rank(exposure),
        window_start(exposure),
        clocks.resolved_at,
        exposure.backlog,
        said_words(exposure.said) if exposure.said else "",
        waiver_words(exposure.waiver) if exposure.waiver and as_of is None else "",
    )


def _gaps(tx: Transaction, where: ExposureFilter, now: datetime, max_age: timedelta) -> tuple[tuple[str, Gap], ...]:
    """What is not known of the services and hosts that the list is narrowed to; nothing when it is not."""
    if not where.services:
        return ()
    reader = GapReader(tx, now, max_age, tx.queries.coverage())
    out: dict[tuple[str, str], Gap] = {}
    for name in where.services[:_MOST_NAMES]:
        running, _ = tx.queries.running(service=name)
        for one in running:
            if not where.environments or one.deployment.environment in where.environments:
                named = f"{one.service.name} {one.release.version}"
                digests = [one.release.sbom] if one.release.sbom else []
                for gap in (*gaps_of_composition(named, one.components, one.unparsed), *reader.of(digests)):
                    out[one.service.name, gap.because] = gap
        for host in _hosts(tx, where, name) if not running else ():
            for gap in (*gaps_of_composition(name, host.components, host.unparsed), *reader.of([host.host.sbom])):
                out[name, gap.because] = gap
    return tuple((name, gap) for (name, _), gap in out.items())


def _hosts(tx: Transaction, where: ExposureFilter, name: str) -> list[RunningHost]:
    _, hosts = tx.queries.running()
    wanted = [one for one in hosts if name in {one.host.name, one.host.id}]
    return [one for one in wanted if not where.environments or one.host.environment in where.environments]
