"""Syntax tree → Python closures → a value, or why there is none.

Logic has three values. What is missing or fails gives `Unknown`, and it spreads, except where `false && …`,
`true || …`, an `exists` that found one or an `all` that found none decide without it, whatever the terms' order. Every
evaluation has a budget of steps: one for each node, again for each turn of a macro, more for long texts; when it is
used up the answer is `Unknown`. Source: google/cel-spec, doc/langdef.md, "Logical operators".
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from holdfast.controls.cel.arithmetic import calculate, negate
from holdfast.controls.cel.check import check
from holdfast.controls.cel.functions import find_run
from holdfast.controls.cel.macros import MACROS
from holdfast.controls.cel.syntax import (
    Binary,
    Call,
    Conditional,
    Expression,
    Index,
    ListOf,
    Literal,
    Logic,
    Macro,
    MapOf,
    Name,
    Node,
    Select,
    Unary,
    count_nodes,
)
from holdfast.controls.cel.types import BOOL, DYN, Schema, Type
from holdfast.controls.cel.values import NULL, Absence, BudgetSpent, Frame, is_equal, is_less, kind_of, to_plain
from holdfast.errors import ExpressionError
from holdfast.model.frozen import frozen
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict

Run = Callable[[Frame], object]
DEFAULT_BUDGET = 10_000


@frozen
class Program:
    """A checked expression, ready to run on any number of facts. `type` is what it gives."""

    text: str
    type: Type
    cost: int
    run: Run

    def evaluate(self, activation: Mapping[str, object], *, now: datetime, budget: int = DEFAULT_BUDGET) -> object:
        """Return the value over the given variables, or `Unknown` with the reason; data never makes it raise.

        `activation` maps variables to bools, ints, floats, strings, lists, mappings, aware datetimes and timedeltas;
        `None` is missing. `now` is the evaluation's instant.
        """
        frame = Frame(dict(activation), now, budget)
        try:
            frame.spend(self.cost)
            return to_plain(frame, self.run(frame))
        except Absence as absence:
            return Unknown(absence.because)
        except BudgetSpent:
            return Unknown(f"the expression used up its {budget} steps")
        except RecursionError:  # the expression is shallow, the data need not be
            return Unknown("values that are nested too deeply")

    def decide(self, activation: Mapping[str, object], *, now: datetime, budget: int = DEFAULT_BUDGET) -> Verdict:
        """Return `Pass` for true, `Fail` for false, and `Unknown` for anything else."""
        match self.evaluate(activation, now=now, budget=budget):
            case True:
                return Pass()
            case False:
                return Fail(f"`{self.text}` is false")
            case Unknown() as unknown:
                return unknown
            case other:
                return Unknown(f"expected true or false, got {type(other).__name__}")


def compile_expression(expression: Expression, schema: Schema, *, expected: Type | None = BOOL) -> Program:
    """Return the program of an expression over variables of these types.

    Raises:
        ExpressionError: it does not type-check, or gives another type than `expected` (`None` takes any).
    """
    found = check(expression, schema)
    if expected is not None and found not in {expected, DYN}:
        raise ExpressionError(
            f"expected an expression that gives {expected}, got {found}", where=expression.place(expression.root.at)
        )
    return Program(expression.text, found, count_nodes(expression.root), _compile(expression.root))


def _compile(node: Node) -> Run:
    match node:
        case Literal():
            return _literal(node)
        case Name():
            return _name(node)
        case Select():
            return _test(node) if node.test else _select(node)
        case Index():
            return _index(node)
        case Call():
            return _call(node)
        case Unary():
            return _unary(node)
        case Binary():
            return _binary(node)
        case Logic():
            return _logic(node)
        case Conditional():
            return _conditional(node)
        case ListOf():
            items = [_compile(item) for item in node.items]
            return lambda frame: [item(frame) for item in items]
        case MapOf():
            return _map(node)
        case Macro():
            return _macro(node)


def _literal(node: Literal) -> Run:
    value = NULL if node.value is None else node.value
    return lambda frame: value


def _name(node: Name) -> Run:
    name = node.name

    def run(frame: Frame) -> object:
        value = frame.variables.get(name)
        if value is None:
            raise Absence(f"`{name}` is not known")
        return value

    return run


def _select(node: Select) -> Run:
    operand, field, path = _compile(node.operand), node.field, path_of(node)

    def run(frame: Frame) -> object:
        value = _fields_of(operand(frame)).get(field)
        if value is None:
            raise Absence(f"`{path}` is not known")
        return value

    return run


def _test(node: Select) -> Run:
    operand, field = _compile(node.operand), node.field
    return lambda frame: _fields_of(operand(frame)).get(field) is not None


def _fields_of(value: object) -> Mapping[object, object]:
    if not isinstance(value, Mapping):
        raise Absence(f"a value of {kind_of(value)} has no fields")
    return value


def path_of(node: Node) -> str:
    """Return how a value is named in a message: `finding.severity`, `…` for what has no name."""
    match node:
        case Name():
            return node.name
        case Select():
            return f"{path_of(node.operand)}.{node.field}"
        case Index():
            return f"{path_of(node.operand)}[…]"
    return "…"


def _index(node: Index) -> Run:
    operand, index, path = _compile(node.operand), _compile(node.index), path_of(node)

    def run(frame: Frame) -> object:
        value = _item_of(operand(frame), index(frame))
        if value is None:
            raise Absence(f"`{path}` is not known")
        return value

    return run


def _item_of(value: object, index: object) -> object:
    kind = kind_of(index)
    if isinstance(value, Mapping) and kind in {"string", "int", "double"}:
        return value.get(index)
    if isinstance(value, (list, tuple)) and isinstance(index, (int, float)) and kind != "bool" and index == index // 1:
        if not 0 <= index < len(value):
            raise Absence(f"no item {index:.0f} in a list of {len(value)}")
        return value[int(index)]
    raise Absence(f"a value of {kind_of(value)} has no item of {kind}")


def _call(node: Call) -> Run:
    function, method, arguments = node.function, node.method, [_compile(argument) for argument in node.arguments]

    def run(frame: Frame) -> object:
        values = [argument(frame) for argument in arguments]
        kinds = tuple(kind_of(value) for value in values)
        implementation = find_run(function, method, kinds)
        if implementation is None:
            raise Absence(f"`{function}` does not take ({', '.join(kinds)})")
        return implementation(frame, *values)

    return run


def _unary(node: Unary) -> Run:
    operand = _compile(node.operand)
    if node.operator == "-":
        return lambda frame: negate(operand(frame))
    return lambda frame: not truth(operand(frame), "!")


def truth(value: object, by: str) -> bool:
    """Return a bool as it is.

    Raises:
        Absence: it is none; CEL has no truthy values.
    """
    if value is True or value is False:
        return value
    raise Absence(f"`{by}` does not take {kind_of(value)}")


def _binary(node: Binary) -> Run:
    left, right, sign = _compile(node.left), _compile(node.right), node.operator
    match sign:
        case "==":
            return lambda frame: is_equal(frame, left(frame), right(frame))
        case "!=":
            return lambda frame: not is_equal(frame, left(frame), right(frame))
        case "<" | "<=":
            return lambda frame: is_less(left(frame), right(frame), or_equal=sign == "<=")
        case ">" | ">=":
            return lambda frame: _is_greater(left(frame), right(frame), or_equal=sign == ">=")
        case "in":
            return lambda frame: _is_in(frame, left(frame), right(frame))
    return lambda frame: calculate(frame, sign, left(frame), right(frame))


def _is_greater(left: object, right: object, *, or_equal: bool) -> bool:
    return is_less(right, left, or_equal=or_equal)


def _is_in(frame: Frame, item: object, values: object) -> bool:
    if isinstance(values, Mapping):
        return kind_of(item) in {"string", "int", "double"} and item in values
    if not isinstance(values, (list, tuple)):
        raise Absence(f"`in` does not take {kind_of(values)}")
    absent: Absence | None = None
    for value in values:
        try:
            if is_equal(frame, item, value):
                return True
        except Absence as absence:
            absent = absence
    if absent is not None:
        raise absent
    return False


def _logic(node: Logic) -> Run:
    terms, sign, deciding = [_compile(term) for term in node.terms], node.operator, node.operator == "||"

    def run(frame: Frame) -> bool:
        absent: Absence | None = None
        for term in terms:
            try:
                if truth(term(frame), sign) is deciding:
                    return deciding
            except Absence as absence:
                absent = absent or absence
        if absent is not None:
            raise absent
        return not deciding

    return run


def _conditional(node: Conditional) -> Run:
    condition, then, otherwise = _compile(node.condition), _compile(node.then), _compile(node.otherwise)
    return lambda frame: then(frame) if truth(condition(frame), "?:") else otherwise(frame)


def _map(node: MapOf) -> Run:
    entries = [(_compile(key), _compile(value)) for key, value in node.entries]

    def run(frame: Frame) -> object:
        out: dict[object, object] = {}
        for key_of, value_of in entries:
            key = key_of(frame)
            if kind_of(key) not in {"string", "int"}:
                raise Absence(f"a map's key is a string or an int, got {kind_of(key)}")
            if key in out:
                raise Absence(f"the key `{key}` stands twice in a map")
            out[key] = value_of(frame)
        return out

    return run


def _macro(node: Macro) -> Run:
    operand, body = _compile(node.operand), _compile(node.body)
    transform = _compile(node.transform) if node.transform is not None else None
    cost = count_nodes(node.body) + (count_nodes(node.transform) if node.transform is not None else 0)
    return MACROS[node.kind](operand, node.variable, body, transform, cost)
