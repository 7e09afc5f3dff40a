"""Instructions of a Dockerfile, and the variables in them.

Rules: a line ends in the escape character (a backslash, or what `# escape=` says) to go on in the next; comments and
empty lines within do not end it. What stands in a here-document is no instruction.

Source: the Dockerfile reference.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping

from holdfast.errors import FactError
from holdfast.model.frozen import frozen

_DIRECTIVE = re.compile(r"#\s*([A-Za-z]+)\s*=\s*(\S+)\s*\Z")
_HERE = re.compile(r"<<(-?)\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2")
_VARIABLE = re.compile(r"\\(\$)|\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^{}]*))?\}|([A-Za-z_][A-Za-z0-9_]*))")
_HOLDS_HERE_DOCUMENTS = {"RUN", "COPY", "ADD"}
_MAX_CHARACTERS = 1_000_000
_MAX_HERE_DOCUMENTS = 20
_MAX_EXPANDED = 2_000


@frozen
class Instruction:
    """One instruction: its verb in capitals, the rest as one line, and where it starts."""

    verb: str
    rest: str
    line: int


def directives(lines: list[str]) -> dict[str, tuple[str, int]]:
    """Return the parser directives at the top of a file with their lines: name in lower case → (value, line)."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.match(line.strip())
        if directive is None:
            break
        found.setdefault(directive[1].lower(), (directive[2], number))
    return found


def instructions(lines: list[str], escape: str = "\\") -> Iterator[Instruction]:
    """Yield the instructions in order; one of over a million characters is cut there."""
    at = 0
    here_documents = _HereDocuments(lines)
    while at < len(lines):
        start, parts, size = at + 1, list[str](), 0
        goes_on = True
        while goes_on and at < len(lines):
            line = lines[at].strip()
            at += 1
            if line.startswith("#") or (not line and parts):
                continue
            start = start if parts else at
            goes_on = line.endswith(escape)
            size += len(line)
            if size <= _MAX_CHARACTERS:
                parts.append(line[:-1] if goes_on else line)
        verb, _, rest = " ".join(parts).strip().partition(" ")
        if not verb:
            continue
        found = Instruction(verb.upper(), rest.strip(), start)
        yield found
        if found.verb in _HOLDS_HERE_DOCUMENTS:
            at = here_documents.after(found.rest, at)


class _HereDocuments:
    """Where the here-documents of a file may end: every line, by its text, is found without a look at the others."""

    def __init__(self, lines: list[str]) -> None:
        self._ends: dict[tuple[str, str], list[int]] = {}
        for number, line in enumerate(lines):
            word = line.lstrip("\t")
            if word.isidentifier():
                self._ends.setdefault(("-", word), []).append(number)
                if word == line:
                    self._ends.setdefault(("", word), []).append(number)

    def after(self, rest: str, at: int) -> int:
        """Return where to go on after the here-documents that an instruction opens."""
        for here in list(_HERE.finditer(rest))[:_MAX_HERE_DOCUMENTS]:
            ends = self._ends.get((here[1], here[3]), [])
            found = bisect_left(ends, at)
            if found < len(ends):  # one that is not closed is a shift of bits, or a broken file
                at = ends[found] + 1
        return at


def expand(text: str, variables: Mapping[str, str | None]) -> str:
    """Return the text with its variables replaced; `None` is a variable without a default.

    Raises:
        FactError: one is not known, has no default, or what comes of them is over 2,000 characters.
    """
    if len(text) > _MAX_EXPANDED:
        raise FactError(f"a name of over {_MAX_EXPANDED} characters: `{text[:40]}…`")

    def replaced(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        name, kind, word = found[2] or found[5], found[3], found[4]
        value = variables.get(name)
        if kind == "+":
            return (word or "") if value else ""
        if not value and kind == "-":
            return word or ""
        if not value:
            raise FactError(f"`${name}` has no default: what it is when it is built is not known")
        return value

    whole = _VARIABLE.sub(replaced, text)
    if len(whole) > _MAX_EXPANDED:
        raise FactError(f"a name of over {_MAX_EXPANDED} characters: `{whole[:40]}…`")
    return whole
