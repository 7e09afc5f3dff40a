"""The directives of a `go.mod`, one value each, blocks unfolded.

Source: the Go Modules Reference, "go.mod files".
"""

import re
from collections.abc import Iterator

from holdfast.model.frozen import frozen

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`|(//.*)|(=>|[()])|([^\s"`()]+)')

_MAX_CHARACTERS = 10_000


@frozen
class Directive:
    """`words` follow the verb; `comment` is the text after `//`. A verb of `""` stands for a block that is not closed.

    `opened` is the line where its block begins, or its own.
    """

    line: int
    verb: str
    words: tuple[str, ...]
    comment: str
    opened: int


def _words(text: str) -> tuple[list[str], str]:
    if len(text) > _MAX_CHARACTERS:  # no directive is that long; its beginning names it in the gap
        return [text[:40]], ""
    words: list[str] = []
    for found in _WORD.finditer(text):
        if found[3] is not None:
            return words, found[3][2:].strip()
        words.append(next(group for group in found.groups() if group is not None))
    return words, ""


def parse_directives(lines: list[str]) -> Iterator[Directive]:
    """Yield the directives in order. An unclosed block ends with the file and yields a line without a verb."""
    block, opened = "", 0
    for number, text in enumerate(lines, 1):
        words, comment = _words(text)
        if not words:
            continue
        if block and words == [")"]:
            block = ""
        elif block:
            yield Directive(number, block, tuple(words), comment, opened)
        elif len(words) == 2 and words[1] == "(":
            block, opened = words[0], number
        elif len(words) == 3 and words[1:] == ["(", ")"]:
            continue
        else:
            yield Directive(number, words[0], tuple(words[1:]), comment, number)
    if block:
        yield Directive(opened, "", (block, "("), "", opened)
