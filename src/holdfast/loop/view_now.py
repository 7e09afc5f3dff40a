"""Now: is anything exposed, since when, what is being done, and what to do next.

Rules:
1. The answer is the worst of what is known: exposed, then mitigated, then not known, then waived, then fine. Where
   nothing runs that was ever told to us, it is none of these: it says what to do next.
2. What is new comes before what was there when watching began; within that, rank decides.
3. What can't be judged is counted beside every answer, and stands in the queue; what is waived or cleared is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.loop.respond_people import get_pause
from holdfast.loop.view_exposure import ExposureView, exposure_view
from holdfast.loop.view_gaps import Compositions, FeedRow, GapReader
from holdfast.loop.view_lists import row_of
from holdfast.loop.view_map import EXPOSED, FINE, MITIGATED, UNKNOWN, WAIVED, MapView, map_view
from holdfast.loop.view_metrics import headline
from holdfast.loop.view_readiness import ReadinessRow, readiness
from holdfast.loop.view_words import listed, plural
from holdfast.metrics.summary import Group, summarize
from holdfast.model.exposure import Ending, Exposure, State
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach
from holdfast.ports.queries import Counts, Coverage, ExposureFilter
from holdfast.ports.store import Transaction

EMPTY = "empty"
OPEN_STATES = (State.OPEN.value, State.REGRESSED.value)
_MAP_ROWS = 12
_QUEUE_EXPOSURES = 6
_QUEUE_UNKNOWN = 4


@frozen
class NextStep:
    """What to do next, in words, and the command that does it."""

    words: str
    command: str


@frozen
class Answer:
    """The answer in a sentence: `word`, then `sentence`, then for how long since `since`, then `more`.

    `state` is `exposed`, `mitigated`, `waived`, `unknown`, `fine` or `empty`; `details` are further sentences.
    """

    state: str
    word: str
    sentence: str
    since: datetime | None = None
    more: str = ""
    details: tuple[str, ...] = ()
    steps: tuple[NextStep, ...] = ()


@frozen
class QueueRow:
    """What to look at: an exposure (with its id), or a place that can't be judged (with what to do about it)."""

    state: str
    title: str
    subject: str
    environment: str
    reasons: tuple[str, ...]
    since: datetime | None
    exposure: str | None
    hint: str = ""


@frozen
class Known:
    """What changes with the journal alone: callers may keep it while the journal's head stays where it is."""

    history: Group
    coverage: tuple[Coverage, ...]
    last: str | None = None
    """The id of the exposure that was repaired last, of those that came since watching began."""


@frozen
class NowView:
    """The first page. `lead` is what the answer speaks of; `last`, where nothing is live, what was repaired last."""

    answer: Answer
    lead: ExposureView | None
    last: ExposureView | None
    map: MapView
    queue: tuple[QueueRow, ...]
    exposed: int
    mitigated: int
    unknown: int
    history: Group
    readiness: tuple[ReadinessRow, ...]
    feeds: tuple[FeedRow, ...]
    journal_entries: int
    pause: Mapping[str, str] | None
    counts: Counts


def learn(tx: Transaction, now: datetime) -> Known:
    """Return what the first page needs of the whole history and inventory."""
    exposures = list(tx.exposures.all(current=False))
    repaired = [one for one in exposures if one.ending is Ending.FIXED and not one.backlog]
    last = max(repaired, key=lambda one: (one.clocks.resolved_at or one.clocks.detected_at, one.id), default=None)
    return Known(headline(summarize(exposures, now)), tuple(tx.queries.coverage()), last.id if last else None)


def now_view(
    tx: Transaction,
    now: datetime,
    feed_max_age: timedelta,
    *,
    known: Known | None = None,
    compositions: Compositions | None = None,
) -> NowView:
    """Return the first page; `known` and `compositions` spare reading the whole history and inventory again."""
    known = known or learn(tx, now)
    counts = tx.queries.counts()
    exposed = sum(counts.by_state.get(state, 0) for state in OPEN_STATES)
    mitigated = counts.by_state.get(State.MITIGATED.value, 0)
    lead = _lead(tx, exposed, mitigated)
    matrix = map_view(
        tx, now, feed_max_age=feed_max_age, coverage=known.coverage, compositions=compositions, limit=_MAP_ROWS
    )
    unknown = _unknown_rows(matrix)
    shown = lead.id if lead else known.last
    view = exposure_view(tx, shown, now, history=known.history, entries=0) if shown else None
    return NowView(
        _with_excused(_answer(view if lead else None, exposed, mitigated, unknown, matrix), counts),
        view if lead else None,
        None if lead else view,
        matrix,
        (*_queue(tx), *unknown),
        exposed,
        mitigated,
        len(matrix.unknown),
        known.history,
        readiness(tx, matrix, now),
        GapReader(tx, now, feed_max_age, known.coverage).feeds(),
        tx.journal.head()[0],
        get_pause(tx),
        counts,
    )


def _lead(tx: Transaction, exposed: int, mitigated: int) -> Exposure | None:
    """The exposure that the answer speaks of: new ones before the backlog, then by rank."""
    states = OPEN_STATES if exposed else (State.MITIGATED.value,) if mitigated else ()
    for backlog in (False, None) if states else ():
        where = ExposureFilter(states=states, backlog=backlog)
        page = tx.queries.exposures(where, as_of=None, after=None, limit=1)
        if page.rows:
            return page.rows[0]
    return None


def _queue(tx: Transaction) -> list[QueueRow]:
    out: list[QueueRow] = []
    for states in (OPEN_STATES, (State.MITIGATED.value,)):
        where = ExposureFilter(states=states)
        left = _QUEUE_EXPOSURES - len(out)
        page = tx.queries.exposures(where, as_of=None, after=None, limit=max(1, left))
        for exposure in page.rows[:left]:
            row = row_of(exposure)
            title = f"{row.component} {row.version}".strip()
            out.append(QueueRow(row.state, title, row.subject, row.environment, row.reasons, row.since, row.id))
    return out


def _unknown_rows(matrix: MapView) -> list[QueueRow]:
    """One row for each of the first places that have gaps, whatever else is known of them."""
    out = []
    for row, cell in matrix.unknown[:_QUEUE_UNKNOWN]:
        title = f"{row.name}: {cell.gaps[0].short}"
        reasons = tuple(gap.because for gap in cell.gaps)
        hint = cell.gaps[0].hint
        out.append(QueueRow(UNKNOWN, title, row.name, cell.environment, reasons, cell.since, None, hint))
    return out


def _answer(
    lead: ExposureView | None, exposed: int, mitigated: int, unknown: Sequence[QueueRow], matrix: MapView
) -> Answer:
    if lead is not None and exposed:
        sentence = f"{lead.exposure.subject.name} in {lead.exposure.environment}"
        more = f"and {exposed - 1:,} more" if exposed > 1 else ""
        return Answer(EXPOSED, "Exposed.", sentence, lead.since, more, _details(lead, mitigated, len(matrix.unknown)))
    if lead is not None:
        sentence = f"{lead.exposure.subject.name} in {lead.exposure.environment}"
        since = lead.exposure.clocks.mitigated_at
        more = f"and {mitigated - 1:,} more" if mitigated > 1 else ""
        return Answer(MITIGATED, "Mitigated.", sentence, since, more, _details(lead, 0, len(matrix.unknown)))
    if not matrix.rows:
        return Answer(EMPTY, "Nothing runs yet", "that Holdfast knows of", steps=_FIRST_STEPS)
    places, count = matrix.places, len(matrix.unknown)
    if unknown:
        counted = "so it doesn't count as fine" if count == 1 else "so they don't count as fine"
        sentence = f"{count:,} of {plural(places, 'place')} can't be judged, {counted}"
        first = [f"{row.subject} in {row.environment}: {row.reasons[0]}." for row in unknown[:1]]
        steps = tuple(NextStep("To know more", row.hint.strip("`")) for row in unknown[:1] if _is_command(row.hint))
        return Answer(UNKNOWN, "Not known.", sentence, details=tuple(first), steps=steps)
    return Answer(FINE, "Fine.", f"nothing known is wrong in {plural(places, 'place')}")


def _with_excused(answer: Answer, counts: Counts) -> Answer:
    """Tell besides what is waived or cleared: what somebody bears stays visible, and is not fine."""
    waived, cleared = (counts.by_state.get(one.value, 0) for one in (State.WAIVED, State.CLEARED))
    told = [(waived, "waived"), (cleared, "cleared by VEX documents")]
    said = [f"{plural(count, 'exposure')} {words}." for count, words in told if count]
    answer = replace(answer, details=(*answer.details, *said))
    if answer.state != FINE or not waived:
        return answer
    return replace(answer, state=WAIVED, word="Waived, would fail.", sentence=f"{answer.sentence} besides")


def _is_command(hint: str) -> bool:
    return hint.startswith("`") and hint.endswith("`") and hint.count("`") == 2


_FIRST_STEPS = (
    NextStep("Play one incident through the whole loop, offline, in under a minute", "holdfast demo"),
    NextStep("See what is wrong in a repository; nothing is stored", "holdfast scan ."),
    NextStep("Register a release with what it is made of", "holdfast release ."),
    NextStep("Say where it runs", "holdfast deploy SERVICE VERSION --to ENVIRONMENT"),
)

_REACH = {
    Reach.INTERNET: "Reachable from the internet.",
    Reach.INTERNAL: "Reachable from inside only.",
    Reach.DEVELOPMENT: "In development only.",
    Reach.UNKNOWN: "Who can reach it is not known, so it counts as reachable from the internet.",
}


def _details(lead: ExposureView, mitigated: int, unknown: int) -> tuple[str, ...]:
    exposure = lead.exposure
    out = [_REACH[exposure.risk.reach]]
    if exposure.summary:
        out.append(exposure.summary.rstrip(".") + ".")
    if mitigated:
        out.append("1 other is mitigated." if mitigated == 1 else f"{mitigated:,} others are mitigated.")
    if unknown:
        out.append(f"{plural(unknown, 'place')} can't be judged.")
    return tuple(out)


def summary_line(view: NowView) -> str:
    """Return the state of everything in one line, for a terminal or a title."""
    waived = view.counts.by_state.get(State.WAIVED.value, 0)
    parts = [(view.exposed, "exposed"), (view.mitigated, "mitigated"), (waived, "waived"), (view.unknown, "not known")]
    named = [f"{count:,} {word}" for count, word in parts if count]
    return listed(named) if named else view.answer.word
