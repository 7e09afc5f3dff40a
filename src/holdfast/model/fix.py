"""Fixes: what to type, and where."""

from dataclasses import dataclass

from holdfast.model.component import Location


@dataclass(frozen=True, slots=True)
class Fix:
    """The way out of one exposure.

    `version` is the smallest version of the component that no known advisory touches. `raise_name` is the direct
    dependency to raise (the component itself when direct or when the format does not know). `command` is the exact
    command for the lock file's tool; `edit` the (old line, new line) of a pinned file, when that is the way.
    """

    version: str
    raise_name: str
    command: str | None
    location: Location | None
    edit: tuple[str, str] | None = None
    note: str = ""
