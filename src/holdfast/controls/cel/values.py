"""What expressions compute with: values, their kinds, and a value's absence.

Python's own `None` is data that is missing; CEL's `null` is `NULL`, which only a literal gives. Reading something
missing and every run-time error raise `Absence`, so that an operator need not look for it; `&&`, `||`, `exists` and
`all` catch it, and what is left of it in the end is `Unknown`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


class Null:
    """CEL's `null`; there is one instance, `NULL`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "null"


NULL: Final = Null()


@dataclass(frozen=True, slots=True, order=True)
class SemanticVersion:
    """A version by SemVer 2.0.0, comparable by precedence; build metadata is dropped."""

    numbers: tuple[int, int, int]
    is_release: bool
    prerelease: tuple[tuple[int, int, str], ...]


class Absence(Exception):
    """There is no value, and why."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


class BudgetSpent(Exception):
    """The steps that one evaluation may take are used up."""


class Frame:
    """One evaluation: its variables, its instant and the steps that are left."""

    __slots__ = ("_left", "now", "variables")

    def __init__(self, variables: dict[str, object], now: datetime, budget: int) -> None:
        self.variables = variables
        self.now = now
        self._left = budget

    def spend(self, steps: int) -> None:
        """Take steps off the budget.

        Raises:
            BudgetSpent: there are not that many left.
        """
        self._left -= steps
        if self._left < 0:
            raise BudgetSpent


_KINDS: dict[type, str] = {
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    list: "list",
    tuple: "list",
    dict: "map",
    Null: "null",
    datetime: "timestamp",
    timedelta: "duration",
    SemanticVersion: "semver",
}


def kind_of(value: object) -> str:
    """Return the name of a value's type; a list's and a map's without their parameters.

    Raises:
        Absence: `None`, or a Python value that CEL has no type for.
    """
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    if value is None:
        raise Absence("a value is missing")
    for base, name in ((str, "string"), (Mapping, "map"), (list, "list"), (tuple, "list"), (datetime, "timestamp")):
        if isinstance(value, base):  # an enumeration's member is a string too
            return name
    raise Absence(f"a value of Python's type `{type(value).__name__}` has no type in CEL")


def check_int(value: int) -> int:
    """Return a number that fits into 64 bits.

    Raises:
        Absence: it does not.
    """
    if not INT_MIN <= value <= INT_MAX:
        raise Absence("integer overflow")
    return value


def is_equal(frame: Frame, left: object, right: object) -> bool:
    """Whether two values are equal as CEL has it: numbers by value, other types never equal one another.

    Raises:
        Absence: the answer hangs on something missing.
    """
    frame.spend(1)
    kind, other = kind_of(left), kind_of(right)
    if kind != other:
        return {kind, other} == {"int", "double"} and left == right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and _all_equal(frame, list(zip(left, right, strict=True)))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and _all_equal(frame, [(value, right[key]) for key, value in left.items()])
    return left is right if kind == "null" else left == right


def _all_equal(frame: Frame, pairs: list[tuple[object, object]]) -> bool:
    absent: Absence | None = None
    for left, right in pairs:
        try:
            if not is_equal(frame, left, right):
                return False
        except Absence as absence:
            absent = absence
    if absent is not None:
        raise absent
    return True


def is_less(left: object, right: object, *, or_equal: bool) -> bool:
    """Whether `left` is before `right`; an int and a double compare by value.

    Raises:
        Absence: types that have no order, or no common one.
    """
    kinds = {kind_of(left), kind_of(right)}
    if kinds & {"list", "map", "null"} or (len(kinds) > 1 and kinds != {"int", "double"}):
        raise Absence(f"no order between {' and '.join(sorted(kinds))}")
    found: bool = left <= right if or_equal else left < right  # type: ignore[operator]  # the kinds were just compared
    return found


def to_plain(frame: Frame, value: object) -> object:
    """Return a result with `None` for CEL's null.

    Raises:
        BudgetSpent: a result so large that writing it out takes all the steps.
    """
    frame.spend(1)
    if isinstance(value, Null):
        return None
    if isinstance(value, (list, tuple)):
        return [to_plain(frame, item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(frame, item) for key, item in value.items()}
    return value
