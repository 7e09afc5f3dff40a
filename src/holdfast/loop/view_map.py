"""What runs where: services and hosts by environment, with version, age and state, now or as of an instant.

Rules:
1. A cell's state is the worst of what is known: exposed, mitigated, waived, unknown, cleared, fine. A gap is not fine.
2. Services come with what needs attention first, then by tier and name; then hosts, in rows of their own.
3. What is left out of the rows is judged all the same: no gap is lost because a page is short.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from holdfast.loop.view_gaps import Compositions, Gap, GapReader, gaps_of_composition
from holdfast.loop.view_words import plural
from holdfast.model.exposure import Exposure, State
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Environment
from holdfast.ports.queries import Coverage, ExposureFilter, Running, RunningHost
from holdfast.ports.store import Transaction

EXPOSED, MITIGATED, WAIVED, UNKNOWN, FINE = "exposed", "mitigated", "waived", "unknown", "fine"
CLEARED = "cleared"
SHAPES = {EXPOSED: "◆", MITIGATED: "◐", WAIVED: "◇", UNKNOWN: "?", CLEARED: "○", FINE: "●", "resolved": "●"}
_ORDER = (EXPOSED, MITIGATED, WAIVED, UNKNOWN, CLEARED, FINE)
_PAGE = 1000
_LIVE = tuple(state.value for state in State if state is not State.RESOLVED)


@frozen
class Cell:
    """One subject in one environment.

    `since` is when the youngest of its deployments began; `share` the smallest share of them; `exposures` counts the
    live ones, `exposure` is the id when there is one alone; `note` says what mitigates, or what is not known.
    """

    environment: str
    state: str
    versions: tuple[str, ...]
    since: datetime | None
    targets: int
    share: float
    exposures: int
    exposure: str | None
    gaps: tuple[Gap, ...]
    note: str


@frozen
class Row:
    """A service with a cell per environment of the map, `None` where it does not run; a host has its one cell alone."""

    kind: str
    id: str
    name: str
    team: str | None
    tier: int | None
    claimed: bool
    about: str
    state: str
    cells: tuple[Cell | None, ...]


@frozen
class MapView:
    """The matrix. `total` counts all subjects that run, `rows` may be fewer; `as_of` is `None` for now.

    `places` counts all cells and `unknown` names all that have gaps, of the rows that are left out too.
    """

    as_of: datetime | None
    environments: tuple[Environment, ...]
    rows: tuple[Row, ...]
    total: int
    places: int
    unknown: tuple[tuple[Row, Cell], ...]


@dataclass(slots=True)
class _Place:
    """What was found of one subject in one environment."""

    versions: list[str]
    since: datetime
    targets: int
    share: float
    gaps: dict[str, Gap]
    compositions: set[str]


def map_view(
    tx: Transaction,
    now: datetime,
    *,
    feed_max_age: timedelta,
    as_of: datetime | None = None,
    coverage: Sequence[Coverage] | None = None,
    compositions: Compositions | None = None,
    text: str | None = None,
    limit: int = 200,
) -> MapView:
    """Return the matrix, of those whose name holds `text` where it is given.

    `coverage` and `compositions` spare reading again what is known. Past states of feeds are not kept, so that gaps of
    feeds are those of now.
    """
    running, hosts = tx.queries.running(as_of)
    found = _rows_of_services(running) | _rows_of_hosts(hosts)
    if text is not None:
        found = {key: pair for key, pair in found.items() if text.lower() in pair[0].name.lower()}
    exposures = _exposures(tx, as_of)
    coverage = tx.queries.coverage() if coverage is None else coverage
    gaps = GapReader(tx, now, feed_max_age, coverage, compositions)
    environments = _environments(tx, found)
    held = [one for key in found for one in exposures.get(key, ()) if one.state is State.MITIGATED]
    known = _Known(exposures, _notes(tx, held), gaps, as_of)
    rows = sorted((_fill(row, places, environments, known) for row, places in found.values()), key=_urgency)
    cells = [(row, cell) for row in rows for cell in row.cells if cell is not None]
    unknown = tuple((row, cell) for row, cell in cells if cell.gaps)
    shown, environments = _cut(rows, environments, limit)
    return MapView(as_of, environments, shown, len(rows), len(cells), unknown)


@frozen
class _Known:
    """What cells are judged by: exposures by subject, what mitigates them by id, and feeds."""

    exposures: Mapping[str, Sequence[Exposure]]
    notes: Mapping[str, str]
    gaps: GapReader
    as_of: datetime | None


def _cut(
    rows: Sequence[Row], environments: tuple[Environment, ...], limit: int
) -> tuple[tuple[Row, ...], tuple[Environment, ...]]:
    """Return the first rows, without the columns that are empty then."""
    shown = rows[:limit]
    services = [row for row in shown if row.kind == "service"]
    used = [number for number in range(len(environments)) if any(row.cells[number] for row in services)]
    narrow = [
        replace(row, cells=tuple(row.cells[number] for number in used)) if row.kind == "service" else row
        for row in shown
    ]
    return tuple(narrow), tuple(environments[number] for number in used)


_Rows = dict[str, tuple[Row, dict[str, _Place]]]


def _rows_of_services(running: Sequence[Running]) -> _Rows:
    out: _Rows = {}
    for one in running:
        service, deployment = one.service, one.deployment
        about = service.team or ("no team" if service.claimed else "unclaimed")
        row = Row("service", service.id, service.name, service.team, service.tier, service.claimed, about, FINE, ())
        places = out.setdefault(service.id, (row, {}))[1]
        named = f"{service.name} {one.release.version}"
        gaps = {gap.short: gap for gap in gaps_of_composition(named, one.components, one.unparsed)}
        made_of = {one.release.sbom} if one.release.sbom else set()
        place = _Place([one.release.version], deployment.started_at, 1, deployment.share, gaps, made_of)
        _add(places, deployment.environment, place)
    return out


def _rows_of_hosts(hosts: Sequence[RunningHost]) -> _Rows:
    out: _Rows = {}
    for one in hosts:
        host = one.host
        row = Row("host", host.id, host.name, None, None, True, f"{host.os} · {host.kernel}", FINE, ())
        gaps = {gap.short: gap for gap in gaps_of_composition(host.name, one.components, one.unparsed)}
        place = _Place([plural(one.components, "package")], host.first_seen_at, 1, 1.0, gaps, {host.sbom})
        out[host.id] = (row, {host.environment: place})
    return out


def _add(places: dict[str, _Place], environment: str, new: _Place) -> None:
    known = places.setdefault(environment, new)
    if known is new:
        return
    known.versions += [version for version in new.versions if version not in known.versions]
    known.since = max(known.since, new.since)
    known.targets += 1
    known.share = min(known.share, new.share)
    known.gaps |= new.gaps
    known.compositions |= new.compositions


def _exposures(tx: Transaction, as_of: datetime | None) -> Mapping[str, list[Exposure]]:
    """Return the live exposures of each subject, by rank."""
    where = ExposureFilter(states=_LIVE if as_of is None else ())
    out: dict[str, list[Exposure]] = {}
    after: str | None = None
    while True:
        page = tx.queries.exposures(where, as_of=as_of, after=after, limit=_PAGE)
        for exposure in page.rows:
            out.setdefault(exposure.subject.id, []).append(exposure)
        after = page.next
        if after is None:
            return out


def state_of(exposure: Exposure, as_of: datetime | None = None) -> str:
    """Return `exposed`, `mitigated`, `waived`, `cleared` or `resolved`; with `as_of` what it was, by its clocks."""
    if as_of is not None:
        return _state_then(exposure, as_of)
    named = {State.MITIGATED: MITIGATED, State.WAIVED: WAIVED, State.CLEARED: CLEARED, State.RESOLVED: "resolved"}
    return named.get(exposure.state, EXPOSED)


def _state_then(exposure: Exposure, as_of: datetime) -> str:
    clocks = exposure.clocks
    if clocks.resolved_at is not None and clocks.resolved_at <= as_of:
        return "resolved"
    if clocks.waived_at is not None and clocks.waived_at <= as_of:
        return WAIVED
    if clocks.cleared_at is not None and clocks.cleared_at <= as_of:
        return CLEARED
    if clocks.mitigated_at is None or clocks.mitigated_at > as_of:
        return EXPOSED
    return EXPOSED if clocks.lifted_at is not None and clocks.mitigated_at < clocks.lifted_at <= as_of else MITIGATED


def _urgency(row: Row) -> tuple[bool, int, int, str, str]:
    return (row.kind != "service", _ORDER.index(row.state), row.tier or 99, row.name, row.id)


def _environments(tx: Transaction, rows: _Rows) -> tuple[Environment, ...]:
    """The columns: environments in which any service of the rows runs, the most important tier first."""
    used = {name for row, places in rows.values() if row.kind == "service" for name in places}
    known = [environment for environment in tx.environments.list() if environment.name in used]
    return tuple(sorted(known, key=lambda one: (one.tier or 99, one.name)))


def _notes(tx: Transaction, held: Sequence[Exposure]) -> Mapping[str, str]:
    """What mitigates an exposure, in words, by its id."""
    out = {}
    for run in tx.runs.of_exposures([one.id for one in held]) if held else ():
        flags = [flag for step in run.steps if (flag := step.step.argument("flag"))]
        out[run.exposure] = f"{flags[0]} off" if flags else run.plan.id
    return out


def _fill(row: Row, places: Mapping[str, _Place], environments: Sequence[Environment], known: _Known) -> Row:
    names = [environment.name for environment in environments] if row.kind == "service" else list(places)
    exposures = known.exposures.get(row.id, ())
    cells: list[Cell | None] = []
    for name in names:
        place = places.get(name)
        mine = [one for one in exposures if one.environment == name]
        cells.append(_cell(name, place, mine, known) if place else None)
    states = [cell.state for cell in cells if cell]
    return replace(row, cells=tuple(cells), state=min(states, key=_ORDER.index, default=FINE))


def _cell(environment: str, place: _Place, exposures: Sequence[Exposure], known: _Known) -> Cell:
    gaps = (*place.gaps.values(), *known.gaps.of(place.compositions, ran_before=known.as_of is not None))
    states = [state_of(one, known.as_of) for one in exposures] + [UNKNOWN if gaps else FINE]
    state = min((one for one in states if one in _ORDER), key=_ORDER.index)
    note = gaps[0].short if gaps and state == UNKNOWN else ""
    if state == MITIGATED:
        note = next((known.notes[one.id] for one in exposures if one.id in known.notes), "")
    only = exposures[0].id if len(exposures) == 1 else None
    versions = tuple(place.versions)
    return Cell(environment, state, versions, place.since, place.targets, place.share, len(exposures), only, gaps, note)
