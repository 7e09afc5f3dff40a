"""The functions of the language: those of CEL that are in the subset, and four of our own.

`cidr(address, network)`, `port_in(port, "22,8000-8100")`, `semver(text)` and `age(timestamp)` are ours; `age` reads the
evaluation's instant. Every function is one row of `OVERLOADS`. Source: google/cel-spec, doc/langdef.md, "Functions".
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.controls.cel.convert import (
    double_to_int,
    parse_bool,
    parse_double,
    parse_duration,
    parse_int,
    parse_semver,
    parse_timestamp,
    to_text,
)
from holdfast.controls.cel.regex import compile_pattern
from holdfast.controls.cel.types import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    SEMVER,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
)
from holdfast.controls.cel.values import Absence, Frame
from holdfast.errors import ExpressionError
from holdfast.model.frozen import frozen

Run = Callable[..., object]
MAX_SEARCHED_CHARACTERS = 65536


@frozen
class Overload:
    """One form of a function; a method's first parameter is its target. `run` takes the frame, then the arguments."""

    function: str
    method: bool
    parameters: tuple[Type, ...]
    result: Type
    run: Run


def _size(frame: Frame, value: Sequence[object] | Mapping[object, object]) -> int:
    return len(value)


def _matches(frame: Frame, text: str, pattern: str) -> bool:
    if len(text) > MAX_SEARCHED_CHARACTERS:
        raise Absence(f"a text of over {MAX_SEARCHED_CHARACTERS} characters is not searched")
    try:
        compiled = compile_pattern(pattern)
    except ExpressionError as error:
        raise Absence(error.message) from None
    frame.spend(1 + len(text) * len(compiled.program) // 64)
    return compiled.search(text)


def _contains(frame: Frame, text: str, part: str) -> bool:
    frame.spend(len(text) // 64)
    return part in text


def _age(frame: Frame, at: datetime) -> timedelta:
    if at.tzinfo is None:
        raise Absence("an instant without an offset")
    return frame.now - at


def _cidr(frame: Frame, address: str, network: str) -> bool:
    """Whether an address, or a whole network, lies in a network; IPv4 and IPv6 never contain one another."""
    try:
        inner = ipaddress.ip_network(address, strict=False)
        outer = ipaddress.ip_network(network, strict=False)
    except ValueError:
        raise Absence(f"expected addresses or networks, got `{address[:60]}` and `{network[:60]}`") from None
    return inner.version == outer.version and inner.network_address in outer and inner.broadcast_address in outer


def _port_in(frame: Frame, port: int, ranges: str) -> bool:
    frame.spend(len(ranges) // 16)
    found = False
    for part in ranges.split(","):
        low, dash, high = (text.strip() for text in part.partition("-"))
        bounds = [low, high if dash else low]
        if not all(bound.isascii() and bound.isdigit() and len(bound) <= 5 for bound in bounds):
            raise Absence(f"expected ports like `22,8000-8100`, got `{ranges[:60]}`")
        found = found or int(bounds[0]) <= port <= int(bounds[1])
    return found


def _same(frame: Frame, value: object) -> object:
    return value


def _without_frame(convert: Callable[..., object]) -> Run:
    def run(frame: Frame, value: object) -> object:
        return convert(value)

    return run


def _both(function: str, parameters: tuple[Type, ...], result: Type, run: Run) -> tuple[Overload, Overload]:
    return Overload(function, False, parameters, result, run), Overload(function, True, parameters, result, run)


def _conversions(function: str, result: Type, converters: Mapping[Type, Run]) -> tuple[Overload, ...]:
    return tuple(Overload(function, False, (source,), result, run) for source, run in converters.items())


OVERLOADS: tuple[Overload, ...] = (
    *_both("size", (STRING,), INT, _size),
    *_both("size", (list_of(DYN),), INT, _size),
    *_both("size", (map_of(DYN, DYN),), INT, _size),
    *_both("matches", (STRING, STRING), BOOL, _matches),
    Overload("startsWith", True, (STRING, STRING), BOOL, lambda frame, text, part: text.startswith(part)),
    Overload("endsWith", True, (STRING, STRING), BOOL, lambda frame, text, part: text.endswith(part)),
    Overload("contains", True, (STRING, STRING), BOOL, _contains),
    Overload("dyn", False, (DYN,), DYN, _same),
    *_conversions("bool", BOOL, {BOOL: _same, STRING: _without_frame(parse_bool)}),
    *_conversions(
        "int",
        INT,
        {
            INT: _same,
            DOUBLE: _without_frame(double_to_int),
            STRING: _without_frame(parse_int),
            TIMESTAMP: _without_frame(lambda at: int(at.timestamp() // 1)),
        },
    ),
    *_conversions("double", DOUBLE, {DOUBLE: _same, INT: _without_frame(float), STRING: _without_frame(parse_double)}),
    *_conversions(
        "string", STRING, {kind: _without_frame(to_text) for kind in (STRING, BOOL, INT, DOUBLE, TIMESTAMP, DURATION)}
    ),
    *_conversions("timestamp", TIMESTAMP, {TIMESTAMP: _same, STRING: _without_frame(parse_timestamp)}),
    *_conversions("duration", DURATION, {DURATION: _same, STRING: _without_frame(parse_duration)}),
    *_conversions("semver", SEMVER, {SEMVER: _same, STRING: _without_frame(parse_semver)}),
    *_conversions("age", DURATION, {TIMESTAMP: _age}),
    Overload("cidr", False, (STRING, STRING), BOOL, _cidr),
    Overload("port_in", False, (INT, STRING), BOOL, _port_in),
)
NAMES = frozenset(overload.function for overload in OVERLOADS)
_RUNS = {
    (overload.function, overload.method, tuple(parameter.name for parameter in overload.parameters)): overload.run
    for overload in OVERLOADS
}


def find_run(function: str, method: bool, kinds: tuple[str, ...]) -> Run | None:
    """Return the implementation for the kinds of the arguments, `None` when there is none."""
    return _RUNS.get((function, method, ("dyn",) if function == "dyn" else kinds))


def overloads_of(function: str, method: bool) -> list[Overload]:
    """Return every form of a function, or of a method."""
    return [overload for overload in OVERLOADS if overload.function == function and overload.method == method]
