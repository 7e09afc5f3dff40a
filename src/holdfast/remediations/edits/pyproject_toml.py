"""`pyproject.toml`: requirements of PEP 621 and PEP 735, and the tables of Poetry.

Source: PEP 508, PEP 621, PEP 735; https://python-poetry.org/docs/dependency-specification/
"""

import re
from collections.abc import Sequence

from holdfast.errors import FactError
from holdfast.model.purl import normalize_pypi
from holdfast.remediations.edits._ranges import raise_range
from holdfast.remediations.edits._spec import Cut, Wanted, cut
from holdfast.remediations.edits._toml_places import Path, find_strings

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?(?P<range>[^;@()]*?)\)?\s*(?:;.*)?\Z", re.DOTALL
)
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def plan(data: bytes, wanted: Wanted) -> Sequence[Cut]:
    """Return the cuts; see the room's rules. Raises: FactError."""
    cuts = []
    for path, (start, end) in find_strings(data).items():
        text = data[start:end].decode()
        if _is_requirement(path):
            found = _in_requirement(text, wanted)
        elif _is_of_poetry(path, wanted.name):
            found = (0, len(text))
        else:
            continue
        if found is not None:
            first, last = (len(text[:place].encode()) + start for place in found)
            raised = raise_range("PyPI", data[first:last].decode(), wanted.version)
            if raised is not None:
                cuts.append(cut(data, first, last, raised))
    return cuts


def _is_requirement(path: Path) -> bool:
    places = (("project", "dependencies"), ("project", "optional-dependencies", None), ("dependency-groups", None))
    return isinstance(path[-1], int) and any(
        len(path) == len(place) + 1 and all(a in {b, None} for a, b in zip(place, path, strict=False))
        for place in places
    )


def _is_of_poetry(path: Path, name: str) -> bool:
    if path[:2] != ("tool", "poetry"):
        return False
    rest = path[2:-1] if path[-1] == "version" and path[-2] not in {"dependencies", "dev-dependencies"} else path[2:]
    above = rest[:-1]
    is_table = above in {("dependencies",), ("dev-dependencies",)} or (
        len(above) == 3 and (above[0], above[2]) == ("group", "dependencies")
    )
    return is_table and normalize_pypi(str(rest[-1])) == normalize_pypi(name)


def _in_requirement(text: str, wanted: Wanted) -> tuple[int, int] | None:
    """Return where the range of a requirement on the package stands in its text; `None` when it has none."""
    named = _NAME.match(text)
    if named is None or normalize_pypi(named[1]) != normalize_pypi(wanted.name):
        return None
    found = _REQUIREMENT.match(text)
    if found is None:
        raise FactError(f"`{text[:80]}` is no range of versions")
    return found.span("range") if found["range"].strip() else None
