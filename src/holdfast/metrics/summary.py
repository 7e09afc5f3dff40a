"""Figures of a set of exposures: lead with p50, p90, n and the curve; the mean is secondary and named so.

Rules:
- The backlog cohort is apart from the headline figures, in groups of its own.
- Open ones are censored, not left out; other ends compete and are no successes.
- p50 and p90 come from Kaplan–Meier; `None` is "not reached yet", never 0.
- What is contradictory (a negative duration) is in no figure and stands in `problems`, by exposure.
- A merged exposure is in no figure and no count: it goes on in the one that survived.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import MappingProxyType

from holdfast.errors import UsageError
from holdfast.findings.clocks import MEASURES, Measure, problems
from holdfast.findings.rank import severity_band
from holdfast.metrics import DEFINITIONS
from holdfast.metrics.survival import Curve, Observation, aalen_johansen, find_quantile_s, kaplan_meier
from holdfast.model.exposure import DEPLOYMENT, Ending, Exposure
from holdfast.model.frozen import frozen

DIMENSIONS: MappingProxyType[str, Callable[[Exposure], str]] = MappingProxyType(
    {
        "team": lambda exposure: exposure.team or "(no team)",
        "service": lambda exposure: exposure.subject.name if exposure.subject.kind == "service" else "(no service)",
        "environment": lambda exposure: exposure.environment,
        "severity": lambda exposure: severity_band(exposure.risk.severity),
        "month": lambda exposure: f"{exposure.clocks.detected_at:%Y-%m}",
    }
)
"""What figures can be grouped by; the month is that of detection, in UTC."""


@frozen
class Figure:
    """One measure over a group, in seconds.

    `n` counts all that are in the estimate, `n_done` the successes, `n_open` the censored, `n_other` the other ends by
    name; `n = n_done + n_open + sum(n_other)`. `n_unsound` were left out as contradictory. `mean_of_done_s` is over
    the successes alone and flatters while many are open. `curve` is the part still waiting; `incidence` has the part
    that came to each end.
    """

    name: str
    n: int
    n_done: int
    n_open: int
    n_other: tuple[tuple[str, int], ...]
    n_unsound: int
    p50_s: float | None
    p90_s: float | None
    mean_of_done_s: float | None
    curve: Curve
    incidence: tuple[tuple[str, Curve], ...]


@frozen
class Group:
    """The figures of one group; `key` are (dimension, value) in the order asked for, empty for the whole.

    `n` counts the exposures (episodes), `n_open` those that still run unresolved. `problems` are (exposure id, words).
    """

    key: tuple[tuple[str, str], ...]
    backlog: bool
    n: int
    n_open: int
    figures: tuple[Figure, ...]
    problems: tuple[tuple[str, str], ...]
    definitions: int = DEFINITIONS

    def get_figure(self, name: str) -> Figure:
        """Return `detect`, `mitigate`, `decide`, `act`, `repair` or `window`.

        Raises:
            UsageError: no such measure.
        """
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise UsageError(f"expected one of {', '.join(MEASURES)}, got `{name}`")


def summarize(exposures: Iterable[Exposure], now: datetime, *, by: Sequence[str] = ()) -> list[Group]:
    """Return the groups, headline before backlog within a key, keys in order.

    Without `by` there is always one headline group, empty or not, so that "no data" can be seen as such.

    Raises:
        UsageError: `by` names something that figures cannot be grouped by.
    """
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown:
        raise UsageError(f"expected any of {', '.join(DIMENSIONS)}, got `{unknown[0]}`")
    groups: dict[tuple[tuple[tuple[str, str], ...], bool], list[Exposure]] = {}
    if not by:
        groups[(), False] = []
    for exposure in exposures:
        if exposure.ending is Ending.MERGED or exposure.kind == DEPLOYMENT:
            continue  # a deployment without a verdict is counted where verdicts are: nothing in it is being exploited
        if exposure.drill is None:  # a rehearsal is no incident
            key = tuple((name, DIMENSIONS[name](exposure)) for name in by)
            groups.setdefault((key, exposure.backlog), []).append(exposure)
    return [_summarize_group(*key, groups[key], now) for key in sorted(groups)]


def _summarize_group(key: tuple[tuple[str, str], ...], backlog: bool, members: list[Exposure], now: datetime) -> Group:
    found = [(exposure.id, words) for exposure in members for words in problems(exposure.clocks)]
    figures = []
    for name, measure in MEASURES.items():
        measures = [(exposure.id, one) for exposure in members if (one := measure(exposure, now)) is not None]
        figure, unsound = _figure(name, measures)
        figures.append(figure)
        found += [(identifier, words) for identifier, words in unsound]
    n_open = sum(exposure.is_live for exposure in members)
    return Group(key, backlog, len(members), n_open, tuple(figures), tuple(sorted(set(found))))


def _figure(name: str, measures: list[tuple[str, Measure]]) -> tuple[Figure, list[tuple[str, str]]]:
    sound = [one for _, one in measures if one.is_sound]
    unsound = [(identifier, _explain(one)) for identifier, one in measures if not one.is_sound]
    observations = [Observation(one.exit_s, _cause(one), one.entry_s) for one in sound]
    done = [one.exit_s for one in sound if one.success]
    others = Counter(one.event for one in sound if one.event is not None and not one.success)
    curve = kaplan_meier(observations, _DONE)
    if curve.broken_at_s is not None:
        unsound.append(
            ("", f"{name}: the curve breaks at {curve.broken_at_s:.0f} s, where nobody else had entered yet")
        )
    figure = Figure(
        name=name,
        n=len(sound),
        n_done=len(done),
        n_open=sum(one.event is None for one in sound),
        n_other=tuple(sorted(others.items())),
        n_unsound=sum(not one.is_sound for _, one in measures),
        p50_s=find_quantile_s(curve, 0.5),
        p90_s=find_quantile_s(curve, 0.9),
        mean_of_done_s=sum(done) / len(done) if done else None,
        curve=curve,
        incidence=tuple(aalen_johansen(observations).items()),
    )
    return figure, unsound


_DONE = "done"
"""The cause of every success, whichever it was: a window closes by a mitigation or by a fix."""


def _cause(measure: Measure) -> str | None:
    return _DONE if measure.success else measure.event


def _explain(measure: Measure) -> str:
    end = measure.event or "now"
    if measure.exit_s < 0:
        return f"{measure.name} is negative: {measure.exit_s:.6f} s to `{end}`"
    return f"{measure.name} ended by `{end}` {measure.entry_s - measure.exit_s:.6f} s before it was detected"
