"""YAML as lock files are written in it: every scalar stays text, every entry knows its line.

Rules:

1. Nothing is guessed about types: `1.10`, `1e3`, `no` and `true` are the text they are written as. A plain value that
   is not there (`key:`) is `None`; a key that is a list or a mapping is told, and its entry left out.
2. An alias is the same object as its anchor, so it costs nothing; what it would be when written out counts against
   the limit of nodes, and an alias inside of its own anchor is refused.
3. Of a repeated key the last one counts, and it is told unless it says the same again. Merge conflicts and further
   documents are refused.

Lock files are written by tools, one value a line. That subset is read line by line, for which no parser need be loaded;
whatever is outside of it goes to the C parser, whose events are read in one loop without recursion. Both ways give the
same document.
"""

from collections.abc import Callable
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.gather import readable
from holdfast.facts.lockfiles._text import decode, refuse_conflict
from holdfast.facts.lockfiles._yaml_lines import parse_lines
from holdfast.facts.lockfiles._yaml_values import YamlList, YamlObject
from holdfast.model.component import Unparsed
from holdfast.model.frozen import frozen

__all__ = ["MAX_NODES", "YamlDocument", "YamlList", "YamlObject", "items_of", "load_yaml", "load_yaml_object"]

MAX_DEPTH = 100
MAX_NODES = 4_000_000
_MAX_TOLD = 100

_NO_KEY = object()


@frozen
class YamlDocument:
    """A document's value (`None` for one with nothing in it), and what of it does not count.

    `others` are the values of further documents, where they were asked for.
    """

    root: Any
    unparsed: tuple[Unparsed, ...]
    others: tuple[Any, ...] = ()


class _Builder:
    """Puts events together. The stack has a (collection, pending key, anchor, nodes before it) of each open one."""

    def __init__(self, file: str, *, several: bool) -> None:
        self.file = file
        self.roots: list[Any] = []
        self._several = several
        self.gaps: list[Unparsed] = []
        self._top: Any = None
        self._key: Any = _NO_KEY
        self._key_line = 0
        self._anchor: str | None = None
        self._before = 0
        self._stack: list[tuple[Any, Any, int, str | None, int]] = []
        self._anchored: dict[str, tuple[Any, int] | None] = {}
        self._repeated: list[tuple[str, int, int, Any, Any]] = []
        self._nodes = 0

    def tell(self, line: int, because: str) -> None:
        if len(self.gaps) < _MAX_TOLD:
            self.gaps.append(Unparsed(self.file, line, readable(because)))

    def document(self, line: int) -> None:
        self.roots.append(None)
        self._anchored.clear()
        if len(self.roots) > 1 and not self._several:
            raise FactError("expected one YAML document, got another one", where=f"{self.file}:{line}")

    def scalar(self, value: str | None, line: int, anchor: str | None) -> None:
        self._count(1, line)
        if anchor is not None:
            self._anchored[anchor] = (value, 1)
        self._put(value, line)

    def alias(self, anchor: str, line: int) -> None:
        known = self._anchored.get(anchor)
        if known is None:
            raise FactError(f"an alias without an anchor before it: `{anchor[:80]}`", where=f"{self.file}:{line}")
        self._count(known[1], line)
        self._put(known[0], line)

    def open(self, made: YamlObject | YamlList, line: int, anchor: str | None) -> None:
        self._count(1, line)
        if len(self._stack) >= MAX_DEPTH:
            raise FactError("not valid here: nested too deeply", where=f"{self.file}:{line}")
        if type(made) is YamlObject:
            made.line = line if self._key is _NO_KEY else self._key_line
        self._put(made, line)
        self._stack.append((self._top, self._key, self._key_line, self._anchor, self._before))
        self._top, self._key, self._anchor, self._before = made, _NO_KEY, anchor, self._nodes
        if anchor is not None:
            self._anchored[anchor] = None  # not known before it is closed: no alias inside of itself

    def close(self) -> None:
        made, anchor, size = self._top, self._anchor, self._nodes - self._before + 1
        self._top, self._key, self._key_line, self._anchor, self._before = self._stack.pop()
        if anchor is not None:
            self._anchored[anchor] = (made, size)

    def end(self) -> None:
        """Tell of repeated keys; not before, for a mapping is empty when it is met."""
        for key, first, line, old, new in self._repeated:
            if old != new:
                self.tell(line, f"`{key}` is there twice (first in line {first}): only the last one was read")

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise FactError(f"expected at most {MAX_NODES} values, got more", where=f"{self.file}:{line}")

    def _put(self, value: Any, line: int) -> None:
        top = self._top
        if type(top) is YamlObject:
            if self._key is _NO_KEY:
                self._key, self._key_line = value, line
                return
            self._entry(top, value)
        elif type(top) is YamlList:
            top.append(value)
            top.lines.append(line)
        else:
            self.roots[-1] = value

    def _entry(self, top: YamlObject, value: Any) -> None:
        key, line, self._key = self._key, self._key_line, _NO_KEY
        if type(key) is not str:
            self.tell(line, "a key that is no text: its entry was not read")
            return
        if key in top:
            self._repeated.append((key, top.lines[key], line, top[key], value))
        top[key] = value
        top.lines[key] = line


def _new_object() -> YamlObject:
    made = YamlObject()
    made.lines = {}
    return made


def _new_list() -> YamlList:
    made = YamlList()
    made.lines = []
    return made


def _build(builder: _Builder, text: str) -> None:
    import yaml  # takes a moment to load: only where a file needs it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    next_event: Callable[[], yaml.Event] = loader.get_event
    scalar, mapping, sequence = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    try:
        while True:
            event: Any = next_event()
            kind = type(event)
            if kind is scalar:
                value = event.value
                builder.scalar(value or (None if event.implicit[0] else value), _line(event), event.anchor)
            elif kind is mapping:
                builder.open(_new_object(), _line(event), event.anchor)
            elif kind in ends:
                builder.close()
            elif kind is sequence:
                builder.open(_new_list(), _line(event), event.anchor)
            elif kind is yaml.AliasEvent:
                builder.alias(event.anchor, _line(event))
            elif kind is yaml.DocumentStartEvent:
                builder.document(_line(event))
            elif kind is yaml.StreamEndEvent:
                return
    finally:
        loader.dispose()


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def load_yaml(file: str, data: bytes, *, several: bool = False) -> YamlDocument:
    """Return the document. Mappings are `YamlObject`, sequences `YamlList`, all else text or `None`.

    Raises:
        FactError: empty, not text, merge-conflicted, not YAML (with line and column), of several documents unless they
            are asked for, nested over 100 deep, or of over four million values.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    fast = parse_lines(text.replace("\r\n", "\n"))
    return YamlDocument(fast, ()) if fast is not None else load_slowly(file, text, several=several)


def load_slowly(file: str, text: str, *, several: bool = False) -> YamlDocument:
    """Return the document of any YAML text; see `load_yaml`."""
    import yaml

    builder = _Builder(file, several=several)
    try:
        _build(builder, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise FactError(f"not valid YAML: {error.problem or error.context}", where=where) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FactError(f"not valid YAML: {error.reason}", where=f"{file}:{line}") from None
    except yaml.YAMLError as error:
        raise FactError(f"not valid YAML: {error}", where=file) from None
    builder.end()
    root, *others = builder.roots or [None]
    return YamlDocument(root, tuple(builder.gaps), tuple(others))


def load_yaml_object(file: str, data: bytes) -> tuple[YamlObject, tuple[Unparsed, ...]]:
    """Return the document, which must be a mapping, and its gaps.

    Raises:
        FactError: as `load_yaml`, or it is something else.
    """
    document = load_yaml(file, data)
    return object_of(file, document.root), document.unparsed


def object_of(file: str, root: object) -> YamlObject:
    """Return a document's value, which must be a mapping.

    Raises:
        FactError: it is something else.
    """
    if isinstance(root, YamlObject):
        return root
    got = "a list" if isinstance(root, YamlList) else "nothing" if root is None else "text"
    raise FactError(f"expected a YAML mapping, got {got}", where=f"{file}:1")


def items_of(value: object) -> list[tuple[int, Any]]:
    """Return (line, item) of each item of a sequence; nothing when it is no sequence."""
    return list(zip(value.lines, value, strict=True)) if isinstance(value, YamlList) else []
