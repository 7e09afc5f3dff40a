"""Python: the OpenFeature SDK's `get_boolean_value` and its kin.

Source: openfeature.dev, Python SDK; `client.get_<type>_<value|details>[_async](flag_key, default_value, …)`.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from tokenize import detect_encoding
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.flag_usage._python_names import Names, Scope, class_constants, scopes_of
from holdfast.facts.flag_usage._usage import (
    FlagRead,
    FlagUsageSpec,
    Forwarder,
    Lookup,
    SourceUsage,
    Span,
    Unsettled,
    Value,
    no_lookup,
)
from holdfast.model.frozen import frozen

_GETTER = re.compile(r"get_(boolean|string|integer|float|object)_(?:value|details)(?:_async)?\Z")
_KINDS = {"boolean": "boolean", "string": "string", "integer": "number", "float": "number", "object": "object"}
_BY_TEXT = frozenset({"getattr", "methodcaller", "attrgetter"})
_HINTS = tuple(f"get_{kind}_".encode() for kind in _KINDS)
Settled = Value | Unsettled


def parse(data: bytes, file: str, lookup: Lookup = no_lookup, elsewhere: Sequence[Forwarder] = ()) -> SourceUsage:
    """Return the evaluations of a module.

    Raises:
        FactError: it is not Python that this version reads; names the line.
    """
    text = _decode(data, file)
    module = _tree(text, file)
    try:
        reading = _Reading(file, text.splitlines(), Names(lookup), list(scopes_of(module)))
        reads = [*reading.reads(), *reading.reads_of(elsewhere)]
        ordered = sorted(reads, key=lambda read: (read.at.line, read.at.column))
        return SourceUsage(tuple(ordered), forwarders=tuple(reading.forwarders))
    except RecursionError:
        raise FactError("it is nested too deeply to be read", where=f"{file}:1") from None


def constants(data: bytes, file: str) -> Mapping[str, Settled]:
    """Return what a module names once and for all; members of its classes as `Class.NAME`.

    Raises:
        FactError: it is not Python that this version reads; names the line.
    """
    module = _tree(_decode(data, file), file)
    root = next((scope for node, scope in scopes_of(module) if node is module), Scope(module))
    names, found = Names(no_lookup), dict[str, Settled]()
    for name, values in root.assigned.items():
        if len(values) == 1 and values[0] is not None:
            found[name] = names.settle(values[0], root)
    for name, node in root.classes.items():
        members = class_constants(node, root)
        found |= {f"{name}.{member}": names.settle(value, root) for member, value in members.items()}
    return found


def candidates(file: str, module: str) -> Sequence[str]:
    """Return the files that `module` may be, as `file` names it: next to it, or below any folder above it."""
    dots = len(module) - len(module.lstrip("."))
    parts = [part for part in module.lstrip(".").split(".") if part]
    folder = file.split("/")[:-1]
    if dots:
        folders = [folder[: len(folder) - dots + 1]] if dots - 1 <= len(folder) else []
    else:
        folders = [folder[:length] for length in range(len(folder), -1, -1)]
        folders += [[*one, "src"] for one in folders]
    paths = ["/".join([*one, *parts]) for one in folders]
    return [name for path in paths for name in ((f"{path}.py", f"{path}/__init__.py") if path else ("__init__.py",))]


def write(value: Any) -> str:
    """Return a value as Python writes it."""
    return repr(value)


def _decode(data: bytes, file: str) -> str:
    try:
        encoding, _ = detect_encoding(BytesIO(data).readline)
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        line = data[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        raise FactError("its text can't be decoded", where=f"{file}:{line}", hint="save it as UTF-8") from None


def _tree(text: str, file: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it thinks of escapes is its author's business
            return ast.parse(text)
    except SyntaxError as error:
        raise FactError(f"not Python: {error.msg}", where=f"{file}:{error.lineno or 1}:{error.offset or 1}") from None
    except (ValueError, RecursionError, MemoryError):
        raise FactError("not Python that can be read: a NUL, or nested too deeply", where=f"{file}:1") from None


@frozen
class _Inner:
    """An evaluation within a function that hands its parameter on as the key."""

    function: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope
    name: str
    call: ast.Call


@dataclass(slots=True)
class _Reading:
    """One reading of a module."""

    file: str
    lines: list[str]
    names: Names
    placed: list[tuple[ast.AST, Scope]]
    forwarders: list[Forwarder] = field(default_factory=list)
    _calls: dict[str, list[tuple[ast.Call, Scope]]] = field(default_factory=dict)

    def reads(self) -> Iterator[FlagRead]:
        """Yield the evaluations, in no order."""
        called: set[int] = set()
        found: list[tuple[ast.Call, Scope, str]] = []
        for node, scope in self.placed:
            if not isinstance(node, ast.Call):
                continue
            name = _name_of(node.func)
            if name is not None:
                self._calls.setdefault(name, []).append((node, scope))
            if name is not None and _GETTER.match(name):
                called.add(id(node.func))
                found.append((node, scope, name))
        for call, scope, name in found:
            yield from self._read(call, scope, name)
        for node, _ in self.placed:
            if isinstance(node, ast.Attribute) and id(node) not in called and _GETTER.match(node.attr):
                yield self._hidden(node, node.attr, "it is passed around, and not called here")
            elif isinstance(node, ast.Call) and _name_of(node.func) in _BY_TEXT:
                texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                named = next((text for text in texts if _GETTER.match(text)), None)
                if named is not None:
                    yield self._hidden(node, named, "it is named by a text")

    def _hidden(self, node: ast.expr, name: str, why: str) -> FlagRead:
        because = Unsettled(why)
        return FlagRead(self.file, self._span(node), name, _kind_of(name), because, because)

    def _read(self, call: ast.Call, scope: Scope, name: str) -> Iterator[FlagRead]:
        key, default = _argument(call, 0, "flag_key"), _argument(call, 1, "default_value")
        function = scope.node
        hands_on = isinstance(key, ast.Name) and key.id in scope.parameters and key.id not in scope.assigned
        if hands_on and isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            if _GETTER.match(function.name):  # a client around a client: its own calls are seen by their name
                return
            calls = [one for one in self._calls.get(function.name, []) if one[0] is not call]
            inner = _Inner(function, scope, name, call)
            self.forwarders.append(self._forwarder(inner, key, default))
            yield from (self._through(outer, its_scope, inner) for outer, its_scope in calls)
            if not calls:
                own = self._settled(call, scope, name, key, default)
                yield replace(own, hands_on=True, through=f"{self.file}:{function.name}")
            return
        yield self._settled(call, scope, name, key, default)

    def _settled(
        self, call: ast.Call, scope: Scope, name: str, key: ast.expr | None, default: ast.expr | None
    ) -> FlagRead:
        return FlagRead(
            self.file,
            self._span(call),
            name,
            _kind_of(name),
            self._settle(key, scope, "no key is given"),
            self._settle(default, scope, "no default is given"),
            self._literal_span(default),
        )

    def _forwarder(self, inner: "_Inner", key: ast.expr | None, default: ast.expr | None) -> Forwarder:
        is_parameter = isinstance(default, ast.Name) and default.id in inner.scope.parameters
        return Forwarder(
            self.file,
            inner.function.name,
            _positional(inner.function, bound=_is_method(inner.function)),
            key.id if isinstance(key, ast.Name) else "",
            inner.name,
            _kind_of(inner.name),
            default.id
            if isinstance(default, ast.Name) and is_parameter
            else self._settle(default, inner.scope, "no default is given"),
            {name: self._settle(value, inner.scope, "") for name, value in _own_defaults(inner.function).items()},
        )

    def reads_of(self, elsewhere: Sequence[Forwarder]) -> Iterator[FlagRead]:
        """Yield the calls of other files' functions that hand a parameter on."""
        own = {node.name for node, _ in self.placed if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        for forwarder in elsewhere:
            for call, scope in self._calls.get(forwarder.name, []):
                sure = self._is_of(call.func, scope, forwarder)
                if sure is None or (isinstance(call.func, ast.Name) and forwarder.name in own):
                    continue
                values = _by_name(call, forwarder.parameters)
                given = {
                    name: (self._settle(value, scope, ""), self._literal_span(value)) for name, value in values.items()
                }
                yield forwarder.read(self.file, self._span(call), given, sure=sure)

    def _is_of(self, called: ast.expr, scope: Scope, forwarder: Forwarder) -> bool | None:
        """Whether a call is surely, perhaps (`False`) or not at all (`None`) one of another file's function."""
        match called:
            case ast.Name(id=name):
                origin = self.names.origin(name, scope)
                return True if origin and forwarder.file in candidates(self.file, origin[0]) else None
            case ast.Attribute(value=ast.Name(id=owner)):
                origin = self.names.origin(owner, scope)
                if origin and forwarder.file in candidates(self.file, ".".join(filter(None, origin))):
                    return True
        return False

    def _through(self, outer: ast.Call, outer_scope: Scope, inner: "_Inner") -> FlagRead:
        """Return what a call of a function that hands its parameter on evaluates."""
        scope, given = inner.scope, _given(outer, inner.function)
        bound = {one: self.names.settle(value, outer_scope) for one, value in given.items()}
        bound |= {one: Unsettled(f"`{one}` is not given") for one in scope.parameters if one not in bound}
        key, default = _argument(inner.call, 0, "flag_key"), _argument(inner.call, 1, "default_value")
        where = default
        if isinstance(default, ast.Name) and default.id in scope.parameters:
            where = given.get(default.id)
        return FlagRead(
            self.file,
            self._span(outer),
            f"{inner.function.name} → {inner.name}",
            _kind_of(inner.name),
            self.names.settle(key, scope, bound) if key else Unsettled("no key is given"),
            self.names.settle(default, scope, bound) if default else Unsettled("no default is given"),
            self._literal_span(where),
        )

    def _settle(self, node: ast.expr | None, scope: Scope, missing: str) -> Settled:
        return Unsettled(missing) if node is None else self.names.settle(node, scope)

    def _literal_span(self, node: ast.expr | None) -> Span | None:
        return self._span(node) if node is not None and not isinstance(node, ast.Name | ast.Attribute) else None

    def _span(self, node: ast.expr) -> Span:
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return Span(
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, end),
        )

    def _column(self, line: int, offset: int) -> int:
        """`ast` counts bytes of UTF-8."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return offset + 1 if text.isascii() else len(text.encode()[:offset].decode(errors="replace")) + 1


def _name_of(function: ast.expr) -> str | None:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None


def _kind_of(name: str) -> str | None:
    found = _GETTER.match(name)
    return _KINDS[found.group(1)] if found else None


def _argument(call: ast.Call, number: int, name: str) -> ast.expr | None:
    """Return an argument; a starred one stands for any, so nothing after it is known by its number."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    plain = call.args[: number + 1]
    if len(plain) > number and not any(isinstance(one, ast.Starred) for one in plain):
        return plain[number]
    unpacked = next((one for one in plain if isinstance(one, ast.Starred)), None)
    several = (one.value for one in call.keywords if one.arg is None)
    return unpacked or next((ast.copy_location(ast.Starred(one), one) for one in several), None)


def _given(call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.expr]:
    """Return parameter → what a call gives for it, or the parameter's own default."""
    bound = _is_method(function) and isinstance(call.func, ast.Attribute)
    return _own_defaults(function) | _by_name(call, _positional(function, bound=bound))


def _is_method(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = [*function.args.posonlyargs, *function.args.args][:1]
    return bool(first) and first[0].arg in {"self", "cls"}


def _positional(function: ast.FunctionDef | ast.AsyncFunctionDef, *, bound: bool) -> tuple[str, ...]:
    names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
    return tuple(names[1:] if bound else names)


def _own_defaults(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, ast.expr]:
    names, defaults = _positional(function, bound=False), function.args.defaults
    out = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    for argument, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if value is not None:
            out[argument.arg] = value
    return out


def _by_name(call: ast.Call, positional: Sequence[str]) -> dict[str, ast.expr]:
    """Return parameter → what a call gives for it; what a starred argument fills in is not known."""
    starred = any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords)
    out = {} if starred else dict(zip(positional, call.args, strict=False))
    return out | {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


SPEC = FlagUsageSpec("python", (".py", ".pyi"), _HINTS, parse, constants, write, candidates)
