"""A version that stands in one line of a file, once."""

import re

from holdfast.remediations.guides._spec import Advice, Upgrade


def edit_line(upgrade: Upgrade, before: str, after: str, note: str) -> Advice:
    """Return the edit of the line that pins a package; `before` and `after` are patterns of what stands beside it.

    Without the line, or where the version is not in it exactly once, there is only the note.
    """
    line = upgrade.line_text
    if line is None:
        return Advice(None, note=note)
    found = list(re.finditer(rf"(?<={before}){re.escape(upgrade.current)}(?={after})", line))
    if len(found) != 1:
        return Advice(None, note=note)
    start, end = found[0].span()
    return Advice(None, (line, f"{line[:start]}{upgrade.version}{line[end:]}"))
