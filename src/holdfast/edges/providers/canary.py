"""A reader of flags as applications have one: it listens to the stream of changes and asks over OFREP.

Rules:
1. It goes through the network and through authentication like any other client, with a token of its own.
2. A cut stream is opened again, with the last event's id. While it is away the flag is asked for all the same.
3. Nothing here ends a drill: what was not seen in time is `None`.

Source: OFREP 0.3; WHATWG HTML, server-sent events.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import httpx

from holdfast.errors import ActionError
from holdfast.ports.canary import Propagation
from holdfast.ports.clock import Clock

TIMEOUT_S = 5.0
ASK_AGAIN_S = 0.5
NOTICE_S = 1.0
EVENTS = "/ofrep/v1/events"


class OfrepWatch:
    """Listens to one flag."""

    def __init__(self, url: str, token: str, flag: str, clock: Clock) -> None:
        self._flag, self._clock = flag, clock
        timeout = httpx.Timeout(TIMEOUT_S, read=60.0)
        headers = {"authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=timeout, trust_env=False)
        self._told = threading.Condition()
        self._notices: list[datetime] = []
        self._stopped = threading.Event()
        self._stream: httpx.Response | None = None
        self._last_id = ""
        self._thread = threading.Thread(target=self._listen, name="holdfast-canary", daemon=True)
        self._thread.start()

    def wait(self, variant: str, since: datetime, timeout_s: float) -> Propagation:
        """Wait until the flag is answered as that variant after an instant, or the time is over.

        Raises:
            ActionError: flags are not served, or not to this reader.
        """
        until = time.monotonic() + timeout_s
        fetched_at = None
        while True:
            served, now = self._ask(), self._clock.now()
            fetched_at = fetched_at or now
            if served == variant:
                return Propagation(self._delivered_at(since, NOTICE_S), fetched_at, now)
            left_s = until - time.monotonic()
            if left_s <= 0:
                return Propagation(self._delivered_at(since, 0.0), fetched_at, None)
            self._delivered_at(now, min(left_s, ASK_AGAIN_S))

    def _delivered_at(self, since: datetime, timeout_s: float) -> datetime | None:
        """Return when the first notice since an instant came, waiting for it; `None` when none comes in time."""
        until = time.monotonic() + timeout_s
        with self._told:
            while True:
                found = next((at for at in self._notices if at >= since), None)
                left_s = until - time.monotonic()
                if found is not None or left_s <= 0:
                    return found
                self._told.wait(left_s)

    def _ask(self) -> str | None:
        try:
            answer = self._client.post(f"/ofrep/v1/evaluate/flags/{self._flag}", json={"context": {}})
        except httpx.HTTPError as error:
            raise ActionError(f"flags are not served: {error or type(error).__name__}") from None
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise ActionError(f"flags are not served to the canary: status {answer.status_code}")
        variant = answer.json().get("variant")
        return variant if isinstance(variant, str) else None

    def wait_for_stream(self, timeout_s: float) -> None:
        """Wait for the stream's first notice, which comes at once; without one the flag is asked for by itself."""
        self._delivered_at(datetime.min.replace(tzinfo=UTC), timeout_s)

    def cut(self) -> None:
        """Cut the stream, as a network does."""
        stream = self._stream
        if stream is not None:
            with suppress(httpx.HTTPError, RuntimeError):
                stream.close()

    def close(self) -> None:
        """End it."""
        self._stopped.set()
        self.cut()
        self._client.close()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            # a stream that another thread closes raises what the transport happens to be doing
            with suppress(httpx.HTTPError, httpx.StreamError, RuntimeError, OSError, AttributeError):
                self._read_stream()
            self._stopped.wait(0.05)

    def _read_stream(self) -> None:
        headers = {"last-event-id": self._last_id} if self._last_id else {}
        with self._client.stream("GET", EVENTS, headers=headers) as stream:
            self._stream = stream
            for line in stream.iter_lines():
                if line.startswith("id:"):
                    self._last_id = line[3:].strip()
                elif line.startswith("data:"):
                    with self._told:
                        self._notices.append(self._clock.now())
                        self._told.notify_all()


class OfrepCanary:
    """Opens readers of the flags that are served at a URL.

    `lend` gives a token that may read an environment's flags, and what takes it back.
    """

    def __init__(self, url: str, clock: Clock, lend: Callable[[str, str], tuple[str, Callable[[], None]]]) -> None:
        self._url, self._clock, self._lend = url, clock, lend

    @contextmanager
    def watch(self, org: str, environment: str, flag: str) -> Iterator[OfrepWatch]:
        """Listen to a flag."""
        token, take_back = self._lend(org, environment)
        try:
            watch = OfrepWatch(self._url, token, flag, self._clock)
            try:
                watch.wait_for_stream(TIMEOUT_S)
                yield watch
            finally:
                watch.close()
        finally:
            take_back()
