"""Alerts of other tools, and everything that came in about an exposure.

Alerts that come at the same time are kept in one transaction: a storm is when they must not queue for commits. One with
an `Idempotency-Key` goes by itself, because its answer is remembered in its own.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
from litestar import Response
from litestar.params import RawBody
from msgspec import Raw

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import JSON_TYPE, read, write
from holdfast.edges.api.cursors import next_page, read_cursor
from holdfast.edges.api.deps import ApiDependencies, Ask
from holdfast.edges.api.joining import Joining
from holdfast.edges.api.verbs import get, post
from holdfast.edges.api.wire import Cursor, Limit, NameInPath, in_utc
from holdfast.edges.api.wire_guards import AlertIn, AlertsOut, SignalOut, SignalPage
from holdfast.errors import HoldfastError
from holdfast.loop.alerts import (
    MOST,
    UNMATCHED,
    AlertOutcome,
    check_alerts,
    list_signals,
    take_alerts,
    take_together,
)
from holdfast.loop.turn import Turn
from holdfast.model.run import Alert, Signal
from holdfast.model.tenancy import Token

JoinedAlerts: TypeAlias = Joining[tuple[Token, Sequence[Alert]], AlertOutcome]


@post("/alerts", opt=takes(AlertIn | list[AlertIn]), status_code=200, summary="Send alerts")
def post_alerts(request: Ask, body: RawBody) -> Response[AlertsOut]:
    """Take one alert, or a list of up to 1,000; each is kept once, and one run answers however many speak of a hole.

    The token needs `facts:write`. A firing alert asks for a response; a recovery is kept, and lifts nothing.
    """
    asked = decode_body(request, body, AlertIn | list[AlertIn])  # type: ignore[arg-type]  # a union is no type to mypy
    alerts = [_alert(one) for one in (asked if isinstance(asked, list) else [asked])]

    if "idempotency-key" in request.headers:
        return write(request, body, lambda turn: _told(take_alerts(turn, alerts)))
    check_alerts(request.user, alerts)
    joined: JoinedAlerts = request.app.state["alerts"]
    outcome = joined.ask(request.user.org, (request.user, alerts))
    answer: Response[Any] = Response(msgspec.json.encode(_told(outcome)), media_type=JSON_TYPE, status_code=200)
    return answer


def join_alerts(deps: ApiDependencies) -> JoinedAlerts:
    """Return what keeps together the alerts that come at the same time."""

    def keep(org: str, asked: Sequence[tuple[Token, Sequence[Alert]]]) -> Sequence[AlertOutcome]:
        with deps.store.write_now(org, deps.clock) as (tx, now):
            settings = (deps.settings.feed_max_age, deps.targets)
            outcomes = take_together([(Turn(tx, now, deps.ids, token, *settings), alerts) for token, alerts in asked])
        deps.changes.notify(org)
        if any(one.runs for one in outcomes):  # the engine has nothing to do with what only was kept
            deps.on_change(org)
        return outcomes

    return Joining(keep, lambda asked: len(asked[1]), MOST, (HoldfastError, *deps.store_failures))


def _told(done: AlertOutcome) -> AlertsOut:
    return AlertsOut(done.received, done.new, done.matched, list(done.unmatched), list(done.exposures), list(done.runs))


def _alert(asked: AlertIn) -> Alert:
    at = in_utc(asked.at, where="$.at") or asked.at
    return Alert(
        asked.id,
        asked.source,
        asked.firing,
        at,
        asked.exposure,
        asked.service,
        asked.environment,
        asked.advisory,
        asked.detail,
        tuple(sorted(asked.labels.items())),
    )


@get("/alerts/unmatched", summary="List unmatched alerts")
def list_unmatched(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[SignalPage]:
    """List the alerts that fit no exposure, with their count."""
    return _page(request, UNMATCHED, cursor, limit)


@get("/exposures/{exposure:str}/signals", summary="List what came in about an exposure")
def list_exposure_signals(
    request: Ask, exposure: NameInPath, cursor: Cursor = None, limit: Limit = 100
) -> Response[SignalPage]:
    """List alerts, recoveries and people's words about an exposure, by id downwards, with their count."""
    return _page(request, exposure, cursor, limit)


def _page(request: Ask, exposure: str, cursor: str | None, limit: int) -> Response[SignalPage]:
    def find(turn: Turn) -> SignalPage:
        count, rows = list_signals(turn.tx, exposure, read_cursor("signals", cursor), limit + 1)
        items, following = next_page("signals", rows, lambda signal: signal.id, limit)
        return SignalPage([_signal_out(one) for one in items], following, count)

    return read(request, find)


def _signal_out(one: Signal) -> SignalOut:
    exposure = None if one.exposure == UNMATCHED else one.exposure
    return SignalOut(one.id, one.kind, one.by, one.at, exposure, one.run, one.outcome, Raw(one.body.encode()))


HANDLERS = [post_alerts, list_unmatched, list_exposure_signals]
