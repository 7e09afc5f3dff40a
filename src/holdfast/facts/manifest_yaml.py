"""YAML and JSON → a tree that knows where everything stands.

YAML is read as version 1.2: only `true` and `false` are booleans, so `off` is a text. Anchors, aliases, tags and
further documents are refused before anything is expanded. Problems are collected, each with its place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

import yaml

from holdfast.errors import ManifestError
from holdfast.model.frozen import frozen

MAX_BYTES = 128 * 1024
MAX_DEPTH = 24
MAX_NODES = 10_000
MAX_PROBLEMS = 50

_INT = re.compile(r"[-+]?[0-9]{1,18}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?\Z")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.M)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@frozen
class Problem:
    """One thing that is wrong; `where` is `file:line:column`, or a JSON pointer after `#`."""

    where: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" + (f"\n  try: {self.hint}" if self.hint else "")


class ManifestProblems(ManifestError):
    """What is wrong with a manifest; `problems` has them one by one, in order of place, the first 50 of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, *others = problems[:MAX_PROBLEMS]
        if not others:
            super().__init__(first.message, where=first.where, hint=first.hint)
        else:
            head = str(first).removeprefix(f"{first.where}: ")
            super().__init__("\n".join([head, *(str(problem) for problem in others)]), where=first.where)
        self.problems = (first, *others)


@frozen
class Scalar:
    """A value with its source text. `line` and `column` are those of the text's first character."""

    place: str
    value: bool | int | float | str | None
    text: str
    line: int = 1
    column: int = 1


@frozen
class Items:
    """A sequence."""

    place: str
    items: list["Tree"] = field(default_factory=list)


@frozen
class Entries:
    """A mapping; `keys` has the place of every key. `line` is that of its start."""

    place: str
    line: int = 1
    values: dict[str, "Tree"] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)


Tree = Scalar | Items | Entries


def parse_yaml(data: bytes, *, file: str) -> tuple[Tree | None, list[Problem]]:
    """Return the tree of a document, `None` when there is none, and what was wrong with its text."""
    if len(data) > MAX_BYTES:
        return None, [Problem(f"{file}:1:1", f"a manifest of over {MAX_BYTES // 1024} KiB")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return None, [Problem(f"{file}:{line}:{column}", "not UTF-8", "save it as UTF-8")]
    if conflict := _CONFLICT.search(text):
        line = text[: conflict.start()].count("\n") + 1
        return None, [Problem(f"{file}:{line}:1", "a merge conflict that was not resolved")]
    builder = _Builder(file, text)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        builder.note(at_of(error.problem_mark or error.context_mark), _yaml_message(error), _yaml_hint(error))
        return None, builder.problems
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        column = error.position - text.rfind("\n", 0, error.position)
        character = f"U+{ord(text[error.position]):04X}" if error.position < len(text) else "a character"
        return None, [Problem(f"{file}:{line}:{column}", f"a character that YAML does not allow: {character}")]
    except (ValueError, OverflowError):  # PyYAML lets escapes like "\UFFFFFFFF" through to `chr`
        builder.note(builder.last, "not YAML: an escape or a number out of range after this")
        return None, builder.problems
    except _Stop:
        return None, builder.problems
    return builder.root, builder.problems


def _yaml_message(error: yaml.MarkedYAMLError) -> str:
    return f"not YAML: {error.problem or 'it ends too early'}" + (f" {error.context}" if error.context else "")


def _yaml_hint(error: yaml.MarkedYAMLError) -> str | None:
    return "indent with spaces, not tabs" if "\\t" in (error.problem or "") else None


At = tuple[int, int]
"""Line and column, counted from 1."""


def at_of(mark: object) -> At:
    """Return the place of one of PyYAML's marks; the start where there is none."""
    line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
    return line + 1, column + 1


class _Stop(Exception):
    """The rest of the text is not worth reading."""


class _Builder:
    """Builds the tree from events, without recursion."""

    def __init__(self, file: str, text: str) -> None:
        self.root: Tree | None = None
        self.last: At = (1, 1)
        self.problems: list[Problem] = []
        self._file = file
        self._lines = text.split("\n")
        self._open: list[Items | Entries] = []
        self._key: list[tuple[str, str] | None] = []
        self._nodes = 0
        self._documents = 0

    def problem(self, at: At, message: str, hint: str | None = None) -> None:
        """Note a problem; stops when there are too many."""
        self.note(at, message, hint)
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop

    def note(self, at: At, message: str, hint: str | None = None) -> None:
        """Note a problem that ends the reading anyway."""
        self.problems.append(Problem(self._place(at), message, hint))

    def _place(self, at: At) -> str:
        return f"{self._file}:{at[0]}:{at[1]}"

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        self.last = at = at_of(event.start_mark)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self.problem(at, "a second document", "one manifest has one document")
                    raise _Stop
            case yaml.AliasEvent():
                self.problem(at, f"an alias: `*{str(event.anchor)[:40]}`", "write the value out")
                self._add(Scalar(self._place(at), None, ""), at)
            case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._node(event, at)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._open.pop()
                self._key.pop()

    def _node(self, event: yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent, at: At) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(self._open) >= MAX_DEPTH:
            self.problem(at, f"over {MAX_NODES} values, or nested over {MAX_DEPTH} levels deep")
            raise _Stop
        if event.anchor:
            self.problem(at, f"an anchor: `&{event.anchor[:40]}`", "write the value out where it is used")
        if event.tag:
            self.problem(at, "a tag: values are read as what they look like", "leave the tag out")
        place = self._place(at)
        match event:
            case yaml.ScalarEvent():
                self._add(self._scalar(event, place), at)
            case yaml.SequenceStartEvent():
                self._enter(Items(place), at)
            case yaml.MappingStartEvent():
                self._enter(Entries(place, at[0]), at)

    def _scalar(self, event: yaml.ScalarEvent, place: str) -> Scalar:
        if found := _CONTROL.search(event.value):
            self.problem(at_of(event.start_mark), f"a text with a control character: U+{ord(found.group()):04X}")
        line, column = self._start_of(event)
        value = resolve(event.value) if event.style is None else event.value
        return Scalar(place, value, event.value, line, column)

    def _start_of(self, event: yaml.ScalarEvent) -> At:
        """Return where the first character is: after the quote, or in the line below `|` and `>`."""
        line, column = at_of(event.start_mark)
        if event.style in {"|", ">"}:
            first = next((text for text in self._lines[line:] if text.strip()), "")
            return line + 1, len(first) - len(first.lstrip(" ")) + 1
        return line, column + (event.style in {"'", '"'})

    def _enter(self, node: Items | Entries, at: At) -> None:
        self._add(node, at)
        self._open.append(node)
        self._key.append(None)

    def _add(self, node: Tree, at: At) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
        elif (key := self._key[-1]) is None:
            self._key[-1] = self._key_of(node, at, parent)
        else:
            parent.values[key[0]] = node
            parent.keys[key[0]] = key[1]
            self._key[-1] = None

    def _key_of(self, node: Tree, at: At, parent: Entries) -> tuple[str, str]:
        if not isinstance(node, Scalar):
            self.problem(at, "a key that is no text")
            return f"{len(parent.values)}", node.place
        if node.text in parent.keys:
            first = parent.keys[node.text].removeprefix(f"{self._file}:")
            self.problem(at, f"the key `{node.text[:60]}` stands here a second time", f"it is already at {first}")
        return node.text, node.place


def resolve(text: str) -> bool | int | float | str | None:
    """Return what a plain YAML scalar is. Source: YAML 1.2.2, 10.3 "Core Schema"."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def tree_of_json(document: object, place: str = "#", depth: int = 0) -> tuple[Tree, list[Problem]]:
    """Return the tree of a decoded JSON document, with JSON pointers for places, and what is wrong with it."""
    problems: list[Problem] = []
    if depth > MAX_DEPTH:
        return Scalar(place, None, ""), [Problem(place, f"nested over {MAX_DEPTH} levels deep")]
    if isinstance(document, Mapping):
        entries = Entries(place)
        for key, value in document.items():
            below = f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}"
            entries.keys[str(key)] = below
            entries.values[str(key)], found = tree_of_json(value, below, depth + 1)
            problems += found
        return entries, problems
    if isinstance(document, (list, tuple)):
        items = Items(place)
        for number, value in enumerate(document):
            item, found = tree_of_json(value, f"{place}/{number}", depth + 1)
            items.items.append(item)
            problems += found
        return items, problems
    if not isinstance(document, (bool, int, float, str, type(None))):
        return Scalar(place, None, ""), [Problem(place, f"a value that JSON does not have: {type(document).__name__}")]
    text = document if isinstance(document, str) else _json_text(document)
    if found_control := _CONTROL.search(text):
        problems.append(Problem(place, f"a text with a control character: U+{ord(found_control.group()):04X}"))
    return Scalar(place, document, text), problems


def _json_text(value: bool | int | float | None) -> str:
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else f"{value}"
    )


def plain(tree: Tree) -> object:
    """Return a tree's bare values."""
    match tree:
        case Scalar():
            return tree.value
        case Items():
            return [plain(item) for item in tree.items]
        case Entries():
            return {key: plain(value) for key, value in tree.values.items()}


def walk(tree: Tree, path: Sequence[str | int]) -> Tree:
    """Return the node at a path that exists."""
    for step in path:
        tree = tree.items[int(step)] if isinstance(tree, Items) else _entry(tree, str(step))
    return tree


def _entry(tree: Tree, key: str) -> Tree:
    return tree.values[key] if isinstance(tree, Entries) else tree


def find(tree: Tree | None, key: str) -> Tree | None:
    """Return a mapping's value, `None` when it has none or is no mapping."""
    return tree.values.get(key) if isinstance(tree, Entries) else None


def items_of(tree: Tree | None) -> Iterator[Tree]:
    """Yield a sequence's items; nothing when it is none."""
    if isinstance(tree, Items):
        yield from tree.items


def text_of(tree: Tree | None) -> str | None:
    """Return a scalar's source text; `None` for anything else and for null."""
    return tree.text if isinstance(tree, Scalar) and tree.value is not None else None


def written(tree: Tree, key: str, default: str = "") -> str:
    """Return what a mapping has under a key, as it is written; `default` when it has nothing there."""
    text = text_of(find(tree, key))
    return default if text is None else text
