"""What a guide declares, and the words it may use."""

import re
import shlex
from collections.abc import Callable

from holdfast.model.component import Location
from holdfast.model.frozen import frozen

_SAFE_WORD = re.compile(r"[A-Za-z0-9@][A-Za-z0-9._~+@:/!-]*\Z")
"""Names and versions of every ecosystem that we guide. A leading `-` would be an option; anything else is no name."""


@frozen
class Upgrade:
    """A package to raise from one version to another.

    `raise_name` is the direct dependency to raise: the package itself when it is direct or nobody knows. `line_text` is
    the line of the file that pins it, where it could be read; `head` the first lines of that file, where a tool says
    that it wrote it. `alias` is the name that the project gave the package, where it is another. `also` are further
    packages of a distribution to raise with it; `is_exact` is False where they have versions of their own.
    """

    ecosystem: str
    name: str
    current: str
    version: str
    raise_name: str
    location: Location | None = None
    line_text: str | None = None
    head: tuple[str, ...] = ()
    alias: str = ""
    also: tuple[str, ...] = ()
    is_exact: bool = True

    def packages(self, sign: str) -> list[str]:
        """Return every package to raise as its tool takes it: `name<sign>version`, or the name alone."""
        return [f"{name}{sign}{self.version}" if self.is_exact else name for name in (self.name, *self.also)]

    @property
    def is_transitive(self) -> bool:
        """Whether something else asks for it."""
        return self.raise_name != self.name


@frozen
class Advice:
    """What to do; `edit` is (old line, new line) of the file at the upgrade's location."""

    command: str | None
    edit: tuple[str, str] | None = None
    note: str = ""


@frozen
class Guide:
    """How one format's tool raises a package; `id` is the reader's format."""

    id: str
    advise: Callable[[Upgrade], Advice]


def is_safe(word: str) -> bool:
    """Tell whether a name or version may stand in a command."""
    return len(word) <= 214 and ".." not in word and _SAFE_WORD.match(word) is not None


def command(*words: str) -> str:
    """Return the words as one shell command, each quoted."""
    return shlex.join(words)


def commands(*parts: str) -> str:
    """Return commands that run one after the other, each only if the one before went well."""
    return " && ".join(parts)
