"""An HTTP that answers from a list, for tests."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field

from holdfast.errors import ActionError, UnsentError
from holdfast.model.frozen import frozen
from holdfast.ports.http import Answer


@frozen
class Reply:
    """What is answered. With `broken` there is no answer, for that reason; `cut` ends the body with an error.

    `lost` is no answer after the request arrived: the other side did what it was asked.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: str | None = None
    cut: bool = False
    lost: str | None = None


@frozen
class Sent:
    """A request as it was sent; header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class FakeHttp:
    """Answers by (method, URL). A list is answered in turn, its last one for ever; a callable is asked every time."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.sent: list[Sent] = []
        self._lock = threading.Lock()
        self._replies: dict[tuple[str, str], list[Reply] | Callable[[], Reply]] = {}

    def answer(self, method: str, url: str, reply: Reply, *later: Reply) -> None:
        """Answer a URL with these replies in turn."""
        self._replies[method, url] = [reply, *later]

    def answer_by(self, method: str, url: str, reply: Callable[[], Reply]) -> None:
        """Answer a URL with what the callable gives."""
        self._replies[method, url] = reply

    @contextmanager
    def open(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout_s: float, body: bytes | None = None
    ) -> Iterator[Answer]:
        """Give the answer while the context is open.

        Raises:
            ActionError: nothing answers that URL, or its reply is broken or cut.
        """
        del timeout_s
        reply = self._next(Sent(method, url, {name.lower(): value for name, value in headers.items()}, body))
        if reply.broken is not None:
            raise UnsentError(f"no answer from {url}: {reply.broken}")
        if reply.lost is not None:
            raise ActionError(f"no answer from {url}: {reply.lost}")
        yield Answer(reply.status, {name.lower(): value for name, value in reply.headers.items()}, _chunks(url, reply))

    def _next(self, sent: Sent) -> Reply:
        with self._lock:
            self.sent.append(sent)
            self.requests.append((sent.method, sent.url))
            replies = self._replies.get((sent.method, sent.url))
            if isinstance(replies, list):
                return replies.pop(0) if len(replies) > 1 else replies[0]
        return replies() if replies is not None else Reply(broken="connection refused")


def _chunks(url: str, reply: Reply) -> Iterator[bytes]:
    yield reply.body
    if reply.cut:
        raise ActionError(f"no answer from {url}: the connection was cut")
