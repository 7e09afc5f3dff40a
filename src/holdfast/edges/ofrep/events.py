"""The stream of change notices: server-sent events that say "evaluate again".

Rules:
1. A notice holds no value. `{"type": "refetchEvaluation"}` is sent at once after connecting, so that no change between
   the evaluation and the connection is missed, and after every change.
2. The event id is the environment's revision; a client that comes back with it and missed nothing gets no notice.
3. A comment line is sent while nothing happens, and who may listen is asked again with it.

Source: OFREP, ADR 8 (SSE for bulk evaluation changes).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from holdfast.errors import HoldfastError
from holdfast.loop.flag_feed import FlagFeed

HEARTBEAT_S = 15.0


async def stream_notices(
    feed: FlagFeed,
    place: tuple[str, str],
    last_id: str | None,
    still_allowed: Callable[[], object],
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[bytes]:
    """Yield the stream of one client for (org, environment) until it goes away or may not listen any more."""
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()
    newest = [0]

    def listen(revision: int) -> None:
        newest[0] = revision
        loop.call_soon_threadsafe(changed.set)

    unsubscribe = await asyncio.to_thread(feed.subscribe, *place, listen)
    try:
        newest[0] = max(newest[0], await asyncio.to_thread(feed.revision, *place))
        yield b"retry: 1000\n\n"
        if last_id != str(newest[0]):
            yield notice(newest[0])
        while True:
            try:
                await asyncio.wait_for(changed.wait(), heartbeat_s)
            except TimeoutError:
                if not await _is_allowed(still_allowed):
                    return
                yield b": nothing new\n\n"
                continue
            changed.clear()
            yield notice(newest[0])
    finally:
        unsubscribe()


async def _is_allowed(still_allowed: Callable[[], object]) -> bool:
    try:
        await asyncio.to_thread(still_allowed)
    except HoldfastError:
        return False
    return True


def notice(revision: int) -> bytes:
    """Return one event."""
    data = json.dumps({"type": "refetchEvaluation", "etag": f'"{revision}"'})
    return f"id: {revision}\nevent: message\ndata: {data}\n\n".encode()
