"""What stands before services and can turn requests away."""

import re
from collections.abc import Sequence
from typing import Protocol

from holdfast.errors import PlanError
from holdfast.model.frozen import frozen

MAX_PATH, MAX_MESSAGE = 800, 500
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")


@frozen
class Block:
    """Requests that are turned away. `id` is its own; `host` and `path` (a prefix) narrow it, `None` is all of them.

    A path is a plain prefix of the normalized one, in small or capital letters: `/admin` is `/administrator` too.
    `status` is what they get, with `message` as the page.
    """

    id: str
    host: str | None
    path: str | None
    status: int
    message: str


def check_block(block: Block) -> None:
    """Refuse what no proxy may be asked for.

    Raises:
        PlanError: a host or a path that is none, a status that turns nobody away, a text that is too long.
    """
    if not _ID.match(block.id):
        raise PlanError(f"`{block.id[:60]}` is no id of a block")
    if block.host is not None and not _HOST.match(block.host):
        raise PlanError(f"`{block.host[:80]}` is no host", hint="a name like `shop.example.com`, without a port")
    wrong = _wrong_path(block.path) if block.path is not None else None
    if wrong is not None:
        raise PlanError(f"the path `{(block.path or '')[:80]}` {wrong}", hint="a prefix like `/admin`")
    if not 400 <= block.status <= 599:
        raise PlanError(f"a block answers with a status from 400 to 599, not {block.status}", hint="503")
    if len(block.message) > MAX_MESSAGE or any(0xD800 <= ord(sign) < 0xE000 for sign in block.message):
        raise PlanError(f"a message of over {MAX_MESSAGE} characters, or one that is no Unicode text")


def _wrong_path(path: str) -> str | None:
    if not path.startswith("/"):
        return "does not begin with `/`"
    if len(path) > MAX_PATH:
        return f"has over {MAX_PATH} characters"
    if any(ord(sign) < 32 or ord(sign) == 127 or 0xD800 <= ord(sign) < 0xE000 for sign in path):
        return "has a control character in it"
    if "?" in path or "#" in path:
        return "has a query or a fragment in it"
    if "//" in path or {".", ".."} & set(path.split("/")):
        return "is no normal path: no proxy ever sees it so"
    return None


class Proxy(Protocol):
    """One proxy in front of one or more services.

    `service` is the only service behind it, `None` where there may be others: there nothing blocks all of it.
    """

    name: str
    service: str | None

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
