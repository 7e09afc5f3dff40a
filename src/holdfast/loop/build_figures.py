"""How often the gate held builds, how often somebody let one go, how long it took to decide, and how that changes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from math import ceil

from holdfast.model.build import Answer, BuildFilter, BuildPoint
from holdfast.model.frozen import frozen
from holdfast.ports.store import Transaction

MOST_BUILDS = 50_000
GROUPINGS = ("service", "team", "group")
MOST_GROUPS = 50


@frozen
class Figures:
    """Counts since an instant. The override rate is of what was held; a rate or a percentile of nothing is `None`.

    Scores are from 0 to 100; `took_…_s` is from the question to the answer, of builds that were timed.
    """

    since: datetime
    builds: int
    blocked: int
    unknown: int
    overridden: int
    score_p50: float | None = None
    took_p50_s: float | None = None
    took_p90_s: float | None = None

    @property
    def held(self) -> int:
        """How many did not pass."""
        return self.blocked + self.unknown

    @property
    def block_rate(self) -> float | None:
        """The share of builds that were held, 0 to 1."""
        return self.held / self.builds if self.builds else None

    @property
    def override_rate(self) -> float | None:
        """The share of held builds that somebody let go, 0 to 1."""
        return self.overridden / self.held if self.held else None


@frozen
class Trend:
    """The figures of a time, by week, the oldest first (weeks begin on Monday, UTC), and by group, the most held first.

    Groups have (name, figures); the name is empty where it is not known. `more` says that only the newest were counted.
    """

    whole: Figures
    weeks: tuple[Figures, ...]
    by: str | None
    groups: tuple[tuple[str, Figures], ...]
    more: bool


def figures_of(points: Sequence[BuildPoint], since: datetime) -> Figures:
    """Return the figures of some builds."""
    counts = {answer: sum(one.answer is answer for one in points) for answer in Answer}
    took = [one.took_s for one in points if one.took_s is not None]
    return Figures(
        since,
        len(points),
        counts[Answer.BLOCKED],
        counts[Answer.UNKNOWN],
        sum(one.overridden for one in points),
        percentile([one.score for one in points], 0.5),
        percentile(took, 0.5),
        percentile(took, 0.9),
    )


def percentile(values: Sequence[float], part: float) -> float | None:
    """Return the smallest value that at least this part of all does not exceed; `None` without any."""
    return sorted(values)[max(0, ceil(part * len(values)) - 1)] if values else None


def trend_of(
    tx: Transaction,
    since: datetime,
    now: datetime,
    where: BuildFilter,
    by: str | None = None,
    *,
    read: Sequence[BuildPoint] | None = None,
) -> Trend:
    """Return the figures of the builds since an instant; `by` is one of `GROUPINGS`.

    `read` are the builds of a longer time, newest first, where they were read already.
    """
    points = read_points(tx, since, where) if read is None else [one for one in read if one.at >= since]
    counted = points[:MOST_BUILDS]
    weeks: dict[datetime, list[BuildPoint]] = {}
    week = _monday(since)
    while week <= now:
        weeks[week] = []
        week += timedelta(days=7)
    for one in counted:
        weeks.setdefault(_monday(one.at), []).append(one)
    trend = tuple(figures_of(weeks[at], at) for at in sorted(weeks))
    return Trend(figures_of(counted, since), trend, by, _groups(tx, counted, since, by), len(points) > MOST_BUILDS)


def read_points(tx: Transaction, since: datetime, where: BuildFilter) -> Sequence[BuildPoint]:
    """Return the builds since an instant, newest first; one more than are counted, where there are more."""
    return tx.builds.points(since, where, MOST_BUILDS + 1)


def _monday(at: datetime) -> datetime:
    return datetime.combine(at.date() - timedelta(days=at.weekday()), time(), at.tzinfo)


def _groups(
    tx: Transaction, points: Sequence[BuildPoint], since: datetime, by: str | None
) -> tuple[tuple[str, Figures], ...]:
    if by is None:
        return ()
    name_of = _names(tx, by)
    found: dict[str, list[BuildPoint]] = {}
    for one in points:
        found.setdefault(name_of(one), []).append(one)
    out = [(name, figures_of(mine, since)) for name, mine in found.items()]
    return tuple(sorted(out, key=lambda one: (-one[1].held, -one[1].builds, one[0]))[:MOST_GROUPS])


def _names(tx: Transaction, by: str) -> Callable[[BuildPoint], str]:
    if by == "service":
        return lambda one: one.service
    if by == "team":
        return lambda one: one.team
    names = {one.id: one.name for one in tx.teams.groups()}
    groups: Mapping[str, str] = {one.name: names.get(one.group or "", "") for one in tx.teams.teams()}
    return lambda one: groups.get(one.team, "")
