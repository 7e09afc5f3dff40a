"""Lines of things that a parser gives without any."""

import re

_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_SECTION = re.compile(r"[ \t]*\[[ \t]*([A-Za-z0-9_.-]+)[ \t]*\][ \t]*(?:#.*)?\Z")
_KEY = re.compile(r"[ \t]*(?:\"([^\"\\]+)\"|'([^']+)'|([A-Za-z0-9_-]+))[ \t]*[.=]")


def string_lines(text: str) -> dict[str, int]:
    """Return the line of the first occurrence of each quoted text, as it is written between its quotes."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for quoted in _STRING.finditer(line):
            found.setdefault(quoted[1], number)
    return found


def key_lines(text: str) -> dict[tuple[str, str], int]:
    """Return the line of the first (table, key) of a TOML text, for keys that stand at the start of a line."""
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        header = _SECTION.match(line)
        if header is not None:
            section = header[1]
        elif (key := _KEY.match(line)) is not None:
            found.setdefault((section, key[1] or key[2] or key[3]), number)
    return found
