"""Whoever reads flags: how long a change takes to get there, measured through the real serving path."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from holdfast.model.frozen import frozen


@frozen
class Propagation:
    """When a change was seen by a reader of flags; each `None` when it was not seen in time.

    `delivered_at`: the stream told that something changed. `fetched_at`: the flag was asked for and answered after
    that. `effective_at`: the answer was the expected variant.
    """

    delivered_at: datetime | None
    fetched_at: datetime | None
    effective_at: datetime | None


class CanaryWatch(Protocol):
    """A reader that listens to one flag of one environment."""

    def wait(self, variant: str, since: datetime, timeout_s: float) -> Propagation:
        """Wait until the flag is answered as that variant after a change at `since`, or the time is over.

        Raises:
            ActionError: nobody answers.
        """
        ...

    def cut(self) -> None:
        """Cut the reader's stream, as a network does: it has to come back by itself."""
        ...


class Canary(Protocol):
    """Opens readers."""

    def watch(self, org: str, environment: str, flag: str) -> AbstractContextManager[CanaryWatch]:
        """Listen to a flag, from a place where applications would. Raises: ActionError: nothing serves flags there."""
        ...


Wait = Callable[[float], None]
"""Lets some seconds pass; whoever has to go on meanwhile does."""
