"""`pom.xml`: the version in its element, or in the property that it comes from, at the lines where a scan found it.

Source: Maven documentation, "POM Reference"
"""

import re
from collections.abc import Sequence

from holdfast.errors import FactError
from holdfast.remediations.edits._spec import Cut, Wanted, cut


def plan(data: bytes, wanted: Wanted) -> Sequence[Cut]:
    """Return the cuts; none when the version is not set in this file. Raises: FactError."""
    if b"\x00" in data:
        raise FactError("the file is not in UTF-8 or a relative of it")
    value = re.compile(rb"(?<=>)(\s*\[?\s*)" + re.escape(wanted.current.encode()) + rb"(?=\s*\]?\s*</)")
    cuts, offset = [], 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if number in wanted.lines:
            found = list(value.finditer(line))
            if len(found) > 1:
                raise FactError(f"line {number} has {wanted.current} more than once")
            cuts += [cut(data, offset + one.end(1), offset + one.end(), wanted.version) for one in found]
        offset += len(line) + 1
    return cuts
