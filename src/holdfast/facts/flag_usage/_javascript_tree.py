"""JavaScript and TypeScript text → a syntax tree, and places in it counted as people count them.

The grammars are loaded when the first file is read.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from holdfast.errors import FactError
from holdfast.facts.flag_usage._usage import Span
from holdfast.model.frozen import frozen

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "generator_function",
        "generator_function_declaration",
    }
)
_TYPED = (".ts", ".mts", ".cts")


@cache
def _parser(grammar: str) -> "Parser":
    from tree_sitter import Language, Parser

    if grammar == "javascript":
        import tree_sitter_javascript

        return Parser(Language(tree_sitter_javascript.language()))
    import tree_sitter_typescript

    typed = (
        tree_sitter_typescript.language_typescript if grammar == "typescript" else tree_sitter_typescript.language_tsx
    )
    return Parser(Language(typed()))


def _grammar(file: str) -> str:
    if file.endswith(".tsx"):
        return "tsx"
    return "typescript" if file.endswith(_TYPED) else "javascript"


@frozen
class Around:
    """The functions around a place: the innermost, and those around it."""

    function: "Node"
    outer: "Around | None"


@frozen
class Placed:
    """A node, its parent, and the functions around it. Asking the tree for a parent walks down from its root."""

    node: "Node"
    parent: "Node | None"
    around: Around | None


class SourceText:
    """One file's text and tree.

    Raises:
        FactError: it is not UTF-8.
    """

    def __init__(self, data: bytes, file: str) -> None:
        self.data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            self.data.decode()
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise FactError("its text can't be decoded", where=f"{file}:{line}", hint="save it as UTF-8") from None
        self.root = _parser(_grammar(file)).parse(self.data).root_node
        self._lines: list[bytes] | None = None

    def text(self, node: "Node") -> str:
        """Return a node's text."""
        return self.data[node.start_byte : node.end_byte].decode()

    def span(self, node: "Node") -> Span:
        """Return where a node stands."""
        start, end = node.start_point, node.end_point
        return Span(
            start.row + 1, self._column(start.row, start.column), end.row + 1, self._column(end.row, end.column)
        )

    def _column(self, row: int, offset: int) -> int:
        """Tree-sitter counts bytes."""
        if self._lines is None:
            self._lines = self.data.split(b"\n")
        return len(self._lines[row][:offset].decode(errors="replace")) + 1

    def placed(self) -> "Iterator[Placed]":
        """Yield every node that has a name, in the order of the text."""
        waiting = [Placed(self.root, None, None)]
        while waiting:
            here = waiting.pop()
            yield here
            node = here.node
            around = Around(node, here.around) if node.type in FUNCTIONS else here.around
            waiting += [Placed(child, node, around) for child in reversed(node.named_children)]

    def find_error(self) -> "Node | None":
        """Return the first place that is not of the language, `None` when all of it is."""
        if not self.root.has_error:
            return None
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if node.is_error or node.is_missing:
                return node
            waiting += reversed([child for child in node.children if child.has_error or child.is_missing])
        return self.root
