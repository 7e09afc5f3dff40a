"""Tokens → syntax tree, by precedence climbing.

Rules: CEL's grammar without message construction; `has` and the comprehension macros are expanded here, as CEL demands.
Depth is limited before recursion could hurt. Source: google/cel-spec, doc/langdef.md, "Syntax" and "Macros".
"""

from holdfast.controls.cel.lexer import Lexer, Token
from holdfast.controls.cel.syntax import (
    MAX_DEPTH,
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
    find_too_deep,
)
from holdfast.errors import ExpressionError

_LEVELS = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
_MACROS = {"exists": (2,), "all": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"}
    | {"namespace", "return", "var", "void", "while"}
)
_INT_LIMIT = 2**63


def parse_expression(text: str, *, file: str = "<expression>", line: int = 1, column: int = 1) -> Expression:
    """Return the syntax tree of a text whose first character stands at `line` and `column` of `file`.

    Raises:
        ExpressionError: not an expression of the subset, too long or nested too deeply; `where` is file:line:column.
    """
    root = _Parser(Lexer(text, file, line, column)).parse()
    return Expression(text, root, file, line, column)


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._tokens = lexer.tokens()
        self._position = 0
        self._depth = 0

    def parse(self) -> Node:
        root = self._expression()
        if self._peek().kind != "end":
            raise self._unexpected("an operator or the end")
        if too_deep := find_too_deep(root):
            raise self._too_deep(too_deep.at)
        return root

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._tokens[self._position]
        self._position += token.kind != "end"
        return token

    def _is_sign(self, *signs: str) -> bool:
        token = self._peek()
        return token.kind == "sign" and token.value in signs

    def _accept(self, sign: str) -> bool:
        found = self._is_sign(sign)
        self._position += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise self._unexpected(f"`{sign}`")

    def _unexpected(self, wanted: str) -> ExpressionError:
        token = self._peek()
        got = "the end of the expression" if token.kind == "end" else f"`{token.value[:40]}`"
        return self._lexer.error(f"expected {wanted}, got {got}", token.at)

    def _too_deep(self, at: int) -> ExpressionError:
        return self._lexer.error(
            f"an expression nested over {MAX_DEPTH} levels deep", at, "split it, or use `in [...]`"
        )

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._too_deep(self._peek().at)
        node = self._binary(1)
        if self._is_sign("?"):
            at = self._take().at
            then = self._binary(1)
            self._expect(":")
            node = Conditional(at, node, then, self._expression())
        self._depth -= 1
        return node

    def _binary(self, lowest: int) -> Node:
        left = self._unary()
        while (level := self._level()) >= lowest:
            token = self._take()
            right = self._binary(level + 1)
            left = _join(token, left, right)
        return left

    def _level(self) -> int:
        token = self._peek()
        return (
            _LEVELS.get(token.value, 0) if token.kind == "sign" or (token.value == "in" and token.kind == "word") else 0
        )

    def _unary(self) -> Node:
        operators: list[Token] = []
        while self._is_sign("!", "-"):
            operators.append(self._take())
        if operators and operators[-1].value == "-" and self._peek().kind in {"int", "double"}:
            node = self._postfix(self._number(negative_at=operators.pop().at))
        else:
            node = self._postfix(self._primary())
        if len({token.value for token in operators}) > 1:
            raise self._lexer.error("`!` and `-` cannot stand together", operators[0].at, "use parentheses")
        for token in reversed(operators):
            node = Unary(token.at, token.value, node)
        return node

    def _postfix(self, node: Node) -> Node:
        while self._is_sign(".", "["):
            token = self._take()
            if token.value == "[":
                node = Index(token.at, node, self._expression())
                self._expect("]")
            else:
                node = self._member(node, token.at)
        return node

    def _member(self, operand: Node, at: int) -> Node:
        token = self._peek()
        if token.kind != "word" or token.value in _CONSTANTS or token.value == "in":
            raise self._unexpected("a field's name")
        self._take()
        if not self._accept("("):
            return Select(at, operand, token.value)
        arguments = self._until(")")
        if token.value in _MACROS:
            return self._macro(token, operand, arguments)
        return Call(token.at, token.value, (operand, *arguments), method=True)

    def _macro(self, token: Token, operand: Node, arguments: tuple[Node, ...]) -> Macro:
        counts = _MACROS[token.value]
        if len(arguments) not in counts:
            wanted = " or ".join(str(count) for count in counts)
            raise self._lexer.error(f"`{token.value}` takes {wanted} arguments, got {len(arguments)}", token.at)
        variable, body, *transform = arguments
        if not isinstance(variable, Name):
            hint = f"`list.{token.value}(item, …)`"
            raise self._lexer.error(f"expected a variable's name first in `{token.value}`", variable.at, hint)
        return Macro(token.at, token.value, operand, variable.name, body, transform[0] if transform else None)

    def _primary(self) -> Node:
        token = self._peek()
        match token.kind:
            case "int" | "double":
                return self._number()
            case "string":
                return Literal(self._take().at, token.value)
            case "word":
                return self._word()
            case "sign" if token.value in {"(", "[", "{"}:
                return self._bracket()
        raise self._unexpected("a value")

    def _bracket(self) -> Node:
        token = self._take()
        if token.value == "(":
            node = self._expression()
            self._expect(")")
            return node
        if token.value == "[":
            return ListOf(token.at, self._until("]"))
        return MapOf(token.at, self._entries())

    def _word(self) -> Node:
        token = self._peek()
        if token.value in _RESERVED or token.value == "in":
            raise self._lexer.error(f"`{token.value}` is a reserved word of CEL", token.at)
        self._take()
        if token.value in _CONSTANTS:
            return Literal(token.at, _CONSTANTS[token.value])
        if self._is_sign("{"):
            raise self._lexer.error("messages are not in this subset of CEL", token.at)
        if not self._accept("("):
            return Name(token.at, token.value)
        arguments = self._until(")")
        return self._has(token, arguments) if token.value == "has" else Call(token.at, token.value, arguments)

    def _has(self, token: Token, arguments: tuple[Node, ...]) -> Select:
        if len(arguments) != 1 or not isinstance(arguments[0], Select) or arguments[0].test:
            raise self._lexer.error("expected one field in `has`", token.at, "has(finding.severity)")
        field = arguments[0]
        return Select(token.at, field.operand, field.field, test=True)

    def _until(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._accept(closing):
            items.append(self._expression())
            if not self._accept(",") and not self._is_sign(closing):
                raise self._unexpected(f"`,` or `{closing}`")
            if closing == ")" and self._tokens[self._position - 1].value == "," and self._is_sign(")"):
                raise self._unexpected("an argument")
        return tuple(items)

    def _entries(self) -> tuple[tuple[Node, Node], ...]:
        entries: list[tuple[Node, Node]] = []
        while not self._accept("}"):
            key = self._expression()
            self._expect(":")
            entries.append((key, self._expression()))
            if not self._accept(",") and not self._is_sign("}"):
                raise self._unexpected("`,` or `}`")
        return tuple(entries)

    def _number(self, negative_at: int | None = None) -> Literal:
        token = self._take()
        at = token.at if negative_at is None else negative_at
        sign = 1 if negative_at is None else -1
        if token.kind == "double":
            return Literal(at, sign * float(token.value))
        digits = token.value.lower()
        value = sign * (int(digits, 16) if digits.startswith("0x") else int(digits[:40]))
        if len(digits) > 40 or not -_INT_LIMIT <= value < _INT_LIMIT:
            raise self._lexer.error(f"`{token.value[:40]}` does not fit into 64 bits", at)
        return Literal(at, value)


def _join(token: Token, left: Node, right: Node) -> Node:
    if token.value not in {"&&", "||"}:
        return Binary(token.at, token.value, left, right)
    if isinstance(left, Logic) and left.operator == token.value:
        return Logic(left.at, token.value, (*left.terms, right))
    return Logic(token.at, token.value, (left, right))
