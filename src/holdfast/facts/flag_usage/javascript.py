"""JavaScript and TypeScript, with and without JSX: the OpenFeature SDKs for servers, browsers, React and NestJS.

Source: openfeature.dev, Node.js, Web, React and NestJS SDKs; `client.getBooleanValue(flagKey, defaultValue, …)`,
`useBooleanFlagValue(flagKey, defaultValue)`, `useFlag(flagKey, defaultValue)`, `<FeatureFlag flagKey defaultValue>`,
`@BooleanFeatureFlag({ flagKey, defaultValue })`.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from holdfast.facts.flag_usage._javascript_names import Frame, Names
from holdfast.facts.flag_usage._javascript_tree import FUNCTIONS, Placed, SourceText
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

if TYPE_CHECKING:
    from tree_sitter import Node

_GETTER = re.compile(
    r"(?:get(Boolean|String|Number|Object)(?:Value|Details)|use(Boolean|String|Number|Object)Flag(?:Value|Details))\Z"
)
_HOOK = re.compile(r"use(?:Suspense)?Flag\Z")
_DECORATOR = re.compile(r"(Boolean|String|Number|Object)FeatureFlag\Z")
_COMPONENT = "FeatureFlag"
_HINTS = (b"getBoolean", b"getString", b"getNumber", b"getObject", b"Flag")
_SUFFIXES = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_ENDS = (*_SUFFIXES, *(f"/index{end}" for end in _SUFFIXES))
_MEMBERS = frozenset({"member_expression", "subscript_expression"})
_LITERALS = frozenset({"identifier", "member_expression", "subscript_expression"})
Settled = Value | Unsettled


def parse(data: bytes, file: str, lookup: Lookup = no_lookup, elsewhere: Sequence[Forwarder] = ()) -> SourceUsage:
    """Return the evaluations of a file; what is not of the language is named, and the rest of it read.

    Raises:
        FactError: it is not UTF-8; names the line.
    """
    source = SourceText(data, file)
    reading = _Reading(file, source, Names(source, lookup))
    error = source.find_error()
    problems = []
    if error is not None:
        at = source.span(error)
        problems.append((at.line, at.column, "not JavaScript or TypeScript that can be read"))
    reads = [*reading.reads(), *reading.reads_of(elsewhere)]
    ordered = sorted(reads, key=lambda read: (read.at.line, read.at.column))
    return SourceUsage(tuple(ordered), tuple(problems), tuple(reading.forwarders))


def constants(data: bytes, file: str) -> Mapping[str, Settled]:
    """Return what a file declares once and for all.

    Raises:
        FactError: it is not UTF-8; names the line.
    """
    source = SourceText(data, file)
    names = Names(source, no_lookup)
    for placed in source.placed():
        names.note(placed)
    return {name: names.named(name) for name in names.declared}


def candidates(file: str, module: str) -> Sequence[str]:
    """Return the files that a relative module may be; packages are not looked into."""
    if not module.startswith("."):
        return ()
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), module))
    if path.startswith(".."):
        return ()
    bare = re.sub(r"\.[cm]?jsx?\Z", "", path)  # TypeScript names what it will become
    return [path, *(f"{bare}{end}" for end in _ENDS)]


def write(value: Any) -> str:
    """Return a value as JavaScript writes it."""
    return json.dumps(value, ensure_ascii=False)


@frozen
class _Inner:
    """An evaluation within a function that hands its parameter on as the key."""

    placed: Placed
    function: "Node"
    name: str
    kind: str | None
    key: "Node"
    default: "Node | None"


@dataclass(slots=True)
class _Reading:
    """One reading of a file."""

    file: str
    source: SourceText
    names: Names
    forwarders: list[Forwarder] = field(default_factory=list)
    _calls: dict[str, list[Placed]] = field(default_factory=dict)
    _declared_as: dict[int, "Node | None"] = field(default_factory=dict)
    """A function that is a constant's value → the constant's name."""

    def reads(self) -> Iterator[FlagRead]:
        """Yield the evaluations, in no order."""
        calls, elements, others = list[Placed](), list[Placed](), list[Placed]()
        called: set[int] = set()
        for placed in self.source.placed():
            node = placed.node
            self.names.note(placed)
            if node.type in FUNCTIONS and placed.parent is not None and placed.parent.type == "variable_declarator":
                self._declared_as[node.id] = placed.parent.child_by_field_name("name")
            if node.type == "call_expression":
                calls.append(placed)
                self._calls.setdefault(self._called(node) or "", []).append(placed)
                function = node.child_by_field_name("function")
                called.add(function.id if function is not None else 0)
            elif node.type in {"jsx_self_closing_element", "jsx_opening_element"}:
                elements.append(placed)
            elif node.type in _MEMBERS:
                others.append(placed)
        for call in calls:
            yield from self._call(call)
        for element in elements:
            yield from self._element(element)
        for placed in others:
            if placed.node.id not in called:
                yield from self._passed_around(placed.node)

    def _called(self, call: "Node") -> str | None:
        """Return the last name of what is called."""
        function = call.child_by_field_name("function")
        if function is None:
            return None
        return self._member(function) if function.type in _MEMBERS else self.source.text(function)

    def _member(self, node: "Node") -> str | None:
        """Return the last name of `a.b` or `a["b"]`; `None` where it is computed."""
        inner = node.child_by_field_name("property") or node.child_by_field_name("index")
        if inner is None or node.type == "member_expression":
            return self.source.text(inner) if inner is not None else None
        return self.source.text(inner)[1:-1] if inner.type in {"string", "template_string"} else None

    def _call(self, placed: Placed) -> Iterator[FlagRead]:
        call = placed.node
        name = self._called(call)
        if name is None:
            return
        name = self.names.imports.get(name, ("", name))[1] if not _GETTER.match(name) else name
        getter, decorator = _GETTER.match(name), _DECORATOR.match(name)
        arguments = self._arguments(call)
        if getter is not None:
            kind = (getter.group(1) or getter.group(2)).lower()
            yield from self._read(placed, name, kind, arguments)
        elif _HOOK.match(name) and self._is_ours(call, name, arguments):
            yield from self._read(placed, name, None, arguments)
        elif decorator is not None and arguments and arguments[0].type == "object":
            yield self._decorator(placed, name, decorator.group(1).lower(), arguments[0])

    def _is_ours(self, call: "Node", name: str, arguments: list["Node"]) -> bool:
        """Others have a `useFlag` as well, which takes no default."""
        function = call.child_by_field_name("function")
        local = self.source.text(function) if function is not None else name
        module = self.names.imports.get(local, ("", ""))[0]
        if "openfeature" in module.lower():
            return True
        return len(arguments) >= 2 and (not module or module.startswith("."))

    def _arguments(self, call: "Node") -> list["Node"]:
        given = call.child_by_field_name("arguments")
        return [one for one in given.named_children if one.type != "comment"] if given is not None else []

    def _read(self, placed: Placed, name: str, kind: str | None, arguments: list["Node"]) -> Iterator[FlagRead]:
        key, default = (arguments[number] if len(arguments) > number else None for number in (0, 1))
        function = placed.around.function if placed.around is not None else None
        wrapper = self._name_of(function) if function is not None else None
        if key is not None and key.type == "identifier" and function is not None and wrapper:
            parameters = self.names.parameters_of(function)
            if self.source.text(key) in parameters and self.source.text(key) not in self.names.declared:
                if _GETTER.match(wrapper):  # a client around a client: its own calls are seen by their name
                    return
                outer = [one for one in self._calls.get(wrapper, []) if one.node != placed.node]
                inner = _Inner(placed, function, f"{wrapper} → {name}", kind, key, default)
                self.forwarders.append(self._forwarder(inner, wrapper, name))
                yield from (self._through(one, inner) for one in outer)
                if not outer:
                    own = self._plain(placed, name, kind, key, default)
                    yield replace(own, hands_on=True, through=f"{self.file}:{wrapper}")
                return
        yield self._plain(placed, name, kind, key, default)

    def _plain(
        self, placed: Placed, name: str, kind: str | None, key: "Node | None", default: "Node | None"
    ) -> FlagRead:
        return FlagRead(
            self.file,
            self.source.span(placed.node),
            name,
            kind,
            self._settle(key, placed, "no key is given"),
            self._settle(default, placed, "no default is given"),
            self._literal_span(default),
        )

    def _name_of(self, function: "Node") -> str | None:
        """Return what a function is called by."""
        name = function.child_by_field_name("name") or self._declared_as.get(function.id)
        return self.source.text(name) if name is not None else None

    def _through(self, outer: Placed, inner: "_Inner") -> FlagRead:
        """Return what a call of a function that hands its parameter on evaluates."""
        arguments, parameters = self._arguments(outer.node), self.names.parameters_of(inner.function)
        spread = any(one.type == "spread_element" for one in arguments)
        given = {} if spread else dict(zip(parameters, arguments, strict=False))
        own = {} if spread else self._own_defaults(inner.function)
        bound = {one: self.names.settle(value, Frame(inner.placed.around)) for one, value in own.items() if one}
        bound |= {one: self.names.settle(value, Frame(outer.around)) for one, value in given.items() if one}
        given = own | given
        bound |= {one: Unsettled(f"`{one}` is not given") for one in parameters if one not in bound}
        frame, where = Frame(inner.placed.around, bound), inner.default
        if (
            inner.default is not None
            and inner.default.type == "identifier"
            and self.source.text(inner.default) in parameters
        ):
            where = given.get(self.source.text(inner.default))
        return FlagRead(
            self.file,
            self.source.span(outer.node),
            inner.name,
            inner.kind,
            self.names.settle(inner.key, frame),
            self.names.settle(inner.default, frame) if inner.default is not None else Unsettled("no default is given"),
            self._literal_span(where),
        )

    def _forwarder(self, inner: "_Inner", wrapper: str, call: str) -> Forwarder:
        parameters, default = self.names.parameters_of(inner.function), inner.default
        handed_on = default is not None and default.type == "identifier" and self.source.text(default) in parameters
        return Forwarder(
            self.file,
            wrapper,
            tuple(parameters),
            self.source.text(inner.key),
            call,
            inner.kind,
            self.source.text(default)
            if default is not None and handed_on
            else self._settle(default, inner.placed, "no default is given"),
            {
                name: self.names.settle(value, Frame(inner.placed.around))
                for name, value in self._own_defaults(inner.function).items()
            },
        )

    def reads_of(self, elsewhere: Sequence[Forwarder]) -> Iterator[FlagRead]:
        """Yield the calls of other files' functions that hand a parameter on."""
        for forwarder in elsewhere:
            for placed in self._calls_of(forwarder):
                call, frame = placed.node, Frame(placed.around)
                sure = self._is_of(call, forwarder)
                if sure is None:
                    continue
                arguments = self._arguments(call)
                spread = any(one.type == "spread_element" for one in arguments)
                values = {} if spread else dict(zip(forwarder.parameters, arguments, strict=False))
                given = {name: (self.names.settle(one, frame), self._literal_span(one)) for name, one in values.items()}
                yield forwarder.read(self.file, self.source.span(call), given, sure=sure)

    def _calls_of(self, forwarder: Forwarder) -> Iterator[Placed]:
        """Yield the calls of a name, and of those that it is imported as."""
        renamed = [local for local, (_, original) in self.names.imports.items() if original == forwarder.name]
        for name in dict.fromkeys((forwarder.name, *renamed)):
            yield from self._calls.get(name, [])

    def _is_of(self, call: "Node", forwarder: Forwarder) -> bool | None:
        """Whether a call is surely, perhaps (`False`) or not at all (`None`) one of another file's function."""
        function = call.child_by_field_name("function")
        if function is None:
            return None
        owner = function.child_by_field_name("object") if function.type == "member_expression" else function
        origin = self.names.imports.get(self.source.text(owner)) if owner is not None else None
        if origin is not None and forwarder.file in candidates(self.file, origin[0]):
            return True
        return False if function.type == "member_expression" else None

    def _own_defaults(self, function: "Node") -> dict[str, "Node"]:
        found = {}
        parameters = function.child_by_field_name("parameters")
        for one in parameters.named_children if parameters is not None else ():
            name = one.child_by_field_name("pattern") or one.child_by_field_name("left")
            value = one.child_by_field_name("value") or one.child_by_field_name("right")
            if name is not None and value is not None:
                found[self.source.text(name)] = value
        return found

    def _decorator(self, placed: Placed, name: str, kind: str, given: "Node") -> FlagRead:
        values: dict[str, Node] = {}
        for pair in given.named_children:
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if key is not None and value is not None:
                values[self.source.text(key)] = value
        return self._named(placed, name, kind, values)

    def _element(self, placed: Placed) -> Iterator[FlagRead]:
        element = placed.node
        name = element.child_by_field_name("name")
        if name is None or self.source.text(name) != _COMPONENT:
            return
        values: dict[str, Node] = {}
        for attribute in element.named_children:
            if attribute.type == "jsx_attribute" and len(attribute.named_children) == 2:
                key, value = attribute.named_children
                inner = value.named_children[0] if value.type == "jsx_expression" and value.named_children else value
                values[self.source.text(key)] = inner
        if "flagKey" in values:
            yield self._named(placed, _COMPONENT, None, values)

    def _named(self, placed: Placed, name: str, kind: str | None, values: Mapping[str, "Node"]) -> FlagRead:
        return self._plain(placed, name, kind, values.get("flagKey"), values.get("defaultValue"))

    def _passed_around(self, member: "Node") -> Iterator[FlagRead]:
        name = self._member(member) or ""
        found = _GETTER.match(name)
        if found is not None:
            because = Unsettled("it is passed around, and not called here")
            kind = (found.group(1) or found.group(2)).lower()
            yield FlagRead(self.file, self.source.span(member), name, kind, because, because)

    def _settle(self, node: "Node | None", placed: Placed, missing: str) -> Settled:
        return Unsettled(missing) if node is None else self.names.settle(node, Frame(placed.around))

    def _literal_span(self, node: "Node | None") -> Span | None:
        return self.source.span(node) if node is not None and node.type not in _LITERALS else None


SPEC = FlagUsageSpec("javascript", _SUFFIXES, _HINTS, parse, constants, write, candidates)
