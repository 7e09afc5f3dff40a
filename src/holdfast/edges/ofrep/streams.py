"""The streams of change notices: server-sent events that say "evaluate again".

Rules:
1. A notice holds no value. It is sent at once after connecting, so that no change between the evaluation and the
   connection is missed, and after every change.
2. The event id is the environment's edition; a client that comes back with it and missed nothing gets no notice.
3. One notice is encoded once and written to everybody; a stream that can't be written to holds up nobody else, is told
   the newest when it can be, and is closed when that takes a minute.
4. A comment line is sent while nothing happens, and each credential is looked at again then, once for all its streams.

Source: OFREP, ADR 8 (SSE for bulk evaluation changes).
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from holdfast.loop.flag_access import Credential
from holdfast.loop.flag_clients import ClientBook, ClientName
from holdfast.loop.flag_snapshot import FlagChanges
from holdfast.ports.clock import Clock

HEARTBEAT_S = 15.0
STALLED_S = 60.0
RETRY = b"retry: 1000\n\n"
BEAT = b": nothing new\n\n"
_BATCH = 500

Place = tuple[str, str]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


def notice(edition: str) -> bytes:
    """Return one event."""
    data = json.dumps({"type": "refetchEvaluation", "etag": f'"{edition}"'})
    return f"id: {edition}\nevent: message\ndata: {data}\n\n".encode()


class _Topic:
    """What the streams of one environment share."""

    __slots__ = ("edition", "notice", "revision", "streams", "unsubscribe")

    def __init__(self) -> None:
        self.edition, self.revision, self.notice = "", 0, b""
        self.streams: set[_Stream] = set()
        self.unsubscribe: Callable[[], None] | None = None

    def show(self, edition: str, revision: int) -> None:
        if edition != self.edition:
            self.edition, self.revision, self.notice = edition, revision, notice(edition)


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens: what it showed, which client it is, and the last event that it knows of."""

    credential: Credential
    name: ClientName
    last_id: str | None = None


class _Stream:
    """One open stream."""

    __slots__ = ("beat", "credential", "name", "refused", "sent", "task", "wake", "writing_since")

    def __init__(self, listener: Listener) -> None:
        self.credential, self.name, self.sent = listener.credential, listener.name, listener.last_id
        self.wake = asyncio.Event()
        self.beat = self.refused = False
        self.writing_since: float | None = None
        self.task: asyncio.Task[None] | None = None


class Hub:
    """Every open stream. Used from one event loop; changes may be told from any thread."""

    def __init__(
        self,
        read: Callable[[Place], Awaitable[tuple[str, int]]],
        changes: FlagChanges,
        book: ClientBook,
        clock: Clock,
        recheck: Callable[[Credential], Awaitable[bool]],
        *,
        heartbeat_s: float = HEARTBEAT_S,
        failures: tuple[type[Exception], ...] = (),
    ) -> None:
        """`read` gives (edition, revision) as they are now; `recheck` whether a credential counts still.

        `failures` are what `read` raises while the store is away: it is asked again a second later.
        """
        self._failures = failures
        self._read, self._changes, self._book, self._clock = read, changes, book, clock
        self._recheck, self._heartbeat_s = recheck, heartbeat_s
        self._topics: dict[Place, _Topic] = {}
        self._beating: asyncio.Task[None] | None = None
        self._looking: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """How many streams there are."""
        return sum(len(topic.streams) for topic in self._topics.values())

    def close(self) -> None:
        """End every stream: this process stops."""
        for topic in self._topics.values():
            for stream in topic.streams:
                self._prod(stream, ends=True)

    async def serve(self, place: Place, listener: Listener, start: Message, receive: Receive, send: Send) -> None:
        """Write notices to one client until it goes away or may not listen any more; `start` begins the answer."""
        topic = await self._join(place)  # what can't be read is said before the stream begins
        await send(start)
        stream = _Stream(listener)
        topic.streams.add(stream)
        self._book.connect(place, stream.name, self._clock.now())
        stream.task = asyncio.get_running_loop().create_task(self._write(place, topic, stream, send))
        self._keep_beating()
        try:
            await self._until_gone(receive, stream.task)
        finally:
            stream.task.cancel()
            self._leave(place, topic, stream)
        if stream.refused:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_gone(self, receive: Receive, writing: "asyncio.Task[None]") -> None:
        reading = asyncio.get_running_loop().create_task(_disconnected(receive))
        try:
            await asyncio.wait([reading, writing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
        if writing.done() and not writing.cancelled() and (error := writing.exception()) is not None:
            raise error

    async def _join(self, place: Place) -> _Topic:
        topic = self._topics.get(place)
        if topic is None:
            topic = self._topics[place] = _Topic()
        if topic.unsubscribe is None:
            loop = asyncio.get_running_loop()
            topic.unsubscribe = lambda: None  # taken: who joins meanwhile does not subscribe again

            def told(_: int) -> None:
                loop.call_soon_threadsafe(self._look, place)

            topic.unsubscribe = await asyncio.to_thread(self._changes.subscribe, *place, told)
        topic.show(*await self._read(place))
        return topic

    def _leave(self, place: Place, topic: _Topic, stream: _Stream) -> None:
        topic.streams.discard(stream)
        self._book.disconnect(place, stream.name, self._clock.now())
        if not topic.streams and topic.unsubscribe is not None:
            topic.unsubscribe()
            self._topics.pop(place, None)
        if not self._topics and self._beating is not None:
            self._beating.cancel()
            self._beating = None

    def _look(self, place: Place) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(place))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _tell(self, place: Place) -> None:
        try:
            edition, revision = await self._read(place)
        except self._failures:
            asyncio.get_running_loop().call_later(1.0, self._look, place)
            return
        topic = self._topics.get(place)
        if topic is None or edition == topic.edition:
            return
        topic.show(edition, revision)
        for stream in topic.streams:
            stream.wake.set()

    async def _write(self, place: Place, topic: _Topic, stream: _Stream, send: Send) -> None:
        await send({"type": "http.response.body", "body": RETRY, "more_body": True})
        while True:
            edition, revision, text = topic.edition, topic.revision, topic.notice
            chunk = text if stream.sent != edition else BEAT if stream.beat else b""
            stream.beat = False
            if chunk:
                stream.writing_since = time.monotonic()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                stream.writing_since = None
            if stream.sent != edition:
                stream.sent = edition
                self._book.deliver(place, stream.name, revision, self._clock.now())
                continue  # it may have changed while this was written
            await stream.wake.wait()
            stream.wake.clear()

    def _keep_beating(self) -> None:
        if self._beating is None or self._beating.done():
            self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            refused: set[str] = set()
            known: set[str] = set()
            streams = [stream for topic in self._topics.values() for stream in topic.streams]
            for number, stream in enumerate(streams):
                name = stream.credential.name
                if name not in known:
                    known.add(name)
                    if not await self._recheck(stream.credential):
                        refused.add(name)
                self._prod(stream, ends=name in refused)
                if number % _BATCH == _BATCH - 1:
                    await asyncio.sleep(0)  # a notice does not wait for ten thousand comments

    def _prod(self, stream: _Stream, *, ends: bool) -> None:
        stalled = stream.writing_since is not None and time.monotonic() - stream.writing_since > STALLED_S
        if (ends or stalled) and stream.task is not None:
            stream.refused = ends
            stream.task.cancel()
            return
        stream.beat = True
        stream.wake.set()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
