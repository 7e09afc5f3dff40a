"""An entry of a `yarn.lock`, the same for both of its syntaxes."""

from dataclasses import field

from holdfast.model.component import Source
from holdfast.model.frozen import frozen


@frozen
class YarnEntry:
    """One package as it was resolved.

    `patterns` are what was asked for and led here, each `name@range`. `workspace` is the folder of a member of the
    workspace, `.` for the project itself, `None` for everything else. `asks` are its own (name, range) pairs.
    """

    line: int
    patterns: tuple[str, ...]
    name: str
    version: str
    source: Source
    alias: str = ""
    workspace: str | None = None
    asks: tuple[tuple[str, str], ...] = field(default=())


def split_pattern(pattern: str) -> tuple[str, str]:
    """Return (name, range) of `name@range`; the range is empty where there is none."""
    at = pattern.find("@", 1)
    return (pattern[:at], pattern[at + 1 :]) if at > 0 else (pattern, "")
