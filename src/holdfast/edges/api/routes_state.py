"""How fast we are, and how fresh what we judge by is."""

from typing import Annotated, Literal

from litestar import Response
from litestar.params import QueryParameter

from holdfast.edges.api.calls import read
from holdfast.edges.api.deps import Ask, deps_of
from holdfast.edges.api.verbs import get
from holdfast.edges.api.wire_admin import (
    EndOut,
    EnrichmentOut,
    FeedOut,
    FeedPage,
    FigureOut,
    MetricGroupOut,
    MetricPage,
    MetricProblemOut,
    PointOut,
)
from holdfast.loop.feed_state import FeedState, feed_state
from holdfast.loop.turn import Turn
from holdfast.metrics.summary import Figure, Group, summarize
from holdfast.model.component import Source
from holdfast.model.verdict import Fail, Pass, Unknown

Dimension = Literal["team", "service", "environment", "severity", "month"]
By = Annotated[list[Dimension] | None, QueryParameter(max_items=5, description="What to group by.")]


@get("/metrics", summary="How fast are we?")
def get_metrics(request: Ask, by: By = None) -> Response[MetricPage]:
    """Times to detect, decide, act, mitigate and repair, and exposure windows; the backlog is apart."""

    def find(turn: Turn) -> MetricPage:
        dimensions = list(dict.fromkeys(by or ()))
        groups = summarize(turn.tx.exposures.all(current=False), turn.now, by=dimensions)
        return MetricPage([_group_out(group) for group in groups], None)

    return read(request, find)


def _group_out(group: Group) -> MetricGroupOut:
    return MetricGroupOut(
        dict(group.key),
        group.backlog,
        group.n,
        group.n_open,
        [_figure_out(figure) for figure in group.figures],
        [MetricProblemOut(*problem) for problem in group.problems],
        group.definitions,
    )


def _figure_out(figure: Figure) -> FigureOut:
    return FigureOut(
        figure.name,
        figure.n,
        figure.n_done,
        figure.n_open,
        [EndOut(*end) for end in figure.n_other],
        figure.n_unsound,
        figure.p50_s,
        figure.p90_s,
        figure.mean_of_done_s,
        [PointOut(step.at_s, step.value) for step in figure.curve.steps],
    )


@get("/feeds", summary="How fresh is what we know?")
def list_feeds(request: Ask) -> Response[FeedPage]:
    """The feed of every ecosystem that runs here, and what enriches it; `unknown` where verdicts cannot rest on it."""
    max_age = deps_of(request).settings.feed_max_age

    def find(turn: Turn) -> FeedPage:
        running = turn.tx.queries.coverage()
        ecosystems = sorted({one.ecosystem for one in running if one.source == Source.REGISTRY.value})
        states = feed_state(turn.tx, turn.now, max_age, ecosystems=ecosystems)
        loaded = turn.tx.enrichments.state()
        enrichments = [EnrichmentOut(kind, source, as_of) for kind, (source, as_of) in sorted(loaded.items())]
        return FeedPage([_feed_out(state) for state in states], None, enrichments)

    return read(request, find)


def _feed_out(state: FeedState) -> FeedOut:
    match state.verdict:
        case Pass():
            name, because = "pass", None
        case Fail(why) | Unknown(why):
            name, because = "unknown", why
    known = state.snapshot
    if known is None:
        return FeedOut(state.ecosystem, name, because, None, None, None, 0, None)
    return FeedOut(
        state.ecosystem, name, because, known.source, known.synced_at, known.newest, known.records, known.error
    )


HANDLERS = [get_metrics, list_feeds]
