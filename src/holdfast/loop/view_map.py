"""What runs where: services and hosts by environment, with version, age and state, now or as of an instant.

Rules:
1. A cell's state is the worst of what is known: exposed, mitigated, waived, unknown, fine. A gap never reads as fine.
2. Services come with what needs attention first, then by tier and name; then hosts, in rows of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from holdfast.findings.rank import rank_key
from holdfast.loop.view_gaps import Gap, GapReader, gaps_of_composition
from holdfast.loop.view_words import plural
from holdfast.model.exposure import Exposure, State, Subject
from holdfast.model.inventory import Environment
from holdfast.ports.queries import Coverage, ExposureFilter, Running, RunningHost
from holdfast.ports.store import Transaction

EXPOSED, MITIGATED, WAIVED, UNKNOWN, FINE = "exposed", "mitigated", "waived", "unknown", "fine"
SHAPES = {EXPOSED: "◆", MITIGATED: "◐", WAIVED: "◇", UNKNOWN: "?", FINE: "●", "resolved": "●"}
_ORDER = (EXPOSED, MITIGATED, WAIVED, UNKNOWN, FINE)
_PAGE = 1000


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class MapView:
    """The matrix. `total` counts all subjects that run, `rows` may be fewer; `as_of` is `None` for now."""

    as_of: datetime | None
    environments: tuple[Environment, ...]
    rows: tuple[Row, ...]
    total: int


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
    text: str | None = None,
    limit: int = 200,
) -> MapView:
    """Return the matrix, of those whose name holds `text` where it is given.

    Past states of feeds are not kept, so that gaps of feeds are those of now.
    """
    running, hosts = tx.queries.running(as_of)
    rows = _rows_of_services(running) | _rows_of_hosts(hosts)
    if text is not None:
        rows = {key: found for key, found in rows.items() if text.lower() in found[0].name.lower()}
    exposures = _exposures(tx, rows, as_of)
    chosen = sorted(rows.values(), key=lambda item: _urgency(item[0], exposures))[:limit]
    gaps = GapReader(tx, now, feed_max_age, tx.queries.coverage() if coverage is None else coverage)
    environments = _environments(tx, chosen)
    notes = _notes(tx, [one for row, _ in chosen for one in exposures.get(row.id, ())])
    filled = [
        _fill(row, places, exposures.get(row.id, ()), found, environments, notes=notes, as_of=as_of)
        for (row, places), found in zip(chosen, _feed_gaps(gaps, chosen, as_of), strict=True)
    ]
    return MapView(as_of, environments, tuple(filled), len(rows))


def _feed_gaps(
    gaps: GapReader, chosen: Sequence[tuple[Row, Mapping[str, _Place]]], as_of: datetime | None
) -> list[tuple[Gap, ...]]:
    if as_of is None:
        return [gaps.of_subject(row.id) for row, _ in chosen]
    return [gaps.of_compositions(set().union(*(one.compositions for one in places.values()))) for _, places in chosen]


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


def _exposures(tx: Transaction, rows: _Rows, as_of: datetime | None) -> Mapping[str, list[Exposure]]:
    """Return the live exposures of each subject, by rank."""
    if as_of is None:
        pairs = [(Subject(row.kind, row.id, row.name), name) for row, places in rows.values() for name in places]
        found: Iterable[Exposure] = (one for one in tx.exposures.of_subjects(pairs) if one.is_live)
    else:
        found = _exposures_then(tx, as_of)
    out: dict[str, list[Exposure]] = {}
    for exposure in sorted(found, key=rank_key):
        out.setdefault(exposure.subject.id, []).append(exposure)
    return out


def _exposures_then(tx: Transaction, as_of: datetime) -> Iterable[Exposure]:
    after: str | None = None
    while True:
        page = tx.queries.exposures(ExposureFilter(), as_of=as_of, after=after, limit=_PAGE)
        yield from page.rows
        after = page.next
        if after is None:
            return


def state_of(exposure: Exposure, as_of: datetime | None = None) -> str:
    """Return `exposed`, `mitigated`, `waived` or `resolved`; with `as_of` what it was then, by its clocks."""
    if as_of is not None:
        return _state_then(exposure, as_of)
    named = {State.MITIGATED: MITIGATED, State.WAIVED: WAIVED, State.RESOLVED: "resolved"}
    return named.get(exposure.state, EXPOSED)


def _state_then(exposure: Exposure, as_of: datetime) -> str:
    clocks = exposure.clocks
    if clocks.resolved_at is not None and clocks.resolved_at <= as_of:
        return "resolved"
    if clocks.waived_at is not None and clocks.waived_at <= as_of:
        return WAIVED
    if clocks.mitigated_at is None or clocks.mitigated_at > as_of:
        return EXPOSED
    return EXPOSED if clocks.lifted_at is not None and clocks.mitigated_at < clocks.lifted_at <= as_of else MITIGATED


def _urgency(row: Row, exposures: Mapping[str, list[Exposure]]) -> tuple[int, int, str, str]:
    states = {state_of(one) for one in exposures.get(row.id, ())}
    worst = min((_ORDER.index(state) for state in states if state in _ORDER), default=len(_ORDER))
    return (worst if row.kind == "service" else len(_ORDER) + 1, row.tier or 99, row.name, row.id)


def _environments(tx: Transaction, rows: Sequence[tuple[Row, dict[str, _Place]]]) -> tuple[Environment, ...]:
    """The columns: environments in which any service of the rows runs, the most important tier first."""
    used = {name for row, places in rows if row.kind == "service" for name in places}
    known = [environment for environment in tx.environments.list() if environment.name in used]
    return tuple(sorted(known, key=lambda one: (one.tier or 99, one.name)))


def _notes(tx: Transaction, exposures: Sequence[Exposure]) -> Mapping[str, str]:
    """What mitigates an exposure, in words, by its id."""
    held = [one.id for one in exposures if one.state is State.MITIGATED]
    out = {}
    for run in tx.runs.of_exposures(held) if held else ():
        flags = [flag for step in run.steps if (flag := step.step.argument("flag"))]
        out[run.exposure] = f"{flags[0]} off" if flags else run.plan.id
    return out


def _fill(
    row: Row,
    places: Mapping[str, _Place],
    exposures: Sequence[Exposure],
    feed_gaps: Sequence[Gap],
    environments: Sequence[Environment],
    *,
    notes: Mapping[str, str],
    as_of: datetime | None,
) -> Row:
    cells: list[Cell | None] = []
    for name in [environment.name for environment in environments] if row.kind == "service" else places:
        place = places.get(name)
        mine = [one for one in exposures if one.environment == name]
        cells.append(_cell(name, place, mine, feed_gaps, notes=notes, as_of=as_of) if place else None)
    states = [cell.state for cell in cells if cell]
    return replace(row, cells=tuple(cells), state=min(states, key=_ORDER.index, default=FINE))


def _cell(
    environment: str,
    place: _Place,
    exposures: Sequence[Exposure],
    feed_gaps: Sequence[Gap],
    *,
    notes: Mapping[str, str],
    as_of: datetime | None,
) -> Cell:
    gaps = (*place.gaps.values(), *feed_gaps)
    states = [state_of(one, as_of) for one in exposures] + [UNKNOWN if gaps else FINE]
    state = min((one for one in states if one in _ORDER), key=_ORDER.index)
    note = gaps[0].short if gaps and state == UNKNOWN else ""
    if state == MITIGATED:
        note = next((notes[one.id] for one in exposures if one.id in notes), "")
    only = exposures[0].id if len(exposures) == 1 else None
    versions = tuple(place.versions)
    return Cell(environment, state, versions, place.since, place.targets, place.share, len(exposures), only, gaps, note)
