"""Whether a range, as a lock file records it, allows a version.

What is not understood completely is `None`: nothing is claimed. So is a pre-release, which tools let in by rules of
their own.

Source: node-semver's README; PEP 440; Poetry's "Dependency specification"; RubyGems' "Patterns"; Composer's "Versions
and constraints"
"""

import re

from holdfast.controls.versions import compare_versions

_CLAUSE = re.compile(r"(===|==|~=|~>|>=|<=|!=|\^|~|=|<|>|)\s*v?(\S+)\Z")
_NUMBERS = re.compile(r"(\d+(?:\.\d+)*)((?:\.[xX*])+)?\Z")
_HYPHEN = re.compile(r"\S+\s+-\s+\S+")
_PLAIN = re.compile(r"\d+(?:\.\d+)*\Z")

_Bound = tuple[str, str]


def allows(ecosystem: str, written: str, version: str) -> bool | None:
    """Tell whether a range of an ecosystem allows a version; `None` where that can't be told."""
    if not _PLAIN.match(version.removeprefix("v")):
        return None
    separator = r"\|\|?" if ecosystem == "Packagist" else r"\|\|"
    found = [_allows_all(ecosystem, part.strip(), version.removeprefix("v")) for part in re.split(separator, written)]
    if True in found:
        return True
    return None if None in found else False


def _allows_all(ecosystem: str, written: str, version: str) -> bool | None:
    if written in {"", "*", "x", "X"}:
        return True
    if _HYPHEN.search(written):
        return None
    spaced = re.sub(r"([<>=~^!])\s+", r"\1", written)
    parts = re.split(r"\s*,\s*|\s+" if ecosystem in {"npm", "Packagist"} else r"\s*,\s*", spaced)
    answers = [_allows_one(ecosystem, part, version) for part in parts if part]
    if False in answers:
        return False
    return None if None in answers else True


def _allows_one(ecosystem: str, clause: str, version: str) -> bool | None:
    found = _CLAUSE.match(clause)
    bounds = _bounds(ecosystem, found[1], found[2]) if found else None
    if bounds is None:
        return None
    answers = [_holds(ecosystem, version, bound) for bound in bounds]
    if False in answers:
        return False
    return None if None in answers else True


def _holds(ecosystem: str, version: str, bound: _Bound) -> bool | None:
    operator, against = bound
    order = compare_versions(ecosystem, _padded(ecosystem, version), _padded(ecosystem, against))
    if order is None:
        return None
    return {">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0, "=": order == 0, "!=": order != 0}[
        operator
    ]


def _padded(ecosystem: str, version: str) -> str:
    if ecosystem != "npm" or not _PLAIN.match(version):
        return version
    return ".".join([*version.split("."), "0", "0"][: max(3, version.count(".") + 1)])


def _bounds(ecosystem: str, operator: str, text: str) -> list[_Bound] | None:
    numbers = _NUMBERS.match(text)
    if numbers is None:
        return None
    given, is_wild = [int(part) for part in numbers[1].split(".")], numbers[2] is not None
    lower = numbers[1]
    is_partial = ecosystem == "npm" and len(given) < 3
    match operator:
        case "" | "=" | "==" | "===":
            if is_wild or is_partial:
                return [(">=", lower), ("<", _raised(given, len(given) - 1))]
            return [("=", lower)]
        case "^":
            return [(">=", lower), ("<", _raised(given, _first_that_counts(given)))]
        case "~" if ecosystem != "Packagist":
            return [(">=", lower), ("<", _raised(given, min(1, len(given) - 1)))]
        case "~" | "~>" | "~=":
            return [(">=", lower), ("<", _raised(given, max(0, len(given) - 2)))]
        case ">" | "<=" if is_wild or is_partial:
            return None
        case "!=" if is_wild:
            return None
        case _:
            return [(operator, lower)]


def _first_that_counts(given: list[int]) -> int:
    return next((number for number, part in enumerate(given) if part), len(given) - 1)


def _raised(given: list[int], at: int) -> str:
    """The version whose number at a place is one more, and that ends there."""
    return ".".join(str(part) for part in [*given[:at], given[at] + 1])
