"""What the terminal prints: data on stdout, talk on stderr.

Names come from outside. In a table, control characters are shown as escapes so that no name moves the cursor; in
Markdown, HTML and pipes are escaped; JSON is what it is. Meaning is never by colour alone, and `NO_COLOR` removes
colour.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

Row = Mapping[str, Any]
Columns = Sequence[tuple[str, str]]
"""(heading, key of the row)."""

_COLOURS = {"◆": "31", "◐": "33", "●": "32", "?": "35"}


def printable(text: object) -> str:
    """Return text that cannot move a terminal's cursor."""
    plain = "" if text is None else str(text)
    return plain if plain.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain)


def printable_lines(text: str) -> str:
    """Return text whose lines stay lines, and that otherwise cannot move a terminal's cursor."""
    return "\n".join(printable(line) for line in text.split("\n"))


def markdown_cell(text: object) -> str:
    """Return text that stays within its cell and is no markup."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\|`*_[]":
        plain = plain.replace(sign, "\\" + sign)
    return plain


def has_colour(stream: TextIO) -> bool:
    """Whether colour is wanted: on a terminal, without `NO_COLOR`. Source: no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_json(document: object) -> None:
    """Print a JSON document on stdout."""
    import json  # a command that prints none does not pay for it

    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def print_answer(
    style: str, schema: str, document: Row, rows: Sequence[Row], columns: Columns, *, empty: str = "nothing"
) -> None:
    """Print a document as JSON, which names its schema and version first, or its rows as a table or Markdown."""
    if style == "json":
        print_json({"schema": f"holdfast.{schema}/1", **document})
    else:
        print_rows(rows, columns, style, empty=empty)


def print_facts(facts: Sequence[tuple[str, object]], style: str) -> None:
    """Print (name, value) pairs; what has no value is left out."""
    rows = [{"name": name, "value": value} for name, value in facts if value not in (None, "")]
    if style == "markdown":
        _print_markdown(rows, [("", "name"), ("", "value")])
        return
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        print(f"{str(row['name']).ljust(width)}  {_coloured(printable(row['value']))}")


def print_heading(text: str, style: str) -> None:
    """Print a heading with an empty line before it."""
    if style == "markdown":
        print(f"\n### {markdown_cell(text)}\n")
    else:
        bold = ("\x1b[1m", "\x1b[0m") if has_colour(sys.stdout) else ("", "")
        print(f"\n{bold[0]}{printable(text)}{bold[1]}")


def print_rows(rows: Sequence[Row], columns: Columns, style: str, *, empty: str = "nothing") -> None:
    """Print rows as a `table` or `markdown`; what to say when there are none goes to stderr."""
    if not rows:
        say(empty)
        return
    if style == "markdown":
        _print_markdown(rows, columns)
    else:
        _print_table(rows, columns)


def _print_markdown(rows: Sequence[Row], columns: Columns) -> None:
    print("| " + " | ".join(heading for heading, _ in columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(markdown_cell(row.get(key)) for _, key in columns) + " |")


def _print_table(rows: Sequence[Row], columns: Columns) -> None:
    cells = [[printable(row.get(key)) for _, key in columns] for row in rows]
    widths = [max(len(heading), *(len(row[n]) for row in cells)) for n, (heading, _) in enumerate(columns)]
    bold = ("\x1b[1m", "\x1b[0m") if has_colour(sys.stdout) else ("", "")
    print(bold[0] + _line([heading for heading, _ in columns], widths) + bold[1])
    for row in cells:
        print(_coloured(_line(row, widths)))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    return f"\x1b[{colour}m{line[:1]}\x1b[0m{line[1:]}" if colour and has_colour(sys.stdout) else line


def say(text: str) -> None:
    """Say something to the person, on stderr."""
    print(printable_lines(text), file=sys.stderr)


class Progress:
    """Progress of long work on stderr: one line rewritten on a terminal, a line every so often elsewhere."""

    def __init__(self, what: str, every: int = 2000) -> None:
        self._what, self._every, self._last = what, every, 0
        self._live = sys.stderr.isatty()

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show how far it is."""
        if not self._live and done - self._last < self._every:
            return
        self._last = done
        text = f"{self._what}: {done}" + (f" of {total}" if total else "")
        print(f"\r{text}" if self._live else text, end="" if self._live else "\n", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """End the line."""
        if self._live and self._last:
            print(file=sys.stderr)
