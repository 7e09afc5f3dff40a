"""Regular expressions that are compiled when they are first used.

A command loads many and uses few: compiling all of them would be a twentieth of a scan.
"""

import re
from typing import Any, AnyStr, cast


class _Late:
    """Stands for a pattern. What was asked of it once is its own attribute from then on, as quick as the pattern's."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source, self._flags = source, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copies and pickles ask: it is made anew there
            raise AttributeError(name)
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found


def pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` would, but for the time; an expression that is none is told of at its first use."""
    return cast("re.Pattern[AnyStr]", _Late(source, flags))
