"""A receiver that keeps the books: it runs in the test, and knows nothing of who sends."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import psutil

from tests.e2e.answering import Asked, answering


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give an address, and the messages that came to it."""
    told: list[dict[str, Any]] = []

    def note(asked: Asked) -> tuple[int, object]:
        told.append(json.loads(asked.body))
        return 200, None

    with answering(note) as url:
        yield url, told


@dataclass
class SlowReceiver:
    """A receiver that takes its time: a request counts when it is let through, whoever waits for the answer.

    `arrived` are the keys that came, `counted` those that were let through. `sender` is the port that the last request
    came from.
    """

    url: str = ""
    arrived: list[str] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)
    sender: int = 0
    open: threading.Event = field(default_factory=threading.Event)

    def is_sent_by(self, process: int) -> bool:
        """Whether the last request came from a process."""
        ports = {one.laddr.port for one in psutil.Process(process).net_connections("tcp4")}
        return self.sender in ports


@contextmanager
def slow_receiver() -> Iterator[SlowReceiver]:
    """Give a slow receiver that can tell what became of a key."""
    receiver = SlowReceiver()

    def count(asked: Asked) -> tuple[int, object]:
        if asked.method == "GET":
            key = unquote(asked.path.removeprefix("/did/"))
            return 200 if key in receiver.counted else 202 if key in receiver.arrived else 404, None
        receiver.sender = asked.port
        receiver.arrived.append(asked.key)
        receiver.open.wait(60)
        receiver.counted.append(asked.key)
        return 200, None

    with answering(count) as receiver.url:
        try:
            yield receiver
        finally:
            receiver.open.set()
