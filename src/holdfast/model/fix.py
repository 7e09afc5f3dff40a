"""Fixes: what to type, and where."""

import posixpath

from holdfast.model.component import Location
from holdfast.model.frozen import frozen

_ANYWHERE = ("sed ", "cd ", "apt-get ", "apk ", "dnf ", "zypper ", "yum ", "rpm ")
"""How commands begin that name their file, or that speak of a machine."""


@frozen
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

    @property
    def typed(self) -> str | None:
        """The command as it is typed at the top of what was scanned: a lock file's tool runs in the file's folder."""
        folder = posixpath.dirname(self.location.file) if self.location is not None else ""
        if self.command is None or not folder or not folder.isprintable() or self.command.startswith(_ANYWHERE):
            return self.command
        from shlex import join  # a plain scan types nothing

        return f"{join(('cd', f'./{folder}' if folder.startswith('-') else folder))} && {self.command}"
