"""What else actions may touch: configured HTTP targets, allowed commands, measured values."""

from collections.abc import Mapping
from typing import Protocol

from holdfast.model.frozen import frozen


@frozen
class Reply:
    """What a target or a command answered: a status (HTTP's, or the exit status) and the start of its output."""

    status: int
    output: str


class HttpTarget(Protocol):
    """A receiver of signed requests that the operator configured."""

    name: str
    idempotent: bool
    """Whether it does a request once however often it gets the same `Idempotency-Key`."""

    def find_problem(self) -> str | None:
        """Say why it can't be used now; `None` when it can, as far as that can be told without using it."""
        ...

    def send(self, body: bytes, key: str, fence: int) -> Reply:
        """Send one signed request. Raises: ActionError: no answer, or a status that is none of success."""
        ...

    def look(self, key: str) -> Reply | None:
        """Return what became of a key: a status of success, or 404 when it was surely not carried out.

        A target that has no way to tell is known by what it answered to this process; `None` when nobody knows.

        Raises:
            ActionError: it can tell, and did not answer.
        """
        ...


class CommandTarget(Protocol):
    """A command from the operator's allow-list; no shell takes part."""

    name: str
    idempotent: bool

    def find_problem(self) -> str | None:
        """Say why it can't be run now; `None` when it can, as far as that can be told without running it."""
        ...

    def refuse(self, arguments: Mapping[str, str]) -> str | None:
        """Say what is wrong with arguments by the operator's patterns; `None` when they are allowed."""
        ...

    def ended(self, key: str) -> Reply | None:
        """Return how a run by that key ended in this process; `None` when nobody knows."""
        ...

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

    name: str

    def find_problem(self) -> str | None:
        """Say why it can't be asked now; `None` when it answers."""
        ...

    def query(self, expression: str) -> float | None:
        """Return the value of an instant query; `None` when it gives none. Raises: ActionError."""
        ...


class Notifier(Protocol):
    """A receiver of messages."""

    name: str

    def find_problem(self) -> str | None:
        """Say why it can't be used now; `None` when it can, as far as that can be told without a message."""
        ...

    def send(self, title: str, text: str, key: str) -> None:
        """Tell it; `key` is the message's idempotency key. Raises: ActionError."""
        ...
