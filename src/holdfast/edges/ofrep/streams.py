"""The streams of change notices: server-sent events that say "evaluate again".

Rules:
1. A notice holds no value. It is sent at once after connecting, so that no change between the evaluation and the
   connection is missed, and after every change.
2. The event id is the environment's edition; a client that comes back with it and missed nothing gets no notice.
3. One notice is encoded once and written to everybody in one pass, without waking a task for each. A stream that can't
   be written to holds up nobody else, is told the newest when it can be, and is closed when that takes a minute.
4. A comment line is sent while nothing happens, and each credential is looked at again then, once for all its streams.

Source: OFREP, ADR 8 (SSE for bulk evaluation changes).
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from holdfast.loop.flag_access import Credential
from holdfast.loop.flag_clients import ClientBook, ClientName
from holdfast.loop.flag_snapshot import FlagChanges
from holdfast.model.frozen import frozen
from holdfast.ports.clock import Clock

HEARTBEAT_S = 15.0
STALLED_S = 60.0
RETRY = b"retry: 1000\n\n"
BEAT = b": nothing new\n\n"
_BATCH = 500

Place = tuple[str, str]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Receive = Callable[[], Awaitable[Message]]


def notice(edition: str) -> bytes:
    """Return one event."""
    data = json.dumps({"type": "refetchEvaluation", "etag": f'"{edition}"'})
    return f"id: {edition}\nevent: message\ndata: {data}\n\n".encode()


class _Topic:
    """What the streams of one environment share. `users` are those that listen and those that are about to."""

    __slots__ = ("edition", "message", "revision", "streams", "unsubscribe", "users")

    def __init__(self) -> None:
        self.edition, self.revision = "", 0
        self.message: Message = {}
        self.streams: dict[_Stream, None] = {}
        self.unsubscribe: Callable[[], None] | None = None
        self.users = 0

    def show(self, edition: str, revision: int) -> None:
        if edition != self.edition:
            self.edition, self.revision, self.message = edition, revision, _chunk(notice(edition))


@frozen
class Listener:
    """Who listens: what it showed, which client it is, and the last event that it knows of."""

    credential: Credential
    name: ClientName
    last_id: str | None = None


class _Stream:
    """One open stream. `writing_since` is set while a write waits for its reader; `ends` says why it is to end."""

    __slots__ = ("credential", "ends", "name", "send", "sent", "task", "wake", "writing_since")

    def __init__(self, listener: Listener, send: Send) -> None:
        self.credential, self.name, self.sent, self.send = listener.credential, listener.name, listener.last_id, send
        self.wake = asyncio.Event()
        self.ends = ""
        self.writing_since: float | None = None
        self.task = asyncio.current_task()

    def end(self, because: str) -> None:
        self.ends = because
        self.wake.set()

    def write_now(self, message: Message) -> bool:
        """Write without waiting; false when that can't be: its own task writes then.

        A server's `send` waits before it writes, if at all, so that one which would wait can be given up. Should a
        notice be written twice all the same, its reader evaluates once more, and nothing else happens.
        """
        if self.writing_since is not None or self.ends:
            return False
        writing = self.send(message)
        try:
            writing.send(None)
        except StopIteration:
            return True
        except (OSError, RuntimeError):  # it is gone: its own task finds that out
            return False
        writing.close()
        return False

    async def write(self, message: Message) -> None:
        self.writing_since = time.monotonic()
        await self.send(message)
        self.writing_since = None


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
                stream.end("closed")

    async def serve(self, place: Place, listener: Listener, start: Message, receive: Receive, send: Send) -> None:
        """Write notices to one client until it goes away or may not listen any more; `start` begins the answer."""
        topic = self._topics.setdefault(place, _Topic())
        topic.users += 1
        try:
            await self._subscribe(place, topic)
            topic.show(*await self._read(place))  # what can't be read is said before the stream begins
            await send(start)
            await self._listen(place, topic, _Stream(listener, send), receive)
        finally:
            topic.users -= 1
            if not topic.users:
                self._drop(place, topic)

    async def _subscribe(self, place: Place, topic: _Topic) -> None:
        if topic.unsubscribe is not None:
            return
        loop = asyncio.get_running_loop()
        topic.unsubscribe = _nothing  # taken: who joins meanwhile does not subscribe again

        def told(_: int) -> None:
            loop.call_soon_threadsafe(self._look, place)

        try:
            topic.unsubscribe = await asyncio.to_thread(self._changes.subscribe, *place, told)
        finally:
            if topic.unsubscribe is _nothing:
                topic.unsubscribe = None

    def _drop(self, place: Place, topic: _Topic) -> None:
        del self._topics[place]
        if topic.unsubscribe is not None:
            topic.unsubscribe()
        if not self._topics and self._beating is not None:
            self._beating.cancel()
            self._beating = None

    async def _listen(self, place: Place, topic: _Topic, stream: _Stream, receive: Receive) -> None:
        watching = asyncio.get_running_loop().create_task(_watch(receive, stream))
        topic.streams[stream] = None
        self._book.connect(place, stream.name, self._clock.now())
        self._keep_beating()
        try:
            await stream.write(_chunk(RETRY))
            while not stream.ends:
                if stream.sent != topic.edition:
                    edition, revision = topic.edition, topic.revision
                    await stream.write(topic.message)
                    self._sent(place, stream, edition, revision)
                else:
                    await stream.wake.wait()
                    stream.wake.clear()
        finally:
            watching.cancel()
            del topic.streams[stream]
            self._book.disconnect(place, stream.name, self._clock.now())
        if stream.ends != "gone":
            await stream.send({"type": "http.response.body", "body": b"", "more_body": False})

    def _sent(self, place: Place, stream: _Stream, edition: str, revision: int) -> None:
        stream.sent = edition
        self._book.deliver(place, stream.name, revision, self._clock.now())

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
        told = [stream for stream in topic.streams if _tell_or_wake(stream, topic)]
        self._book.deliver_all(place, [stream.name for stream in told], revision, self._clock.now())

    def _keep_beating(self) -> None:
        if self._beating is None or self._beating.done():
            self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def _beat(self) -> None:
        beat = _chunk(BEAT)
        while True:
            await asyncio.sleep(self._heartbeat_s)
            counts: dict[str, bool] = {}
            streams = [stream for topic in self._topics.values() for stream in topic.streams]
            for number, stream in enumerate(streams):
                name = stream.credential.name
                if name not in counts:
                    counts[name] = await self._recheck(stream.credential)
                if not counts[name]:
                    stream.end("refused")
                elif _is_stalled(stream) and stream.task is not None:
                    stream.task.cancel()
                else:
                    stream.write_now(beat)
                if number % _BATCH == _BATCH - 1:
                    await asyncio.sleep(0)  # a notice does not wait for ten thousand comments


def _nothing() -> None:
    return


def _tell_or_wake(stream: _Stream, topic: _Topic) -> bool:
    """Write the notice to a stream, else wake its own task; who was told is written down once all were."""
    if stream.write_now(topic.message):
        stream.sent = topic.edition
        return True
    stream.wake.set()
    return False


def _chunk(data: bytes) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": True}


def _is_stalled(stream: _Stream) -> bool:
    return stream.writing_since is not None and time.monotonic() - stream.writing_since > STALLED_S


async def _watch(receive: Receive, stream: _Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    stream.end("gone")
