"""What else actions may touch: configured HTTP targets, allowed commands, measured values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """What a target or a command answered: a status (HTTP's, or the exit status) and the start of its output."""

    status: int
    output: str


class HttpTarget(Protocol):
    """A receiver of signed requests that the operator configured."""

    name: str
    idempotent: bool
    """Whether it does a request once however often it gets the same `Idempotency-Key`."""

    def send(self, body: bytes, key: str, fence: int) -> Reply:
        """Send one signed request. Raises: ActionError: no answer, or a status that is none of success."""
        ...

    def look(self, key: str) -> Reply | None:
        """Ask what became of a key; `None` when the target has no way to tell. Raises: ActionError."""
        ...


class CommandTarget(Protocol):
    """A command from the operator's allow-list; no shell takes part."""

    name: str
    idempotent: bool

    def run(self, arguments: Mapping[str, str], key: str, *, verb: str = "apply") -> Reply:
        """Run it. `verb` is `apply`, `probe` or `undo`.

        Raises:
            ActionError: it did not start, did not end in time, or the operator named none for the verb.
        """
        ...

    def can(self, verb: str) -> bool:
        """Whether the operator named a command for the verb."""
        ...


class Metrics(Protocol):
    """A source of measured values: Prometheus' query API."""

    def query(self, expression: str) -> float | None:
        """Return the value of an instant query; `None` when it gives none. Raises: ActionError."""
        ...


class Notifier(Protocol):
    """A receiver of messages."""

    name: str

    def send(self, title: str, text: str, key: str) -> None:
        """Tell it; `key` is the message's idempotency key. Raises: ActionError."""
        ...
