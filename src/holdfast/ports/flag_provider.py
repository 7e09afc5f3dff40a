"""A flag system that serves an environment: our own, or one that the team has already."""

from typing import Protocol

from holdfast.model.flag import FlagReading


class FlagProvider(Protocol):
    """Reads and forces flags of one environment. Which overlays there are is ours to remember, not the provider's.

    `own` is true of the flags that Holdfast serves itself: there an overlay in the store is the effect, and `force` and
    `restore` have nothing to do.
    """

    name: str
    own: bool

    def find_problem(self) -> str | None:
        """Say why it can't be used now: down, credentials refused, too old; `None` when it answers."""
        ...

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves; `None` when there is no such flag. Raises: ActionError: no answer."""
        ...

    def force(self, flag: str, variant: str) -> None:
        """Let it serve one variant to everybody, whatever its rules say. Again is the same. Raises: ActionError."""
        ...

    def restore(self, flag: str, definition: str) -> None:
        """Bring back what `read` told as `definition`, to the bit. Again is the same. Raises: ActionError."""
        ...
