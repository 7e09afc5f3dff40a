"""Where a requirement with a marker is asked for: on every machine of its project, on some, or on none.

Rules:

1. The Pythons of a project are those that it says it takes; where it says nothing that is understood, those that are
   maintained. Those to come are among them.
2. A requirement holds nowhere only by Python's version. Of platforms nobody knows all.
3. What is not understood, or longer than any marker is, holds everywhere: then its name is asked for.

Source: PEP 440, PEP 508, Poetry "Dependency specification" (`^`, `~`, `||`).
"""

import re
from enum import Enum
from functools import lru_cache

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet

_MAX_LENGTH = 500
_MINORS = ("2.7", *(f"3.{minor}" for minor in range(21)))
_PYTHONS = tuple(f"{minor}.{patch}" for minor in _MINORS for patch in (0, 99))
"""The first and the last of each minor version: a bound may lie between them."""
_MAINTAINED = _PYTHONS[_PYTHONS.index("3.8.0") :]
_LINUX = {
    "sys_platform": "linux",
    "os_name": "posix",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}
_OF_MACHINES = re.compile(r"\b(?:os|sys|platform|implementation|python_implementation|extras?|dependency)")
_POETRY = re.compile(r"([~^])\s*(\d+)(?:\.(\d+))?((?:\.\d+)*)\Z")


class Holds(Enum):
    """On which machines of a project a requirement is asked for."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"


@lru_cache(maxsize=4096)
def where_holds(marker: str, python: str, pythons: str) -> Holds:
    """Return where a requirement holds that has a marker, and a bound of Python (Poetry's), in a project of `pythons`.

    Each of them may be empty.
    """
    every = _taken(pythons, _PYTHONS) if pythons else _MAINTAINED
    every = every or _MAINTAINED
    mine = _taken(python, every) if python else every
    if mine is None:
        return Holds.ALWAYS
    if not mine or not _pythons_of(_of_python(marker), mine):
        return Holds.NEVER
    return Holds.ALWAYS if _pythons_of(marker, mine) == every else Holds.SOMETIMES


def _pythons_of(marker: str, pythons: tuple[str, ...]) -> tuple[str, ...]:
    """Return the Pythons with which a marker holds on Linux."""
    if not marker or len(marker) > _MAX_LENGTH:
        return pythons
    try:
        parsed = Marker(marker)
        return tuple(one for one in pythons if parsed.evaluate(_environment(one)))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        return pythons


def _environment(python: str) -> dict[str, str]:
    minor = python.rpartition(".")[0]
    return {**_LINUX, "python_version": minor, "python_full_version": python, "implementation_version": python}


def _of_python(marker: str) -> str:
    """Return the parts of a marker that ask for nothing but Python's version, all of which have to hold."""
    if _OF_MACHINES.search(marker) is None:
        return marker
    if "(" in marker or re.search(r"\bor\b", marker):
        return ""
    parts = re.split(r"\s+and\s+", marker)
    return " and ".join(part for part in parts if _OF_MACHINES.search(part) is None)


def _taken(wanted: str, pythons: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return those Pythons that a bound takes; `None` where it is not understood."""
    if len(wanted) > _MAX_LENGTH:
        return None
    try:
        sets = [_specifiers(text) for text in re.split(r"\|\|?", wanted)]
    except InvalidSpecifier:
        return None
    return tuple(one for one in pythons if any(taken.contains(one) for taken in sets))


def _specifiers(text: str) -> SpecifierSet:
    return SpecifierSet(",".join(_plain(part.strip()) for part in text.split(",")))


def _plain(clause: str) -> str:
    """Return one clause in PEP 440's words."""
    found = _POETRY.match(clause)
    if found is None:
        return f"=={clause}" if clause[:1].isdigit() else "" if clause == "*" else clause
    sign, major, minor, rest = found.groups()
    lower = f">={major}.{minor or 0}{rest}"
    if sign == "^" or minor is None:
        return f"{lower},<{int(major) + 1}"
    return f"{lower},<{major}.{int(minor) + 1}"
