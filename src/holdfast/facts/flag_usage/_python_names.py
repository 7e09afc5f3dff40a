"""What names and expressions stand for in one Python module, without running it.

A name is settled when it is assigned once in its scope, to something that is settled. Source: Python's reference, 4.2.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from holdfast.facts.flag_usage._usage import MOST_NESTED, MOST_PARTS, Lookup, Unsettled, Value

_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS)
_NAMING = (ast.stmt, ast.NamedExpr, ast.withitem, ast.ExceptHandler)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Settled = Value | Unsettled
Bindings = Mapping[str, Settled]
"""Parameters of the function that is looked into → what a call gives for them."""


@dataclass(slots=True)
class Scope:
    """A module or a function: what its names are assigned to; `None` for what is no plain assignment."""

    node: ast.AST
    parent: "Scope | None" = None
    assigned: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Local name → (module, name in it); an empty name is the module itself."""


def parameters_of(function: Function) -> tuple[str, ...]:
    """Return the names that a call fills in, positional ones first."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return tuple(one.arg for one in [*every, *filter(None, (arguments.vararg, arguments.kwarg))])


def note_names(scope: Scope, node: ast.AST) -> None:
    """Keep what one statement or expression says of its scope's names."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                _assign(scope, target, value)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            _assign(scope, target, value)
        case ast.NamedExpr(target=target, value=value):
            _assign(scope, target, value)
        case ast.AugAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            _assign(scope, target, None)
        case ast.withitem(optional_vars=target) if target is not None:
            _assign(scope, target, None)
        case ast.ExceptHandler(name=name) if name:
            scope.assigned.setdefault(name, []).append(None)
        case ast.Delete(targets=targets):
            for target in targets:
                _assign(scope, target, None)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            _note_outer(scope, names)
        case ast.ClassDef(name=name):
            scope.classes[name] = node
            scope.assigned.setdefault(name, [])
        case ast.Import(names=aliases):
            for alias in aliases:
                scope.imports[alias.asname or alias.name.partition(".")[0]] = (
                    (alias.name, "") if alias.asname else (alias.name.partition(".")[0], "")
                )
        case ast.ImportFrom(module=module, names=aliases, level=level):
            for alias in aliases:
                scope.imports[alias.asname or alias.name] = ("." * level + (module or ""), alias.name)


def _note_outer(scope: Scope, names: list[str]) -> None:
    """A name that a function may change is settled nowhere."""
    outer: Scope | None = scope
    while outer is not None:
        for name in names:
            outer.assigned.setdefault(name, []).append(None)
        outer = outer.parent


def _assign(scope: Scope, target: ast.expr, value: ast.expr | None) -> None:
    if isinstance(target, ast.Name):
        scope.assigned.setdefault(target.id, []).append(value)
        return
    if isinstance(target, ast.Tuple | ast.List):
        alike = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if alike and isinstance(value, ast.Tuple | ast.List) else [None] * len(target.elts)
        for one, its in zip(target.elts, values, strict=True):
            _assign(scope, one, its)
    elif isinstance(target, ast.Starred):
        _assign(scope, target.value, None)


@dataclass(slots=True)
class Names:
    """Settles the expressions of one module."""

    lookup: Lookup
    _left: int = MOST_PARTS

    def settle(self, node: ast.expr, scope: Scope, bound: Bindings | None = None, depth: int = 0) -> Settled:
        """Return what an expression is, `bound` being what a call gives for parameters."""
        self._left = MOST_PARTS if depth == 0 else self._left - 1
        if depth > MOST_NESTED or self._left < 0:
            return Unsettled("it is nested too deeply, or too large")
        match node:
            case ast.Constant(value=bool() | str() | int() | float() | None as value):
                return Value(value)
            case ast.UnaryOp(op=ast.USub() | ast.Not()):
                return self._negated(node, self.settle(node.operand, scope, bound, depth + 1))
            case ast.JoinedStr(values=parts):
                return self._joined(parts, scope, bound, depth)
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self.settle(inner, scope, bound, depth + 1)
            case ast.BinOp(op=ast.Add()):
                return self._joined([node.left, node.right], scope, bound, depth)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return _listed([self.settle(item, scope, bound, depth + 1) for item in items])
            case ast.Dict():
                return self._dict(node, scope, bound, depth)
            case ast.Name(id=name):
                return self._name(name, scope, bound, depth)
            case ast.Attribute(value=owner, attr=attr):
                return self._attribute(owner, attr, scope, bound, depth)
        return Unsettled(f"`{_shown(node)}` is computed")

    def _negated(self, node: ast.UnaryOp, inner: Settled) -> Settled:
        if not isinstance(inner, Value):
            return inner
        if isinstance(node.op, ast.Not) and isinstance(inner.value, bool):
            return Value(not inner.value)
        is_number = isinstance(inner.value, int | float) and not isinstance(inner.value, bool)
        if isinstance(node.op, ast.USub) and is_number:
            return Value(-inner.value)
        return Unsettled(f"`{_shown(node)}` is computed")

    def _joined(self, parts: list[ast.expr], scope: Scope, bound: Bindings | None, depth: int) -> Settled:
        texts: list[str] = []
        for part in parts:
            found = self.settle(part, scope, bound, depth + 1)
            if isinstance(found, Unsettled):
                return found
            if not isinstance(found.value, str):
                return Unsettled(f"`{_shown(part)}` is put into it")
            texts.append(found.value)
        return Value("".join(texts))

    def _dict(self, node: ast.Dict, scope: Scope, bound: Bindings | None, depth: int) -> Settled:
        out: dict[str, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                return Unsettled("another mapping is unpacked into it")
            name, found = (self.settle(one, scope, bound, depth + 1) for one in (key, value))
            if isinstance(name, Unsettled) or isinstance(found, Unsettled):
                return name if isinstance(name, Unsettled) else found
            if not isinstance(name.value, str):
                return Unsettled("it has a key that is no text")
            out[name.value] = found.value
        return Value(out)

    def _name(self, name: str, scope: Scope, bound: Bindings | None, depth: int) -> Settled:
        here: Scope | None = scope
        while here is not None:
            if name in here.parameters:
                if name in here.assigned:
                    return Unsettled(f"`{name}` is a parameter that is changed")
                if bound and name in bound and here is scope:
                    return bound[name]
                return Unsettled(f"`{name}` is a parameter")
            if name in here.assigned and not isinstance(here.node, ast.ClassDef):
                values = here.assigned[name]
                if len(values) == 1 and values[0] is not None:
                    return self.settle(values[0], here, bound if here is scope else None, depth + 1)
                return Unsettled(f"`{name}` is assigned more than once" if values else f"`{name}` is no constant")
            if name in here.imports:
                return self._imported(*here.imports[name], name)
            here = here.parent
        return Unsettled(f"`{name}` is not defined here")

    def origin(self, name: str, scope: Scope) -> tuple[str, str] | None:
        """Return (module, name in it) of an imported name; `None` when the name is of this file."""
        here: Scope | None = scope
        while here is not None:
            if name in here.imports:
                return here.imports[name]
            if name in here.assigned or name in here.parameters:
                return None
            here = here.parent
        return None

    def _imported(self, module: str, original: str, name: str) -> Settled:
        found = self.lookup(module, original) if original else None
        return found or Unsettled(f"`{name}` comes from `{module}`, where no constant of that name was found")

    def _attribute(self, owner: ast.expr, attr: str, scope: Scope, bound: Bindings | None, depth: int) -> Settled:
        if attr == "value" and isinstance(owner, ast.Attribute):  # a member of an enumeration
            return self.settle(owner, scope, bound, depth + 1)
        shown = f"{_shown(owner)}.{attr}"
        if isinstance(owner, ast.Name):
            found = self._member(owner.id, attr, scope, depth)
            if found is not None:
                return found
        return Unsettled(f"`{shown}` is no constant of this file")

    def _member(self, owner: str, attr: str, scope: Scope, depth: int) -> Settled | None:
        here: Scope | None = scope
        while here is not None:
            if owner in here.classes:
                value = class_constants(here.classes[owner], here).get(attr)
                return self.settle(value, here, None, depth + 1) if value is not None else None
            if owner in here.parameters or owner in here.assigned:
                return None
            if owner in here.imports:
                module, name = here.imports[owner]
                if not name:
                    return self.lookup(module, attr)
                return self.lookup(module, f"{name}.{attr}") or self.lookup(_below(module, name), attr)
            here = here.parent
        return None


def _below(module: str, name: str) -> str:
    return f"{module}{name}" if module.endswith(".") else f"{module}.{name}"


def class_constants(node: ast.ClassDef, scope: Scope) -> dict[str, ast.expr]:
    """Return what a class's body assigns once."""
    inner = Scope(node, scope)
    for statement in node.body:
        note_names(inner, statement)
    plain = {name: values[0] for name, values in inner.assigned.items() if len(values) == 1}
    return {name: value for name, value in plain.items() if value is not None}


def _listed(items: list[Settled]) -> Settled:
    unsettled = next((item for item in items if isinstance(item, Unsettled)), None)
    return unsettled or Value([item.value for item in items if isinstance(item, Value)])


def _shown(node: ast.AST) -> str:
    """Return an expression in short; `ast.unparse` recurses, so what is nested too deeply is only named."""
    try:
        text = " ".join(ast.unparse(node).split())
    except RecursionError:
        return "an expression"
    return text if len(text) <= 60 else f"{text[:57]}…"


def scopes_of(module: ast.Module) -> Iterator[tuple[ast.AST, Scope]]:
    """Yield every node with the scope it stands in, once every scope knows all of its names."""
    root = Scope(module)
    placed: list[tuple[ast.AST, Scope]] = []
    waiting: list[tuple[ast.AST, Scope]] = [(module, root)]
    while waiting:
        node, scope = waiting.pop()
        placed.append((node, scope))
        if isinstance(node, _NAMING):
            note_names(scope, node)
        if isinstance(node, _SCOPES):
            waiting += _children(node, scope)
        else:
            waiting += [(child, scope) for child in _inner(node)]
    return iter(placed)


def _inner(node: ast.AST) -> list[ast.AST]:
    """Return a node's children without those that hold nothing, which are most of a tree."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [one for one in value if isinstance(one, ast.AST) and not isinstance(one, _LEAVES)]
        elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
            found.append(value)
    return found


def _children(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            inner = Scope(node, scope, parameters=parameters_of(node))
            bodies = node.body if isinstance(node.body, list) else [node.body]
            yield from ((child, inner) for child in bodies)
            yield node.args, scope
            if not isinstance(node, ast.Lambda):
                yield from ((child, scope) for child in node.decorator_list)
        case ast.ClassDef():
            inner = Scope(node, scope)
            yield from ((child, inner) for child in node.body)
            yield from ((child, scope) for child in [*node.decorator_list, *node.bases])
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            inner = Scope(node, scope)
            yield from ((child, inner) for child in ast.iter_child_nodes(node))
            for generator in node.generators:
                _assign(inner, generator.target, None)
