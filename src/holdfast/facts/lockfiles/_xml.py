"""XML as a small tree whose elements know their line, on expat.

Rules:

1. A document type, and so every entity declaration, is refused with its line: nothing is expanded, nothing fetched.
2. Names and attributes are without their namespace prefix; what a prefix means is left to the reader.
3. Depth, number of elements and number of attributes have limits; what is over them is refused, never cut.
4. The encoding is the declared one, or that of the byte order mark, or UTF-8.
"""

import codecs
from collections.abc import Mapping
from typing import NoReturn
from xml.parsers import expat

from holdfast.errors import FactError
from holdfast.facts.lockfiles._text import decode, refuse_conflict

MAX_DEPTH = 200
MAX_ELEMENTS = 2_000_000
MAX_ATTRIBUTES = 1_000
"""Per element."""

_NOTHING: Mapping[str, str] = {}


class XmlElement:
    """One element: its name, attributes, own text (stripped), children in order, and the line of its start tag."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.text = ""
        self.children: tuple[XmlElement, ...] | list[XmlElement] = ()

    def every(self, name: str) -> list["XmlElement"]:
        """Return the children of that name."""
        return [child for child in self.children if child.name == name]

    def find(self, *names: str) -> "XmlElement | None":
        """Return the first child of the first child … of those names; `None` where one is missing."""
        found = self
        for name in names:
            inner = next((child for child in found.children if child.name == name), None)
            if inner is None:
                return None
            found = inner
        return found

    def listed(self, *names: str) -> list["XmlElement"]:
        """Return the children, by the last name, of the element at the names before it."""
        found = self.find(*names[:-1])
        return [] if found is None else found.every(names[-1])

    def value(self, *names: str) -> str:
        """Return the text of `find`; empty where there is none."""
        found = self.find(*names)
        return "" if found is None else found.text


class _Builder:
    """Takes expat's events. A refusal is raised from within a handler, with the place where expat stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.root: XmlElement | None = None
        self._open: list[tuple[XmlElement, list[str]]] = []
        self._elements = 0

    @property
    def where(self) -> str:
        """The place where expat stands."""
        return f"{self.file}:{self.parser.CurrentLineNumber}:{self.parser.CurrentColumnNumber + 1}"

    def _refuse(self, because: str) -> NoReturn:
        raise FactError(because, where=self.where)

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:
        self._refuse("a document type: it can declare entities, so it is not read")

    def _entity(self, *declaration: object) -> None:
        self._refuse("an entity declaration: entities are not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= MAX_DEPTH:
            self._refuse(f"nested too deeply: over {MAX_DEPTH} elements")
        if self._elements > MAX_ELEMENTS:
            self._refuse(f"over {MAX_ELEMENTS} elements")
        if len(attributes) > MAX_ATTRIBUTES:
            self._refuse(f"an element of over {MAX_ATTRIBUTES} attributes")
        known = {key.rpartition(":")[2]: value for key, value in attributes.items()} if attributes else _NOTHING
        made = XmlElement(name.rpartition(":")[2], known, self.parser.CurrentLineNumber)
        if self._open:
            above = self._open[-1][0]
            if isinstance(above.children, list):
                above.children.append(made)
            else:
                above.children = [made]
        else:
            self.root = made
        self._open.append((made, []))

    def _end(self, name: str) -> None:
        element, parts = self._open.pop()
        if parts:
            element.text = "".join(parts).strip()

    def _text(self, text: str) -> None:
        self._open[-1][1].append(text)


def load_xml(file: str, data: bytes) -> XmlElement:
    """Return the root of a document.

    Raises:
        FactError: empty, merge-conflicted, not well-formed, in an encoding that is not known, with a document type, or
            over a limit; names line and column.
    """
    if not data.strip():
        raise FactError("the file is empty", where=file)
    if b"<<<<<<<" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        refuse_conflict(file, decode(file, data))
    builder = _Builder(file)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        where = f"{file}:{error.lineno}:{error.offset + 1}"
        raise FactError(f"not valid XML: {expat.ErrorString(error.code)}", where=where) from None
    except (LookupError, ValueError) as error:  # an encoding that Python has no table of 256 characters for
        raise FactError(f"not valid XML: its encoding can't be read: {error}", where=f"{file}:1") from None
    if builder.root is None:
        raise FactError("not valid XML: no element", where=file)
    return builder.root
