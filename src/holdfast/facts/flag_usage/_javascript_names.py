"""What names and expressions stand for in one JavaScript or TypeScript file, without running it.

A name is settled when the file declares it once, as a constant, with something that is settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from holdfast.facts.flag_usage._javascript_tree import Around, Placed, SourceText
from holdfast.facts.flag_usage._usage import MOST_NESTED, MOST_PARTS, Lookup, Unsettled, Value
from holdfast.model.frozen import frozen

if TYPE_CHECKING:
    from tree_sitter import Node

Settled = Value | Unsettled
Bindings = Mapping[str, Settled]


@frozen
class Frame:
    """Where an expression stands: the functions around it, and what a call gives for the innermost one's parameters."""

    around: Around | None = None
    bound: Bindings | None = None


FILE = Frame()
"""Outside of every function."""
_INNER = frozenset({"as_expression", "satisfies_expression", "non_null_expression", "parenthesized_expression"})
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


@dataclass(slots=True)
class Names:
    """What one file declares."""

    source: SourceText
    lookup: Lookup
    declared: dict[str, list["Node | None"]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Local name → (module, name in it); `*` is the module itself."""
    _parameters: dict[int, list[str]] = field(default_factory=dict)
    _left: int = MOST_PARTS

    def note(self, placed: Placed) -> None:
        """Keep what a node declares."""
        node = placed.node
        match node.type:
            case "variable_declarator":
                self._note_variable(node, placed.parent)
            case "assignment_expression" | "augmented_assignment_expression" | "update_expression":
                left = node.child_by_field_name("left") or node.child_by_field_name("argument")
                if left is not None and left.type == "identifier":
                    self.declared.setdefault(self.source.text(left), []).append(None)
            case "for_in_statement" | "catch_clause":
                bound = node.child_by_field_name("left") or node.child_by_field_name("parameter")
                for local in self._bound(bound):
                    self.declared.setdefault(local, []).append(None)
            case "enum_declaration":
                name = node.child_by_field_name("name")
                if name is not None:
                    self.declared.setdefault(self.source.text(name), []).append(node)
            case "import_statement":
                self._note_import(node)

    def _note_variable(self, node: "Node", parent: "Node | None") -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        module = self._required(value)
        if name is None:
            return
        if name.type == "object_pattern" and module is not None:
            for local, original in self._pattern(name):
                self.imports[local] = (module, original)
        elif name.type == "identifier" and module is not None:
            self.imports[self.source.text(name)] = (module, "*")
        elif name.type == "identifier":
            constant = parent is not None and parent.type == "lexical_declaration" and self._is_const(parent)
            self.declared.setdefault(self.source.text(name), []).append(value if constant else None)
        else:
            for local, _ in self._pattern(name):
                self.declared.setdefault(local, []).append(None)

    def _bound(self, pattern: "Node | None") -> list[str]:
        if pattern is None:
            return []
        if pattern.type == "identifier":
            return [self.source.text(pattern)]
        return [local for local, _ in self._pattern(pattern)]

    def _is_const(self, declaration: "Node") -> bool:
        kind = declaration.child_by_field_name("kind")
        return kind is not None and self.source.text(kind) == "const"

    def _required(self, value: "Node | None") -> str | None:
        """Return the module that `require("…")` names."""
        if value is None or value.type != "call_expression":
            return None
        function, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
        if function is None or arguments is None or self.source.text(function) != "require":
            return None
        first = next((one for one in arguments.named_children if one.type == "string"), None)
        return self._string(first) if first is not None else None

    def _pattern(self, pattern: "Node") -> list[tuple[str, str]]:
        """Return (local name, original name) of a destructuring pattern."""
        found = []
        for child in pattern.named_children:
            if child.type == "shorthand_property_identifier_pattern":
                found.append((self.source.text(child), self.source.text(child)))
            elif child.type == "pair_pattern":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                if key is not None and value is not None and value.type == "identifier":
                    found.append((self.source.text(value), self.source.text(key)))
            elif child.type == "identifier":
                found.append((self.source.text(child), self.source.text(child)))
        return found

    def _note_import(self, node: "Node") -> None:
        source = node.child_by_field_name("source")
        clause = next((one for one in node.named_children if one.type == "import_clause"), None)
        if source is None or clause is None:
            return
        module = self._string(source)
        for child in clause.named_children:
            match child.type:
                case "identifier":
                    self.imports[self.source.text(child)] = (module, "default")
                case "namespace_import":
                    self.imports[self.source.text(child.named_children[0])] = (module, "*")
                case "named_imports":
                    for one in child.named_children:
                        self._note_specifier(one, module)

    def _note_specifier(self, node: "Node", module: str) -> None:
        name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
        if name is not None:
            self.imports[self.source.text(alias or name)] = (module, self.source.text(name))

    def settle(self, node: "Node", frame: Frame = FILE, depth: int = 0) -> Settled:
        """Return what an expression is where it stands."""
        self._left = MOST_PARTS if depth == 0 else self._left - 1
        if depth > MOST_NESTED or self._left < 0:
            return Unsettled("it is nested too deeply, or too large")
        match node.type:
            case "string":
                return Value(self._string(node))
            case "number":
                return self._number(node)
            case "true" | "false":
                return Value(node.type == "true")
            case "null":
                return Value(None)
            case "template_string":
                return self._template(node, frame, depth)
            case "array":
                return self._array(node, frame, depth)
            case "object":
                return self._object(node, frame, depth)
            case "unary_expression":
                return self._unary(node, frame, depth)
            case "binary_expression":
                return self._sum(node, frame, depth)
            case "identifier":
                return self._name(node, frame, depth)
            case "member_expression" | "subscript_expression":
                return self._member(node, frame, depth)
            case kind if kind in _INNER and node.named_children:
                return self.settle(node.named_children[0], frame, depth + 1)
        return Unsettled(f"`{self.shown(node)}` is computed")

    def shown(self, node: "Node") -> str:
        """Return a node's text in short, on one line."""
        text = " ".join(self.source.text(node).split())
        return text if len(text) <= 60 else f"{text[:57]}…"

    def _string(self, node: "Node") -> str:
        parts = []
        for child in node.named_children:
            text = self.source.text(child)
            parts.append(_unescaped(text) if child.type == "escape_sequence" else text)
        return "".join(parts)

    def _number(self, node: "Node") -> Settled:
        text = self.source.text(node).replace("_", "")
        try:
            return Value(float(text) if set(text) & set(".eE") and not text.lower().startswith("0x") else int(text, 0))
        except ValueError:
            return Unsettled(f"`{self.shown(node)}` is no number that JSON has")

    def _template(self, node: "Node", frame: Frame, depth: int) -> Settled:
        parts: list[str] = []
        for child in node.named_children:
            if child.type == "template_substitution":
                found = self.settle(child.named_children[0], frame, depth + 1) if child.named_children else None
                if not isinstance(found, Value) or not isinstance(found.value, str):
                    return found if isinstance(found, Unsettled) else Unsettled(f"`{self.shown(child)}` is put into it")
                parts.append(found.value)
            else:
                text = self.source.text(child)
                parts.append(_unescaped(text) if child.type == "escape_sequence" else text)
        return Value("".join(parts))

    def _array(self, node: "Node", frame: Frame, depth: int) -> Settled:
        items = [self.settle(one, frame, depth + 1) for one in node.named_children if one.type != "comment"]
        unsettled = next((one for one in items if isinstance(one, Unsettled)), None)
        return unsettled or Value([one.value for one in items if isinstance(one, Value)])

    def _object(self, node: "Node", frame: Frame, depth: int) -> Settled:
        out: dict[str, object] = {}
        for child in node.named_children:
            if child.type == "comment":
                continue
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if child.type != "pair" or key is None or value is None or key.type == "computed_property_name":
                return Unsettled(f"`{self.shown(child)}` is computed")
            found = self.settle(value, frame, depth + 1)
            if isinstance(found, Unsettled):
                return found
            out[self._string(key) if key.type == "string" else self.source.text(key)] = found.value
        return Value(out)

    def _unary(self, node: "Node", frame: Frame, depth: int) -> Settled:
        operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
        if operator is None or argument is None:
            return Unsettled("it is not complete")
        found, sign = self.settle(argument, frame, depth + 1), self.source.text(operator)
        if isinstance(found, Unsettled):
            return found
        if sign == "!" and isinstance(found.value, bool | int | float):  # `!0` is how tools write `true`
            return Value(not found.value)
        if sign in {"-", "+"} and isinstance(found.value, int | float) and not isinstance(found.value, bool):
            return Value(-found.value if sign == "-" else found.value)
        return Unsettled(f"`{self.shown(node)}` is computed")

    def _sum(self, node: "Node", frame: Frame, depth: int) -> Settled:
        operator = node.child_by_field_name("operator")
        sides = [node.child_by_field_name(name) for name in ("left", "right")]
        if operator is None or self.source.text(operator) != "+":
            return Unsettled(f"`{self.shown(node)}` is computed")
        texts: list[str] = []
        for side in sides:
            found = self.settle(side, frame, depth + 1) if side is not None else Unsettled("it is not complete")
            if isinstance(found, Unsettled):
                return found
            if not isinstance(found.value, str):
                return Unsettled(f"`{self.shown(node)}` is computed")
            texts.append(found.value)
        return Value("".join(texts))

    def _name(self, node: "Node", frame: Frame, depth: int) -> Settled:
        name = self.source.text(node)
        if self._is_parameter(name, frame.around):
            if name in self.declared:
                return Unsettled(f"`{name}` is a parameter, and assigned as well")
            bound = frame.bound or {}
            return bound[name] if name in bound else Unsettled(f"`{name}` is a parameter")
        return self.named(name, depth)

    def _is_parameter(self, name: str, around: Around | None) -> bool:
        """Whether a name is a parameter of one of the functions around a place."""
        while around is not None:
            if name in self.parameters_of(around.function):
                return True
            around = around.outer
        return False

    def parameters_of(self, function: "Node") -> list[str]:
        """Return the names of a function's parameters; `""` for one that is taken apart."""
        if function.id not in self._parameters:
            self._parameters[function.id] = parameters_of(self.source, function)
        return self._parameters[function.id]

    def named(self, name: str, depth: int = 0) -> Settled:
        """Return what the file's own name stands for."""
        self._left = MOST_PARTS if depth == 0 else self._left
        values = self.declared.get(name)
        if values is None and name in self.imports:
            module, original = self.imports[name]
            found = self.lookup(module, original) if original != "*" else None
            return found or Unsettled(f"`{name}` comes from `{module}`, where no constant of that name was found")
        if not values:
            return Unsettled(f"`{name}` is not declared here")
        if len(values) > 1 or values[0] is None:
            return Unsettled(f"`{name}` is no constant that is declared once")
        if values[0].type == "enum_declaration":
            return self._enumeration(values[0], depth)
        return self.settle(values[0], FILE, depth + 1)

    def _enumeration(self, node: "Node", depth: int) -> Settled:
        out: dict[str, object] = {}
        body = node.child_by_field_name("body")
        for child in body.named_children if body is not None else ():
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if child.type == "enum_assignment" and name is not None and value is not None:
                found = self.settle(value, FILE, depth + 1)
                if isinstance(found, Value):
                    out[self._string(name) if name.type == "string" else self.source.text(name)] = found.value
        return Value(out)

    def _member(self, node: "Node", frame: Frame, depth: int) -> Settled:
        owner, inner = node.child_by_field_name("object"), node.child_by_field_name("property")
        index = node.child_by_field_name("index")
        if owner is None or (inner is None and index is None):
            return Unsettled("it is not complete")
        if inner is not None:
            name: Settled = Value(self.source.text(inner))
        else:
            name = self.settle(index, frame, depth + 1) if index is not None else Unsettled("it is not complete")
        if isinstance(name, Unsettled):
            return name
        module = self.imports.get(self.source.text(owner)) if owner.type == "identifier" else None
        if module is not None and module[1] == "*":
            found = self.lookup(module[0], str(name.value))
            return found or Unsettled(f"`{self.shown(node)}` was not found in `{module[0]}`")
        whole = self.settle(owner, frame, depth + 1)
        if isinstance(whole, Value) and isinstance(whole.value, dict) and name.value in whole.value:
            return Value(whole.value[name.value])
        return whole if isinstance(whole, Unsettled) else Unsettled(f"`{self.shown(node)}` is computed")


def parameters_of(source: SourceText, function: "Node") -> list[str]:
    """Return the names of a function's parameters; `""` for one that is taken apart."""
    single = function.child_by_field_name("parameter")
    if single is not None:
        return [source.text(single)]
    parameters = function.child_by_field_name("parameters")
    names = []
    for one in parameters.named_children if parameters is not None else ():
        if one.type == "comment":
            continue
        inner = one.child_by_field_name("pattern") or one.child_by_field_name("left") or one
        names.append(source.text(inner) if inner.type == "identifier" else "")
    return names


def _unescaped(text: str) -> str:
    """Return what an escape sequence stands for. Source: ECMA-262, 12.9.4."""
    body = text[1:]
    if body[:1] in {"x", "u"}:
        digits = body[1:].strip("{}")
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return text
    return _ESCAPES.get(body, "" if body in {"\n", "\r\n"} else body)
