"""The syntax tree of an expression: frozen nodes that know their offset in the text.

`at` is an offset in characters from the start of the text. Chains of `&&` and `||` are one node with many terms, so
that a long condition is not a deep one.
"""

from collections.abc import Iterator

from holdfast.model.frozen import frozen

MAX_TEXT_CHARACTERS = 8192
MAX_DEPTH = 48


@frozen
class Literal:
    """A constant: `None`, a bool, an int, a float or a string."""

    at: int
    value: bool | int | float | str | None


@frozen
class Name:
    """A variable."""

    at: int
    name: str


@frozen
class Select:
    """`operand.field`; with `test` it is `has(operand.field)`."""

    at: int
    operand: "Node"
    field: str
    test: bool = False


@frozen
class Index:
    """`operand[index]`."""

    at: int
    operand: "Node"
    index: "Node"


@frozen
class Call:
    """`function(…)`, or `target.function(…)` where the target is the first of the arguments and `method` is true."""

    at: int
    function: str
    arguments: tuple["Node", ...]
    method: bool = False


@frozen
class Unary:
    """`!operand` or `-operand`."""

    at: int
    operator: str
    operand: "Node"


@frozen
class Binary:
    """Arithmetic, a comparison or `in`; `at` is the operator's place."""

    at: int
    operator: str
    left: "Node"
    right: "Node"


@frozen
class Logic:
    """Two or more terms joined by `&&` or `||`."""

    at: int
    operator: str
    terms: tuple["Node", ...]


@frozen
class Conditional:
    """`condition ? then : otherwise`."""

    at: int
    condition: "Node"
    then: "Node"
    otherwise: "Node"


@frozen
class ListOf:
    """`[a, b]`."""

    at: int
    items: tuple["Node", ...]


@frozen
class MapOf:
    """`{key: value}`."""

    at: int
    entries: tuple[tuple["Node", "Node"], ...]


@frozen
class Macro:
    """`operand.kind(variable, body)`; `transform` is the third argument of a `map` with a filter."""

    at: int
    kind: str
    operand: "Node"
    variable: str
    body: "Node"
    transform: "Node | None" = None


Node = Literal | Name | Select | Index | Call | Unary | Binary | Logic | Conditional | ListOf | MapOf | Macro


@frozen
class Expression:
    """A parsed text with the place it stands at; `line` and `column` of its first character count from 1."""

    text: str
    root: Node
    file: str
    line: int
    column: int

    def place(self, at: int) -> str:
        """Return `file:line:column` of an offset."""
        return place_of(self.text, at, self.file, self.line, self.column)


def place_of(text: str, at: int, file: str, line: int, column: int) -> str:
    """Return `file:line:column` of an offset in a text that starts at `line` and `column`.

    Later lines are taken to be indented like the first one, which holds in a YAML block.
    """
    before = text[:at]
    return f"{file}:{line + before.count(chr(10))}:{column + at - (before.rfind(chr(10)) + 1)}"


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes right below one."""
    match node:
        case Literal() | Name():
            return
        case Select(operand=operand) | Unary(operand=operand):
            yield operand
        case Index(operand=left, index=right) | Binary(left=left, right=right):
            yield from (left, right)
        case Call(arguments=nodes) | Logic(terms=nodes) | ListOf(items=nodes):
            yield from nodes
        case Conditional():
            yield from (node.condition, node.then, node.otherwise)
        case MapOf(entries=entries):
            for key, value in entries:
                yield from (key, value)
        case Macro():
            yield from (node.operand, node.body)
            if node.transform is not None:
                yield node.transform


def count_nodes(node: Node) -> int:
    """Return the number of nodes of a tree, itself included: what evaluating it once costs in steps."""
    return 1 + sum(count_nodes(child) for child in children(node))


def find_too_deep(root: Node, limit: int = MAX_DEPTH) -> Node | None:
    """Return a node that lies more than `limit` levels deep, without recursion; `None` when there is none."""
    level: list[Node] = [root]
    for _ in range(limit):
        level = [child for node in level for child in children(node)]
        if not level:
            return None
    return level[0]
