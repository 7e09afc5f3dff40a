"""Following a server: its stream of notices, and the document of flags after each.

Rules:
1. The stream is opened without a last event, so that its first notice says what the server has. After it the document
   is asked for always: a server that was restored may have come to the same edition by another way. After later
   notices it is asked for only when they name another edition.
2. With every heartbeat the server is asked whether the document is still its newest, and whether it can tell: one whose
   own store is away serves on, and says since when in `X-Holdfast-Stale-Since`. That is passed on.
3. A stream that says nothing for 40 seconds, more than two heartbeats, is dead. What was lost is tried again after a
   pause that doubles to 15 seconds, shortened at random, so that a hundred relays don't come back in one moment.
4. A redirect is refused: the token goes to the server that the operator named and nowhere else.

Only the standard library speaks here: a relay stays small.
"""

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from random import SystemRandom
from typing import Any
from urllib.parse import SplitResult, urlsplit

from holdfast.errors import FactError, FeedError, UsageError
from holdfast.model.frozen import frozen

SILENCE_S = 40.0
CONNECT_S = 5.0
FIRST_PAUSE_S = 0.25
MAX_PAUSE_S = 15.0
MAX_DOCUMENT_BYTES = 512 << 20
_RANDOM = SystemRandom()
_LOST = (OSError, http.client.HTTPException)


@frozen
class Given:
    """What a server has. `text` is the document, `None` when it is the one that the relay named.

    `stale_since` is since when the server can't compare it with its own store, `None` while it can.
    """

    edition: str
    text: str | None
    stale_since: datetime | None = None


class Upstream:
    """The server's side that a relay needs: notices, documents, reports."""

    def __init__(self, url: str, token: str, name: str) -> None:
        """Raises: UsageError: no URL, one that holds a user, or a token or name that no header can hold."""
        parts = _split(url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise UsageError(f"expected a server's URL, got `{url[:200]}`", hint="such as https://holdfast.example")
        for what, text in (("token", token), ("name", name)):
            if not (text.isascii() and text.isprintable()):
                raise UsageError(f"a {what} with a sign that no header can hold", hint="plain letters on one line")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "X-Holdfast-Kind": "relay", "X-Holdfast-Client": name}
        self._tls = ssl.create_default_context() if self._secure else None

    def notices(self) -> Iterator[str | None]:
        """Yield the edition that each notice names, and `None` for every heartbeat.

        Raises:
            FeedError: the server refuses, or the stream broke.
        """
        connection = self._connect(SILENCE_S)
        try:
            answer = self._ask(connection, "GET", "/ofrep/v1/events", {"Accept": "text/event-stream"})
            identifier = ""
            while line := answer.readline(64 << 10):
                if line.startswith(b"id:"):
                    identifier = line[3:].strip().decode("utf-8", "replace")
                elif line.startswith(b":"):
                    yield None
                elif not line.strip() and identifier:
                    yield identifier
                    identifier = ""
        except _LOST as error:
            raise FeedError(f"the stream broke: {_words(error)}") from None
        finally:
            connection.close()
        raise FeedError("the server ended the stream")

    def document(self, known: str | None = None) -> Given:
        """Return the document as the server has it now; its text only when it is not of the edition that is known.

        Raises:
            FeedError: no answer, or a refusal.
            FactError: the answer is not text, or its date no date.
        """
        more = {"If-None-Match": f'"{known}"'} if known is not None else {}
        answer, data = self._call("GET", "/flagd/v1/flags.json", None, more)
        edition = (answer.getheader("etag") or "").strip('"')
        stale_since = _instant(answer.getheader("x-holdfast-stale-since"))
        if answer.status == http.client.NOT_MODIFIED:
            return Given(edition, None, stale_since)
        try:
            return Given(edition, data.decode(), stale_since)
        except UnicodeDecodeError:
            raise FactError("what the server sent is not UTF-8") from None

    def report(self, clients: list[dict[str, Any]]) -> None:
        """Tell what is proven of the relay's clients. Raises: FeedError."""
        self._call("POST", "/ofrep/v1/clients", json.dumps({"clients": clients}).encode())

    def _call(
        self, method: str, path: str, body: bytes | None, more: Mapping[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connect(CONNECT_S * 2)
        try:
            answer = self._ask(connection, method, path, {"Content-Type": "application/json", **(more or {})}, body)
            data = answer.read(MAX_DOCUMENT_BYTES + 1)
        except _LOST as error:
            raise FeedError(f"no answer: {_words(error)}") from None
        finally:
            connection.close()
        if len(data) > MAX_DOCUMENT_BYTES:
            raise FeedError(f"more than {MAX_DOCUMENT_BYTES >> 20} MiB")
        return answer, data

    def _connect(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None = None,
    ) -> http.client.HTTPResponse:
        connection.request(method, self._base + path, body, self._headers | headers)
        answer = connection.getresponse()
        if answer.status not in (200, 202) and not (answer.status == 304 and "If-None-Match" in headers):
            hint = "is the token right, and bound to this environment?" if answer.status in (401, 403) else None
            raise FeedError(f"the server answers {answer.status}", where=self._base + path, hint=hint)
        return answer


class Pauses:
    """How long to wait before the next try."""

    def __init__(self, random: Callable[[float, float], float] = _RANDOM.uniform) -> None:
        self._random = random
        self._next_s = FIRST_PAUSE_S

    def reset(self) -> None:
        """It worked."""
        self._next_s = FIRST_PAUSE_S

    def take(self) -> float:
        """Return the seconds to wait, and wait longer the next time."""
        pause_s = self._next_s
        self._next_s = min(MAX_PAUSE_S, pause_s * 2)
        return self._random(pause_s / 2, pause_s)


def follow(
    upstream: Upstream,
    stop: threading.Event,
    *,
    take: Callable[[Given, str], None],
    known: Callable[[], str | None],
    confirm: Callable[[datetime | None], None],
    lose: Callable[[str], None],
    pauses: Pauses | None = None,
) -> None:
    """Keep up with a server until told to stop.

    `take(given, document)` is given what is new, `known` says which edition is served. `confirm` is called when that
    is what the server has, with since when the server itself can't tell more; `lose` with the reason when nobody can.
    """
    pauses = pauses or Pauses()
    while not stop.is_set():
        compared = False
        try:
            for edition in upstream.notices():
                if stop.is_set():
                    return
                if edition is not None or compared:
                    is_new = edition is not None and (not compared or edition != known())
                    given = upstream.document(None if is_new else known())
                    if given.text is not None:
                        take(given, given.text)
                    compared = True
                    confirm(given.stale_since)
                pauses.reset()
        except (FeedError, FactError) as error:
            lose(str(error))
        stop.wait(pauses.take())


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL; `None` when it is none, or its port is no number of one."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


def _instant(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        at = None
    if text is not None and (at is None or at.tzinfo is None):
        raise FactError(f"what the server sent as `X-Holdfast-Stale-Since` is no instant: `{text[:80]}`")
    return at


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
