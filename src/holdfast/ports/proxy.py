"""What stands before services and can turn requests away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Block:
    """Requests that are turned away. `id` is its own; `host` and `path` (a prefix) narrow it, `None` is all of them.

    `status` is what they get, with `message` as the page.
    """

    id: str
    host: str | None
    path: str | None
    status: int
    message: str


class Proxy(Protocol):
    """One proxy in front of one or more services."""

    name: str

    def find_problem(self) -> str | None:
        """Say why it can't be used now; `None` when it can."""
        ...

    def blocks(self) -> Sequence[Block]:
        """Return the blocks that are in force, as the running proxy has them. Raises: ActionError."""
        ...

    def put(self, block: Block) -> None:
        """Turn requests away; checked before it is loaded, and taken back when the check fails. Raises: ActionError."""
        ...

    def remove(self, block_id: str) -> None:
        """Let them through again; without such a block nothing happens. Raises: ActionError."""
        ...
