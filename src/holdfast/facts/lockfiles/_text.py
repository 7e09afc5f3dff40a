"""Bytes to text, for every format: encodings, emptiness, merge conflicts."""

import codecs
import re

from holdfast.errors import FactError

_CONFLICT = re.compile(r"^(?:(?:<{7}|>{7}|\|{7})(?: |\r?$)|={7}\r?$)", re.MULTILINE)
_START = re.compile(r"<{7}(?: |$)")
_END = re.compile(r">{7}(?: |$)")


def decode(file: str, data: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark; the mark is dropped.

    Raises:
        FactError: nothing but white space, or not in that encoding; names the line of the first wrong byte.
    """
    if not data.strip():
        raise FactError("the file is empty", where=file)
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        got = f"0x{data[error.start]:02x}" if error.start < len(data) else "the end"
        raise FactError(f"expected UTF-8 text, got {got}", where=f"{file}:{line}", hint="save it as UTF-8") from None


def lines_of(text: str) -> list[str]:
    """Return the lines of a text. Only line feeds and carriage returns end one, as editors and compilers count."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def refuse_conflict(file: str, text: str) -> None:
    """Pass a text without merge conflict markers.

    Raises:
        FactError: a marker, with its line.
    """
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return
    marker = _CONFLICT.search(text)
    if marker is not None:
        line = text.count("\n", 0, marker.start()) + 1
        raise FactError("merge conflict markers", where=f"{file}:{line}", hint="resolve the conflict, then lock again")


def cut_conflicts(lines: list[str]) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the lines with every conflicted one blanked, and the (first, last) line numbers of the conflicts.

    Neither side of a conflict is the truth, so neither is read. An open conflict goes to the end of the file.
    """
    kept, cuts = list(lines), list[tuple[int, int]]()
    first: int | None = None
    for number, line in enumerate(lines, 1):
        if first is None and _START.match(line):
            first = number
        if first is None:
            continue
        kept[number - 1] = ""
        if _END.match(line):
            cuts.append((first, number))
            first = None
    if first is not None:
        cuts.append((first, len(lines)))
    return kept, cuts
