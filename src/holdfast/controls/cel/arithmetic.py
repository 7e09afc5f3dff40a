"""`+ - * / %`: which types they take, and what they give.

Integers have 64 bits and overflow is an error; division cuts toward zero; doubles are IEEE 754, so dividing by zero
gives infinity or NaN. Source: google/cel-spec, doc/langdef.md, "Arithmetic".
"""

import math
import operator
from collections.abc import Callable
from datetime import datetime, timedelta

from holdfast.controls.cel.types import DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, Type, join, list_of, unify
from holdfast.controls.cel.values import Absence, Frame, check_int, kind_of

_RESULTS: dict[tuple[str, str, str], Type] = {
    **{(sign, "int", "int"): INT for sign in "+-*/%"},
    **{(sign, "double", "double"): DOUBLE for sign in "+-*/"},
    ("+", "string", "string"): STRING,
    ("+", "list", "list"): list_of(DYN),
    ("+", "timestamp", "duration"): TIMESTAMP,
    ("+", "duration", "timestamp"): TIMESTAMP,
    ("+", "duration", "duration"): DURATION,
    ("-", "timestamp", "timestamp"): DURATION,
    ("-", "timestamp", "duration"): TIMESTAMP,
    ("-", "duration", "duration"): DURATION,
}


def result_of(sign: str, left: Type, right: Type) -> Type | None:
    """Return the type of `left sign right`; `None` when the operator does not take them."""
    if left.name == right.name == "list":
        return join([left, right]) if sign == "+" and unify(left, right) is not None else None
    found = {
        result
        for (name, first, second), result in _RESULTS.items()
        if name == sign and left.name in {first, "dyn"} and right.name in {second, "dyn"}
    }
    if not found:
        return None
    return found.pop() if len(found) == 1 and {left, right} != {DYN} else DYN


def calculate(frame: Frame, sign: str, left: object, right: object) -> object:
    """Return `left sign right`.

    Raises:
        Absence: overflow, a division of integers by zero, or types that the operator does not take.
    """
    kinds = (sign, kind_of(left), kind_of(right))
    if kinds not in _RESULTS:
        raise Absence(f"`{sign}` does not take {kinds[1]} and {kinds[2]}")
    if isinstance(left, str) and isinstance(right, str):
        frame.spend((len(left) + len(right)) // 16)
        return left + right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        frame.spend((len(left) + len(right)) // 16)
        return [*left, *right]
    if isinstance(left, float) and isinstance(right, float):
        return _of_doubles(sign, left, right)
    if isinstance(left, int) and isinstance(right, int):
        return _of_ints(sign, left, right)
    return _of_instants(sign, left, right)


def negate(value: object) -> int | float:
    """Return `-value`.

    Raises:
        Absence: not a number, or the smallest integer.
    """
    if isinstance(value, float):
        return -value
    if isinstance(value, int) and not isinstance(value, bool):
        return check_int(-value)
    raise Absence(f"`-` does not take {kind_of(value)}")


def _of_ints(sign: str, left: int, right: int) -> int:
    if sign in "/%" and right == 0:
        raise Absence("division by zero" if sign == "/" else "modulus by zero")
    match sign:
        case "+":
            return check_int(left + right)
        case "-":
            return check_int(left - right)
        case "*":
            return check_int(left * right)
    quotient = abs(left) // abs(right)
    quotient = check_int(quotient if (left < 0) == (right < 0) else -quotient)
    return quotient if sign == "/" else left - quotient * right


_DOUBLES: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def _of_doubles(sign: str, left: float, right: float) -> float:
    if sign != "/":
        return _DOUBLES[sign](left, right)
    if right != 0.0:
        return left / right
    if left == 0.0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _of_instants(sign: str, left: object, right: object) -> datetime | timedelta:
    try:
        match sign, left, right:
            case "+", (datetime() | timedelta()), timedelta():
                return left + right
            case "+", timedelta(), datetime():
                return right + left
            case "-", datetime(), datetime():
                return left - right
            case "-", (datetime() | timedelta()), timedelta():
                return left - right
    except OverflowError:
        raise Absence("an instant or a duration out of range") from None
    raise Absence(f"`{sign}` does not take {kind_of(left)} and {kind_of(right)}")
