"""A range of versions as it is written, with its lower bound or pin raised and its operator kept.

Source: PEP 440; node-semver's README; "Specifying Dependencies" of Cargo; Poetry's "Dependency specification"
"""

import re

from holdfast.controls.versions import compare_versions
from holdfast.errors import FactError
from holdfast.model.frozen import frozen

_CLAUSE = re.compile(
    r"(?P<operator>===|==|~=|>=|<=|!=|\^|~|=|<|>|)(?P<space>\s*)(?P<version>v?[0-9][0-9A-Za-z.+!_-]*)\Z"
)
_ANY = {"", "*"}
_RAISED = {"===", "==", "~=", ">=", "^", "~", "=", ""}


@frozen
class _Clause:
    start: int
    operator: str
    version: str
    version_start: int


def raise_range(ecosystem: str, written: str, version: str, *, separator: str = ",") -> str | None:
    """Return the range with `version` as its lower bound or pin; `None` when it asks for it or more already.

    `separator` stands between clauses that all have to hold: a comma, or a space for npm.

    Raises:
        FactError: it forbids the version from above, or is more than one bound below and bounds above.
    """
    if written.strip() in _ANY:
        return None
    clauses = _clauses(written, separator)
    below = [one for one in clauses if one.operator in _RAISED]
    for one in clauses:
        if one not in below:
            _check_allows(ecosystem, one, version, written)
    if len(below) != 1:
        raise FactError(f"`{written[:80]}` has no single lower bound to raise")
    held = below[0]
    order = compare_versions(ecosystem, version, held.version)
    if order is None:
        raise FactError(f"`{held.version[:80]}` can't be compared with {version}")
    if order <= 0:
        return None
    prefix = "v" if held.version.startswith("v") and not version.startswith("v") else ""
    end = held.version_start + len(held.version)
    return f"{written[: held.version_start]}{prefix}{version}{written[end:]}"


def _clauses(written: str, separator: str) -> list[_Clause]:
    pattern = r"[^,]+" if separator == "," else r"(?:[<>=~^!]+\s*)?[^\s,]+"
    found = []
    for part in re.finditer(pattern, written):
        text = part[0].strip()
        if not text:
            continue
        start = part.start() + part[0].index(text)
        clause = _CLAUSE.match(text)
        if clause is None or re.search(r"(?:\A|[.])[xX*](?:[.]|\Z)", clause["version"]):
            raise FactError(f"`{written[:80]}` is no range that can be edited safely")
        found.append(_Clause(start, clause["operator"], clause["version"], start + clause.start("version")))
    return found


def _check_allows(ecosystem: str, clause: _Clause, version: str, written: str) -> None:
    order = compare_versions(ecosystem, version, clause.version)
    allowed = {"<": order == -1, "<=": order in {-1, 0}, "!=": order in {-1, 1}, ">": order == 1}[clause.operator]
    if not allowed:
        raise FactError(f"`{written[:80]}` forbids {version}: whether that bound may be lifted is yours to say")
