"""Mitigation debt: what is still clamped, since when, and what would lift it."""

from dataclasses import asdict

from litestar import Response

from holdfast.edges.api.calls import read
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import get
from holdfast.edges.api.wire import Answer, Instant
from holdfast.loop.turn import Turn
from holdfast.loop.view_debt import debt_view


class DebtRowOut(Answer, frozen=True):
    """One thing that is clamped; `run` is absent where no living run answers for it."""

    what: str
    words: str
    service: str
    environment: str
    since: Instant
    expires_at: Instant | None
    overdue: bool
    lifts: str
    run: str | None
    exposure: str | None
    overlay: str | None
    break_glass: str | None


class DebtOut(Answer, frozen=True):
    """All of it on one page: what is past its end first, then the oldest."""

    items: list[DebtRowOut]
    next: str | None
    overdue: int
    oldest_at: Instant | None


@get("/mitigations/debt", summary="What is still clamped?")
def get_debt(request: Ask) -> Response[DebtOut]:
    """Say what is held away from its definition: since when, until when, and what would lift it."""

    def find(turn: Turn) -> DebtOut:
        view = debt_view(turn.tx, turn.now)
        rows = [{name: value for name, value in asdict(row).items() if name != "tag"} for row in view.rows]
        return DebtOut([DebtRowOut(**row) for row in rows], None, view.overdue, view.oldest_at)

    return read(request, find)


HANDLERS = [get_debt]
