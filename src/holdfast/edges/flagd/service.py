"""`flagd.sync.v1.FlagSyncService`: a stream of whole flag sets, for the in-process providers of every language.

Rules:
1. The set is sent at once, and after every change: encoded once, written to everybody. A slow reader holds up nobody
   else and is given the newest when it can read again.
2. A bearer token in `authorization` is asked for, as by OFREP. The selector may name the environment (`production` or
   `flagSetId=production`): it chooses among those that the token may read, and is refused otherwise.
3. A credential is looked at again while the stream lives; the stream ends when it does not count any more.

Source: open-feature/flagd-schemas, `flagd/sync/v1/sync.proto`; flagd, selectors.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NoReturn

import grpc

from holdfast.edges.flagd.codec import EMPTY_METADATA, SyncRequest, decode_request, encode_flags
from holdfast.errors import ForbiddenError, HoldfastError, UnauthenticatedError
from holdfast.loop.flag_access import Credential, FlagAccess, place_of
from holdfast.loop.flag_clients import ClientBook, ClientName, name_client
from holdfast.loop.flag_snapshot import FlagChanges, FlagSnapshot, FlagSource
from holdfast.model.frozen import frozen
from holdfast.ports.clock import Clock

SERVICE = "flagd.sync.v1.FlagSyncService"
RECHECK_S = 15.0

Place = tuple[str, str]
Context = Any  # grpc.aio.ServicerContext; grpcio ships no types


@frozen
class SyncServing:
    """What is served, and to whom. `failures` are what the store raises while it is away."""

    source: FlagSource
    changes: FlagChanges
    access: FlagAccess
    book: ClientBook
    clock: Clock
    failures: tuple[type[Exception], ...] = ()
    recheck_s: float = RECHECK_S


class _Topic:
    """What the streams of one environment share: the newest set, encoded, and who waits for the next."""

    __slots__ = ("edition", "listeners", "message", "revision", "unsubscribe")

    def __init__(self) -> None:
        self.edition, self.revision, self.message = "", 0, b""
        self.listeners: set[asyncio.Event] = set()
        self.unsubscribe: Callable[[], None] | None = None


@frozen
class _Caller:
    credential: Credential
    place: Place
    name: ClientName


class SyncService:
    """The service's methods. Used from one event loop; changes may be told from any thread."""

    def __init__(self, serving: SyncServing) -> None:
        self._serving = serving
        self._failures: tuple[type[Exception], ...] = (HoldfastError, *serving.failures)
        self._topics: dict[Place, _Topic] = {}
        self._lock = asyncio.Lock()
        self._telling: set[asyncio.Task[None]] = set()

    def handlers(self) -> Any:
        """Return the handlers as gRPC takes them: messages go in and out as bytes."""
        methods = {
            "SyncFlags": grpc.unary_stream_rpc_method_handler(self.sync_flags),
            "FetchAllFlags": grpc.unary_unary_rpc_method_handler(self.fetch_all_flags),
            "GetMetadata": grpc.unary_unary_rpc_method_handler(self.get_metadata),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    @property
    def open(self) -> int:
        """How many streams there are."""
        return sum(len(topic.listeners) for topic in self._topics.values())

    async def sync_flags(self, data: bytes, context: Context) -> AsyncIterator[bytes]:
        """Send the set, and again after every change."""
        caller = await self._identify(data, context)
        topic = await self._join(caller.place, context)
        wake = asyncio.Event()
        topic.listeners.add(wake)
        self._book_in(caller)
        sent = ""
        try:
            while True:
                if sent != topic.edition:
                    edition, revision, message = topic.edition, topic.revision, topic.message
                    yield message
                    sent = edition
                    self._delivered(caller, revision)
                    continue
                try:
                    await asyncio.wait_for(wake.wait(), self._serving.recheck_s)
                except TimeoutError:
                    await self._recheck(caller, context)
                wake.clear()
        finally:
            topic.listeners.discard(wake)
            self._leave(caller, topic)

    async def fetch_all_flags(self, data: bytes, context: Context) -> bytes:
        """Return the set as it is now."""
        caller = await self._identify(data, context)
        snapshot = await self._read(caller.place, context)
        self._serving.book.fetch(caller.place, caller.name, snapshot.revision, self._serving.clock.now())
        return encode_flags(snapshot.text)

    async def get_metadata(self, data: bytes, context: Context) -> bytes:
        """Return no values of a static context: what rules read comes from the application alone."""
        await self._identify(data, context)
        return EMPTY_METADATA

    async def _identify(self, data: bytes, context: Context) -> _Caller:
        sent = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        try:
            request = decode_request(data)
            credential = _credential(sent)
            token = self._serving.access.find(credential)
            if token is None:
                token = await asyncio.to_thread(self._serving.access.get, credential)
            place = place_of(token, _environment(request, sent))
        except UnauthenticatedError as error:
            await _abort(context, grpc.StatusCode.UNAUTHENTICATED, error.message)
        except ForbiddenError as error:
            await _abort(context, grpc.StatusCode.PERMISSION_DENIED, error.message)
        except ValueError as error:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except self._serving.failures:
            await _abort(context, grpc.StatusCode.UNAVAILABLE, "flags can't be served right now")
        if request.provider_id:
            sent.setdefault("x-holdfast-client", request.provider_id)
        return _Caller(credential, place, name_client(sent.get, token, _peer(context)))

    async def _read(self, place: Place, context: Context) -> FlagSnapshot:
        try:
            return await asyncio.to_thread(_with_text, self._serving.source, place)
        except self._failures:
            await _abort(context, grpc.StatusCode.UNAVAILABLE, "flags can't be served right now")

    async def _join(self, place: Place, context: Context) -> _Topic:
        async with self._lock:  # of a thousand that come at once one subscribes and reads
            topic = self._topics.get(place)
            if topic is not None:
                return topic
            topic = _Topic()
            loop = asyncio.get_running_loop()

            def told(_: int) -> None:
                loop.call_soon_threadsafe(self._look, place)

            unsubscribe = await asyncio.to_thread(self._serving.changes.subscribe, *place, told)
            try:
                _show(topic, await self._read(place, context))
                topic.unsubscribe, self._topics[place] = unsubscribe, topic
            finally:
                if topic.unsubscribe is None:  # it could not be read, or nobody waits for it any more
                    unsubscribe()
            return topic

    def _leave(self, caller: _Caller, topic: _Topic) -> None:
        self._serving.book.disconnect(caller.place, caller.name, self._serving.clock.now())
        if not topic.listeners and self._topics.get(caller.place) is topic:
            del self._topics[caller.place]
            if topic.unsubscribe is not None:
                topic.unsubscribe()

    def _look(self, place: Place) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(place))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, place: Place) -> None:
        async with self._lock:  # one reading after the other: an older one is never shown over a newer one
            try:
                snapshot = await asyncio.to_thread(_with_text, self._serving.source, place)
            except self._failures:
                asyncio.get_running_loop().call_later(1.0, self._look, place)
                return
            topic = self._topics.get(place)
            if topic is None or snapshot.edition == topic.edition:
                return
            _show(topic, snapshot)
            for wake in topic.listeners:
                wake.set()

    async def _recheck(self, caller: _Caller, context: Context) -> None:
        try:
            place_of(await asyncio.to_thread(self._serving.access.get, caller.credential), caller.place[1])
        except ForbiddenError as error:
            await _abort(context, grpc.StatusCode.UNAUTHENTICATED, error.message)
        except self._serving.failures:
            return  # it counted, and nobody can say that it does not

    def _book_in(self, caller: _Caller) -> None:
        self._serving.book.connect(caller.place, caller.name, self._serving.clock.now())

    def _delivered(self, caller: _Caller, revision: int) -> None:
        now = self._serving.clock.now()
        self._serving.book.deliver(caller.place, caller.name, revision, now, with_values=True)


async def _abort(context: Context, code: Any, details: str) -> NoReturn:
    await context.abort(code, details)
    raise AssertionError("gRPC's own abort raises")


def _with_text(source: FlagSource, place: Place) -> FlagSnapshot:
    snapshot = source.snapshot(*place)
    _ = snapshot.text  # written in this thread, once
    return snapshot


def _show(topic: _Topic, snapshot: FlagSnapshot) -> None:
    topic.edition, topic.revision, topic.message = snapshot.edition, snapshot.revision, encode_flags(snapshot.text)


def _credential(sent: Mapping[str, str]) -> Credential:
    scheme, _, secret = sent.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Credential("token", secret.strip())
    return Credential("token", scheme) if scheme else Credential("none")


def _environment(request: SyncRequest, sent: Mapping[str, str]) -> str | None:
    """Return the environment that a selector names. Raises: ValueError: it selects by something else."""
    selector = (sent.get("flagd-selector") or request.selector).strip()
    if not selector:
        return None
    name, separator, value = selector.partition("=")
    if separator and name.strip() != "flagSetId":
        raise ValueError(f"expected `flagSetId=<environment>`, got `{selector[:80]}`")
    return (value if separator else name).strip() or None


def _peer(context: Context) -> str:
    kind, _, address = str(context.peer()).partition(":")
    return address if kind in ("ipv4", "ipv6") else kind
