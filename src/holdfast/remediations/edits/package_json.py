"""`package.json`: dependencies of every kind but peers, and the overrides that would hold a version back.

Source: https://docs.npmjs.com/cli/configuring-npm/package-json
"""

import re
from collections.abc import Sequence

from holdfast.errors import FactError
from holdfast.remediations.edits._json_places import find_members
from holdfast.remediations.edits._ranges import raise_range
from holdfast.remediations.edits._spec import Cut, Wanted, cut

_KEYS = ("dependencies", "devDependencies", "optionalDependencies", "overrides", "resolutions")
_ALIAS = re.compile(r"npm:(?P<name>@?[^@]+)@(?P<range>.*)\Z", re.DOTALL)
_NO_RANGE = re.compile(r"[a-z+]+:|[./~]|[^<>=~^*|\s]*/")


def plan(data: bytes, wanted: Wanted) -> Sequence[Cut]:
    """Return the cuts; see the room's rules. Raises: FactError."""
    members = find_members(data)
    cuts = []
    for key in _KEYS:
        span = members.get((key, wanted.alias or wanted.name))
        if span is None:
            continue
        start, end = span
        written = data[start:end].decode()
        if alias := _ALIAS.match(written):
            if alias["name"] != wanted.name:
                continue
            start, written = start + alias.start("range"), alias["range"]
        elif _NO_RANGE.match(written):
            raise FactError(f"`{written[:80]}` is no range of versions")
        raised = raise_range("npm", written, wanted.version, separator=" ")
        if raised is not None:
            cuts.append(cut(data, start, end, raised))
    return cuts
