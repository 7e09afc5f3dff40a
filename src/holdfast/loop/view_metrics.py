"""How fast we are: figures and curves, by what one asks to group them by."""

from collections.abc import Sequence
from datetime import datetime

from holdfast.metrics.summary import DIMENSIONS, Group, summarize
from holdfast.model.frozen import frozen
from holdfast.ports.store import Transaction


@frozen
class MetricsView:
    """`whole` is the headline over everything, `backlog` the cohort that was there when watching began, kept apart.

    `groups` are the headline groups by `by`, those with most exposures first; empty without `by`.
    """

    by: str | None
    dimensions: tuple[str, ...]
    whole: Group
    backlog: Group | None
    groups: tuple[Group, ...]


def metrics_view(tx: Transaction, now: datetime, by: str | None = None) -> MetricsView:
    """Return the figures, as of now; open exposures are counted as open, never left out.

    Raises:
        UsageError: figures can't be grouped by that.
    """
    exposures = list(tx.exposures.all(current=False))
    groups = summarize(exposures, now)
    narrow = summarize(exposures, now, by=[by]) if by else []
    return MetricsView(
        by,
        tuple(DIMENSIONS),
        headline(groups),
        next((group for group in groups if group.backlog), None),
        tuple(sorted((group for group in narrow if not group.backlog), key=_order)),
    )


def headline(groups: Sequence[Group]) -> Group:
    """Return the group of everything that is no backlog; there always is one."""
    return next(group for group in groups if not group.backlog and not group.key)


def _order(group: Group) -> tuple[int, tuple[tuple[str, str], ...]]:
    return (-group.n, group.key)
