"""OFREP: flags for every OpenFeature SDK. Plain ASGI, so that ten thousand streams cost little.

Rules:
1. A token with `flags:read` that is bound to an environment is asked for, everywhere. Nothing of another environment or
   org can be named, because neither is part of any request.
2. No credentials, or invalid ones, are 401; a token that may not is 403; a flag that is not there 404; a request or a
   flag that can't be evaluated 400 with its code; too much 429 with `Retry-After`; flags that can't be read 500.
3. What was committed before a question is in its answer.
4. Pages of other sites may ask, as flags for browsers are asked for; they prove themselves with a token, never with a
   cookie. Where no token is asked for (a relay on loopback) they may not, nor may a name that is not loopback's.

Source: OFREP 0.3.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import field, replace
from urllib.parse import quote

from holdfast.edges.ofrep import reports
from holdfast.edges.ofrep.answers import BulkAnswers, encode_one, encode_refusal
from holdfast.edges.ofrep.asking import Asked, Scope, TooLargeError, read_body, read_context
from holdfast.edges.ofrep.limits import Buckets, Limits
from holdfast.edges.ofrep.looks import SharedLooks
from holdfast.edges.ofrep.sending import Answer, general, json_answer, preflight, send_answer, with_origin
from holdfast.edges.ofrep.streams import HEARTBEAT_S, Hub, Listener, Place, Receive, Send
from holdfast.edges.ofrep.wire import status_of
from holdfast.errors import ForbiddenError, HoldfastError, UnauthenticatedError, UsageError
from holdfast.loop.flag_access import Credential, FlagAccess, place_of, ticket_of
from holdfast.loop.flag_clients import ClientBook
from holdfast.loop.flag_snapshot import FlagChanges, FlagSnapshot, FlagSource
from holdfast.mitigations.evaluation import NotEvaluated
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Token
from holdfast.ports.clock import Clock

EVALUATE = "/ofrep/v1/evaluate/flags"
EVENTS = "/ofrep/v1/events"
EFFECTS = "/ofrep/v1/effects"
CLIENTS = "/ofrep/v1/clients"
DOCUMENT = "/flagd/v1/flags.json"
PREFIXES = ("/ofrep/", "/flagd/")


@frozen
class Serving:
    """What is served, and to whom. `failures` are what the store raises while it is away.

    `origins` are the sites whose pages may ask, `*` for all; `hosts` the names under which it may be asked, empty for
    every name.
    """

    source: FlagSource
    changes: FlagChanges
    access: FlagAccess
    book: ClientBook
    clock: Clock
    failures: tuple[type[Exception], ...] = ()
    limits: Limits = field(default_factory=Limits)
    heartbeat_s: float = HEARTBEAT_S
    origins: tuple[str, ...] = ("*",)
    hosts: tuple[str, ...] = ()


Handler = Callable[[Asked, Token, Place, Receive], Awaitable[Answer]]


class OfrepApp:
    """An ASGI application for the paths under `PREFIXES`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._looks: SharedLooks[Place, FlagSnapshot] = SharedLooks(lambda place: serving.source.snapshot(*place))
        self._tokens: SharedLooks[Credential, Token] = SharedLooks(serving.access.get)
        self.answers = BulkAnswers()
        self._buckets = Buckets(serving.limits)
        self.hub = Hub(
            self._edition,
            serving.changes,
            serving.book,
            serving.clock,
            self._still_counts,
            heartbeat_s=serving.heartbeat_s,
            failures=serving.failures,
        )
        self._handlers: dict[tuple[str, str], Handler] = {
            ("POST", EVALUATE): self._evaluate_all,
            ("GET", DOCUMENT): self._document,
            ("POST", EFFECTS): self._effects,
            ("POST", CLIENTS): self._clients,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = Asked(scope)
        origin = asked.headers.get("origin")
        if asked.method == "OPTIONS":
            await send_answer(send, preflight(origin, self._serving.origins))
            return
        if (asked.method, asked.path) == ("GET", EVENTS):
            refused = await self._guarded(asked, self._events(asked, receive, send))
        else:
            refused = await self._guarded(asked, self._answer(asked, receive))
        if refused is not None:
            await send_answer(send, with_origin(refused, origin, self._serving.origins))

    async def _guarded(self, asked: Asked, work: "Awaitable[Answer | None]") -> Answer | None:
        try:
            return await work
        except UnauthenticatedError as error:
            return general(401, error.message, (("www-authenticate", "Bearer"),))
        except ForbiddenError as error:
            return general(403, error.message)
        except TooLargeError as error:
            return general(413, error.message)
        except UsageError as error:
            return general(400, str(error))
        except HoldfastError:
            return general(500, "flags can't be served right now")
        except self._serving.failures:
            return general(500, "flags can't be served right now")

    async def _identify(self, asked: Asked, *, takes_ticket: bool = False) -> tuple[Credential, Token, Place]:
        hosts = self._serving.hosts
        if hosts and asked.headers.get("host", "").rsplit(":", 1)[0].lower() not in hosts:
            raise ForbiddenError("it is not served under this name")
        credential = asked.credential(takes_ticket=takes_ticket)
        token = self._serving.access.find(credential)
        if token is None:
            token = await self._tokens.get(credential)
        return credential, token, place_of(token)

    async def _still_counts(self, credential: Credential) -> bool:
        try:
            place_of(self._serving.access.find(credential) or await self._tokens.get(credential))
        except ForbiddenError:
            return False
        except self._serving.failures:
            return True  # it counted, and nobody can say that it does not
        return True

    async def _edition(self, place: Place) -> tuple[str, int]:
        snapshot = await self._looks.get(place)
        return snapshot.edition, snapshot.revision

    async def _answer(self, asked: Asked, receive: Receive) -> Answer:
        handler = self._handlers.get((asked.method, asked.path))
        is_one = asked.method == "POST" and asked.path.startswith(EVALUATE + "/")
        if handler is None and not is_one:
            known = {path for _, path in self._handlers} | {EVENTS}
            return general(405 if asked.path in known or asked.path.startswith(EVALUATE) else 404, "nothing is here")
        credential, token, place = await self._identify(asked)
        wait_s = self._buckets.take(credential.name)
        if wait_s:
            return general(429, "too many questions", (("retry-after", str(max(1, round(wait_s)))),))
        return await (handler or self._evaluate_one)(asked, token, place, receive)

    async def _evaluate_one(self, asked: Asked, token: Token, place: Place, receive: Receive) -> Answer:
        key = asked.path.removeprefix(EVALUATE + "/")
        context = read_context(await read_body(asked, receive))
        if isinstance(context, NotEvaluated):
            return json_answer(400, encode_refusal(replace(context, key=key)))
        snapshot = await self._looks.get(place)
        value = snapshot.evaluate(key, context)
        if snapshot.has(key):  # who asks for a flag that is not there reads none
            now = self._serving.clock.now()
            self._serving.book.fetch_one(place, asked.client(token), key, snapshot.revision, now)
        return json_answer(status_of(value), encode_one(snapshot, value), _about(snapshot))

    async def _evaluate_all(self, asked: Asked, token: Token, place: Place, receive: Receive) -> Answer:
        body = await read_body(asked, receive)
        context = read_context(body)
        if isinstance(context, NotEvaluated):
            return json_answer(400, encode_refusal(context))
        snapshot = await self._looks.get(place)
        stream_url = f"{asked.base_url}{EVENTS}"
        if token.digest:
            stream_url += f"?ticket={quote(ticket_of(token))}"
        etag, answer = self.answers.get(snapshot, body, context, stream_url)
        self._fetched(asked, token, place, snapshot)
        headers = (("etag", etag), ("cache-control", "private, no-cache"), *_about(snapshot))
        if matches_etag(asked.headers.get("if-none-match"), etag):
            return Answer(304, b"", headers)
        return json_answer(200, answer, headers)

    async def _document(self, asked: Asked, token: Token, place: Place, receive: Receive) -> Answer:
        snapshot = await self._looks.get(place)
        etag = f'"{snapshot.edition}"'
        self._fetched(asked, token, place, snapshot)
        headers = (("etag", etag), ("cache-control", "private, no-cache"), *_about(snapshot))
        if matches_etag(asked.headers.get("if-none-match"), etag):
            return Answer(304, b"", headers)
        return json_answer(200, (await asyncio.to_thread(lambda: snapshot.text)).encode(), headers)

    async def _effects(self, asked: Asked, token: Token, place: Place, receive: Receive) -> Answer:
        body = await read_body(asked, receive)
        snapshot = await self._looks.get(place)
        name = asked.client(token)
        return reports.take_effect(self._serving.book, snapshot, name, token, body, now=self._serving.clock.now())

    async def _clients(self, asked: Asked, token: Token, place: Place, receive: Receive) -> Answer:
        body = await read_body(asked, receive, reports.MAX_REPORT_BYTES)
        snapshot = await self._looks.get(place)
        return reports.take_clients(self._serving.book, snapshot, asked.client(token), body, self._serving.clock.now())

    async def _events(self, asked: Asked, receive: Receive, send: Send) -> Answer | None:
        credential, token, place = await self._identify(asked, takes_ticket=True)
        if self.hub.open >= self._serving.limits.streams:
            return general(429, "too many streams", (("retry-after", "5"),))
        headers = (("cache-control", "no-store"), ("x-accel-buffering", "no"))
        start = with_origin(
            Answer(200, b"", headers, "text/event-stream"), asked.headers.get("origin"), self._serving.origins
        )
        listener = Listener(credential, asked.client(token), asked.headers.get("last-event-id"))
        await self.hub.serve(place, listener, start.begin(), receive, send)
        return None

    def _fetched(self, asked: Asked, token: Token, place: Place, snapshot: FlagSnapshot) -> None:
        self._serving.book.fetch(place, asked.client(token), snapshot.revision, self._serving.clock.now())


def matches_etag(header: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` names the ETag. Source: RFC 9110, 13.1.2, weak comparison."""
    if header is None:
        return False
    names = [name.strip() for name in header.split(",")]
    return "*" in names or etag in {name.removeprefix("W/") for name in names}


def _about(snapshot: FlagSnapshot) -> tuple[tuple[str, str], ...]:
    about = (("x-holdfast-revision", str(snapshot.revision)),)
    if snapshot.stale_since is None:
        return about
    return (*about, ("x-holdfast-stale-since", snapshot.stale_since.isoformat()))
