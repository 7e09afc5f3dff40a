"""Events: what the journal got, as it gets it, over SSE.

Rules:
1. The id of an event is the number of its entry; a browser that comes back sends it as `Last-Event-ID` and misses none.
2. Without one a stream begins with what comes next.
3. A comment every 15 seconds keeps proxies from cutting an idle stream.
4. A stream sees its own org only, and ends when its token does not count any more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import litestar
import msgspec
from litestar.concurrency import sync_to_thread
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from holdfast.edges.api.auth import find_caller
from holdfast.edges.api.deps import ApiDependencies, Ask, deps_of
from holdfast.edges.api.wire import EntryOut, entries_out
from holdfast.errors import ForbiddenError, UnauthenticatedError, UsageError
from holdfast.model.tenancy import Permission

HEARTBEAT_S = 15.0
LOOK_S = 1.0
_BATCH = 200
_DIGITS = 16

Resume = Annotated[int | None, QueryParameter(gt=-1, le=2**53, description="Like `Last-Event-ID`, which comes first.")]


@litestar.get("/events", summary="Follow the journal", media_type="text/event-stream")
async def get_events(request: Ask, after: Resume = None) -> ServerSentEvent:
    """Follow the journal over server-sent events: `id` is the entry's number, `event` its kind, `data` the entry."""
    if not request.user.allows(Permission.READ):
        raise ForbiddenError("this token lacks `read`")
    deps = deps_of(request)
    resume = _last_event_id(request)
    start = resume if resume is not None else after
    if start is None:
        start = await sync_to_thread(_head, deps, request.user.org)

    def counts() -> bool:
        try:
            find_caller(request)
        except UnauthenticatedError:
            return False
        return True

    return ServerSentEvent(follow(deps, request.user.org, start, counts), retry_duration=1000)


def _last_event_id(request: Ask) -> int | None:
    text = request.headers.get("last-event-id")
    if text is None or text == "":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise UsageError("expected the number of an entry", where="Last-Event-ID")
    return int(text)


async def follow(
    deps: ApiDependencies,
    org: str,
    after: int,
    counts: Callable[[], bool],
    *,
    heartbeat_s: float = HEARTBEAT_S,
    look_s: float = LOOK_S,
) -> AsyncIterator[ServerSentEventMessage]:
    """Yield the entries after a number, for ever; a comment after `heartbeat_s` without any.

    `counts` is asked before every look whether the caller still may.
    """
    loop = asyncio.get_running_loop()
    spoke_at = loop.time()
    with deps.changes.listening(org) as hint:
        yield ServerSentEventMessage(data=None, comment="following")
        while not deps.changes.is_closed:
            hint.clear()
            entries = await sync_to_thread(_look, deps, org, after, counts)
            if entries is None:
                return
            for entry in entries:
                after, spoke_at = entry.seq, loop.time()
                yield ServerSentEventMessage(data=msgspec.json.encode(entry).decode(), event=entry.kind, id=entry.seq)
            if loop.time() - spoke_at >= heartbeat_s:
                spoke_at = loop.time()
                yield ServerSentEventMessage(data=None, comment="still here")
            if len(entries) < _BATCH and not deps.changes.is_closed:
                await _wait(hint, look_s)


async def _wait(hint: asyncio.Event, timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):  # no hint: another process may have written
        await asyncio.wait_for(hint.wait(), timeout_s)


def _head(deps: ApiDependencies, org: str) -> int:
    with deps.store.read(org) as tx:
        return tx.journal.head()[0]


def _look(deps: ApiDependencies, org: str, after: int, counts: Callable[[], bool]) -> list[EntryOut] | None:
    """Return what is new; `None` when the caller may not look any more."""
    if not counts():
        return None
    with deps.store.read(org) as tx:
        return entries_out(list(tx.journal.read(after, _BATCH)))


HANDLERS = [get_events]
