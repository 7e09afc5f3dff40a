"""Type-checks an expression against a fact's declared shape, before anything is evaluated.

Stricter than evaluation, laxer than CEL's own checker in one way: an int and a double may be compared, so that
`severity >= 7` means what it says. Source: google/cel-spec, doc/langdef.md, "Gradual type checking".
"""

from collections.abc import Iterable
from difflib import get_close_matches

from holdfast.controls.cel.arithmetic import result_of
from holdfast.controls.cel.functions import NAMES, overloads_of
from holdfast.controls.cel.regex import compile_pattern
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
)
from holdfast.controls.cel.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NULL,
    NUMBERS,
    STRING,
    Schema,
    Type,
    are_comparable,
    are_ordered,
    join,
    list_of,
    map_of,
    unify,
)
from holdfast.errors import ExpressionError


def check(expression: Expression, schema: Schema) -> Type:
    """Return the type that an expression gives.

    Raises:
        ExpressionError: an unknown variable, field or function, or types that don't go together; names the place.
    """
    return _Checker(expression, dict(schema)).check(expression.root)


class _Checker:
    def __init__(self, expression: Expression, scope: dict[str, Type]) -> None:
        self._expression = expression
        self._scope = scope

    def _error(self, message: str, at: int, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, where=self._expression.place(at), hint=hint)

    def check(self, node: Node) -> Type:
        match node:
            case Literal():
                return _literal(node)
            case Name():
                return self._name(node)
            case Select():
                return self._select(node)
            case Index():
                return self._index(node)
            case Call():
                return self._call(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Logic():
                return self._logic(node)
            case Conditional():
                return self._conditional(node)
            case ListOf():
                return list_of(join([self.check(item) for item in node.items]))
            case MapOf():
                return self._map(node)
            case Macro():
                return self._macro(node)

    def _expect(self, node: Node, wanted: Type, by: str) -> None:
        found = self.check(node)
        if unify(found, wanted) is None:
            raise self._error(f"{by} takes {wanted}, got {found}", node.at)

    def _name(self, node: Name) -> Type:
        if node.name not in self._scope:
            raise self._error(f"unknown variable `{node.name}`", node.at, _near(node.name, self._scope))
        return self._scope[node.name]

    def _select(self, node: Select) -> Type:
        operand = self.check(node.operand)
        if operand.fields is not None:
            field = operand.field(node.field)
            if field is None:
                names = [name for name, _ in operand.fields]
                raise self._error(f"`{operand}` has no field `{node.field}`", node.at + 1, _near(node.field, names))
        elif operand.name == "map":
            field = operand.parameters[1]
            if unify(operand.parameters[0], STRING) is None:
                raise self._error(f"a map with keys of {operand.parameters[0]} has no fields", node.at, "use `[key]`")
        elif operand == DYN:
            field = DYN
        else:
            raise self._error(f"a value of {operand} has no fields", node.at)
        return BOOL if node.test else field

    def _index(self, node: Index) -> Type:
        operand, index = self.check(node.operand), self.check(node.index)
        if operand.fields is not None:
            raise self._error(f"`{operand}` has declared fields", node.at, "select one with `.`")
        if operand == DYN:
            return DYN
        if operand.name not in {"list", "map"}:
            raise self._error(f"a value of {operand} has no items", node.at)
        wanted = INT if operand.name == "list" else operand.parameters[0]
        if unify(index, wanted) is None:
            raise self._error(f"`[…]` of {operand} takes {wanted}, got {index}", node.index.at)
        return operand.parameters[-1]

    def _call(self, node: Call) -> Type:
        found = overloads_of(node.function, node.method)
        if not found:
            raise self._unknown_function(node)
        arguments = [self.check(argument) for argument in node.arguments]
        fitting = [overload for overload in found if _fits(overload.parameters, arguments)]
        if not fitting:
            forms = " or ".join(f"({', '.join(str(one) for one in overload.parameters)})" for overload in found)
            got = ", ".join(str(argument) for argument in arguments)
            raise self._error(f"`{node.function}` takes {forms}, got ({got})", node.at)
        if node.function == "matches":
            self._pattern(node.arguments[1])
        results = {overload.result for overload in fitting}
        return results.pop() if len(results) == 1 else DYN

    def _unknown_function(self, node: Call) -> ExpressionError:
        if overloads_of(node.function, not node.method):
            hint = f"write `{node.function}(…)`" if node.method else f"write `value.{node.function}(…)`"
        else:
            hint = _near(node.function, NAMES | {"has", "exists", "all", "filter", "map", "exists_one"}) or ""
        return self._error(
            f"unknown {'method' if node.method else 'function'} `{node.function}`", node.at, hint or None
        )

    def _pattern(self, node: Node) -> None:
        if isinstance(node, Literal) and isinstance(node.value, str):
            try:
                compile_pattern(node.value)
            except ExpressionError as error:
                raise self._error(error.message, node.at, error.hint) from None

    def _unary(self, node: Unary) -> Type:
        found = self.check(node.operand)
        wanted = {BOOL} if node.operator == "!" else NUMBERS
        if found not in wanted | {DYN}:
            names = " or ".join(sorted(str(one) for one in wanted))
            raise self._error(f"`{node.operator}` takes {names}, got {found}", node.at)
        return BOOL if node.operator == "!" else found

    def _binary(self, node: Binary) -> Type:
        left, right = self.check(node.left), self.check(node.right)
        if node.operator == "in":
            return self._membership(node, left, right)
        if node.operator in {"==", "!="}:
            if not are_comparable(left, right):
                hint = "a missing value is tested with `has(…)`" if NULL in {left, right} else None
                raise self._error(f"`{node.operator}` cannot compare {left} with {right}", node.at, hint)
            return BOOL
        if node.operator in {"<", "<=", ">", ">="}:
            if not are_ordered(left, right):
                raise self._error(f"`{node.operator}` cannot compare {left} with {right}", node.at)
            return BOOL
        result = result_of(node.operator, left, right)
        if result is None:
            hint = "convert one with `double(…)` or `int(…)`" if {left, right} == NUMBERS else None
            raise self._error(f"`{node.operator}` does not take {left} and {right}", node.at, hint)
        return result

    def _membership(self, node: Binary, left: Type, right: Type) -> Type:
        if right != DYN and right.name not in {"list", "map"}:
            hint = "write `text.contains(part)`" if right == STRING else None
            raise self._error(f"`in` takes a list or a map, got {right}", node.at, hint)
        if right.parameters and not are_comparable(left, right.parameters[0]):
            raise self._error(f"`in` cannot find {left} in {right}", node.at)
        return BOOL

    def _logic(self, node: Logic) -> Type:
        for term in node.terms:
            self._expect(term, BOOL, f"`{node.operator}`")
        return BOOL

    def _conditional(self, node: Conditional) -> Type:
        self._expect(node.condition, BOOL, "the condition before `?`")
        then, otherwise = self.check(node.then), self.check(node.otherwise)
        if unify(then, otherwise) is None:
            raise self._error(f"`?:` needs one type on both sides of `:`, got {then} and {otherwise}", node.at)
        return join([then, otherwise])

    def _map(self, node: MapOf) -> Type:
        seen: set[object] = set()
        for key, _ in node.entries:
            if self.check(key) not in {STRING, INT, DYN}:
                raise self._error(f"a map's key is a string or an int, got {self.check(key)}", key.at)
            if isinstance(key, Literal) and key.value in seen:
                raise self._error(f"the key `{key.value}` stands twice in a map", key.at)
            seen.add(key.value if isinstance(key, Literal) else key)
        keys, values = zip(*node.entries, strict=True) if node.entries else ((), ())
        return map_of(join([self.check(key) for key in keys]), join([self.check(value) for value in values]))

    def _macro(self, node: Macro) -> Type:
        operand = self.check(node.operand)
        if operand != DYN and operand.name not in {"list", "map"}:
            raise self._error(f"`{node.kind}` goes over a list or a map, got {operand}", node.at)
        element = operand.parameters[0] if operand.parameters else DYN
        outer = self._scope
        self._scope = {**outer, node.variable: element}
        try:
            return self._macro_body(node, element)
        finally:
            self._scope = outer

    def _macro_body(self, node: Macro, element: Type) -> Type:
        if node.kind == "map":
            if node.transform is None:
                return list_of(self.check(node.body))
            self._expect(node.body, BOOL, "the condition of `map`")
            return list_of(self.check(node.transform))
        self._expect(node.body, BOOL, f"`{node.kind}`")
        return list_of(element) if node.kind == "filter" else BOOL


def _literal(node: Literal) -> Type:
    match node.value:
        case None:
            return NULL
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return DOUBLE
    return STRING


def _fits(parameters: tuple[Type, ...], arguments: list[Type]) -> bool:
    return len(parameters) == len(arguments) and all(
        unify(parameter, argument) is not None for parameter, argument in zip(parameters, arguments, strict=True)
    )


def _near(name: str, known: Iterable[str]) -> str | None:
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"one of {', '.join(f'`{one}`' for one in names)}" if 0 < len(names) <= 12 else None
