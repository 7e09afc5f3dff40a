"""What a file says of an estate, and what a reader of one is."""

import re
from collections.abc import Callable

from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

MAX_ESTATE_BYTES = 1 << 20
MAX_MEMBERS = 5000
_ODD = re.compile(r"[^A-Za-z0-9._ -]+")


@frozen
class Member:
    """One thing of an estate. `path` is relative to the folder of the source, or absolute where a list has it so.

    What is empty, or `None`, the source does not say. `place` is where it stands, `file:line`.
    """

    path: str
    name: str = ""
    team: str = ""
    group: str = ""
    tier: int | None = None
    place: str = ""


@frozen
class Estate:
    """What there is; `groups` are (group, its parent or empty), `problems` what could not be read, in words."""

    members: tuple[Member, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


@frozen
class EstateSpec:
    """One kind of file.

    `is_for(name, data)` tells it by its name and content; `read(name, data, tree)` returns what it says, where `tree`
    is the folder that its paths are relative to, and `name` the file's place in it.
    """

    id: str
    title: str
    is_for: Callable[[str, bytes], bool]
    read: Callable[[str, bytes, Tree], Estate]


def clean_name(text: str) -> str:
    """Return a text as the name of a team, group or service: one line, no slash, at most 100 characters."""
    return _ODD.sub("-", text.strip()).strip("- .")[:100]
