"""Read models that pages, API and terminal share: plain values, from one transaction, at one instant.

Rules:
1. Nothing here writes, and nothing holds markup: names are text, whoever chose them.
2. Unknown is never shown as fine: every view carries what is not known beside what is.
3. `now` is given; with `as_of` a view tells what was known and ran then.
"""

from holdfast.loop.view_action import Action, action_for
from holdfast.loop.view_exposure import ExposureView, JournalLine, exposure_view, fix_of
from holdfast.loop.view_gaps import Compositions, FeedRow, Gap, GapReader
from holdfast.loop.view_lists import ExposureRow, ExposuresView, exposures_view
from holdfast.loop.view_map import SHAPES, Cell, MapView, Row, map_view, state_of
from holdfast.loop.view_metrics import MetricsView, metrics_view
from holdfast.loop.view_now import Answer, Known, NextStep, NowView, QueueRow, learn, now_view, summary_line
from holdfast.loop.view_readiness import ReadinessRow
from holdfast.loop.view_timeline import Bar, Clock, Moment, Timeline, clocks_of, timeline_of

__all__ = [
    "SHAPES",
    "Action",
    "Answer",
    "Bar",
    "Cell",
    "Clock",
    "Compositions",
    "ExposureRow",
    "ExposureView",
    "ExposuresView",
    "FeedRow",
    "Gap",
    "GapReader",
    "JournalLine",
    "Known",
    "MapView",
    "MetricsView",
    "Moment",
    "NextStep",
    "NowView",
    "QueueRow",
    "ReadinessRow",
    "Row",
    "Timeline",
    "action_for",
    "clocks_of",
    "exposure_view",
    "exposures_view",
    "fix_of",
    "learn",
    "map_view",
    "metrics_view",
    "now_view",
    "state_of",
    "summary_line",
    "timeline_of",
]
