"""What puts releases onto a target."""

from collections.abc import Sequence
from typing import Protocol

from holdfast.model.frozen import frozen


@frozen
class Deployed:
    """What a target runs. `version` is the deployer's own name of it; `healthy` is `None` when it can't be told.

    `wanted` is the version that it was told to run, by a switch that was carried out to its end; `None` when that can't
    be told, or a switch was cut off in the middle: the same switch must be asked for again then.
    """

    version: str | None
    healthy: bool | None
    detail: str
    wanted: str | None = None


class Deployer(Protocol):
    """One service on one target. `target` is the slot of the inventory that it fills."""

    name: str
    target: str

    def find_problem(self) -> str | None:
        """Say why it can't be used now; `None` when it can."""
        ...

    def read(self) -> Deployed:
        """Return what runs. Raises: ActionError: it can't be told."""
        ...

    def versions(self) -> Sequence[str]:
        """Return the versions whose artifacts are there and whole. Raises: ActionError."""
        ...

    def switch(self, version: str, key: str, fence: int) -> None:
        """Let the target run a version; returns before it is healthy. Again with the same key is once.

        `key` begins with its run's id and a `/`: fences rise within one run, and are compared within it.

        Raises:
            ActionError: it was refused, or nobody answered.
            FencedError: a caller with a higher fence was here.
        """
        ...
