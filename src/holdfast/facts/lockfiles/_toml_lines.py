"""The line-by-line subset of TOML that lock files are written in.

Read: `key = scalar`, `key = [scalars]`, `key = { flat inline table }`, arrays of these over several lines, `[table]`,
`[[array]]`, comments. Scalars: basic strings with no escape but `\\"` and `\\\\`, booleans, plain integers.
Everything else, and every repetition that TOML forbids, gives `None`: then a full parser has the word.
"""

import re
from typing import Any

_TEXT = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\["\\])*"'
_INTEGER = r"(?:0|[1-9][0-9]{0,17})"
_LIST = rf"\[[ ]?(?:{_TEXT}(?:, {_TEXT})*)?[ ]?\]"
_SCALAR = rf"(?:{_TEXT}|true|false|{_INTEGER}|{_LIST})"
_KEY = r'(?:[A-Za-z0-9_-]+|"[^"\\\x00-\x1f\x7f]+")'
_PAIR = rf"{_KEY} ?= ?{_SCALAR}"
_INLINE = rf"\{{ ?{_PAIR}(?:, ?{_PAIR})* ?\}}"
_INLINES = rf"\[ ?{_INLINE}(?:, {_INLINE})* ?\]"
_ARCHIVE = r'\{ ?[a-z-]+ = (?:"[^"\\\x00-\x1f\x7f]*"|\d+)(?:, [a-z-]+ = (?:"[^"\\\x00-\x1f\x7f]*"|\d+))* ?\}'

_ARCHIVES = re.compile(rf"^(?:(?:wheels|files) = \[\n(?:[ \t]+{_ARCHIVE},?\n)*\]|sdist = {_ARCHIVE})$", re.MULTILINE)
_ASSIGNMENT = re.compile(rf"({_KEY}) = (?:({_SCALAR})|({_INLINE})|({_INLINES})|(\[))[ ]*")
_INLINE_TABLES = re.compile(_INLINE)
_PAIRS = re.compile(rf"({_KEY}) ?= ?({_SCALAR})")
_TEXTS = re.compile(_TEXT)
_ITEM = re.compile(rf"[ \t]+(?:({_SCALAR})|({_INLINE}))(,?)[ ]*")
_TABLE = re.compile(r"(\[\[?)([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(\]\]?)[ ]*")
_MAX_PARENTS = 100
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPE = re.compile(r'\\(["\\])')


def _text(quoted: str) -> str:
    inner = quoted[1:-1]
    return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner


def _scalar(text: str) -> Any:
    match text[0]:
        case '"':
            return _text(text)
        case "[":
            return [_text(quoted) for quoted in _TEXTS.findall(text)]
        case "t" | "f":
            return text == "true"
        case _:
            return int(text)


def _key(text: str) -> str:
    return text[1:-1] if text[0] == '"' else text


def _inline(text: str) -> dict[str, Any] | None:
    pairs = _PAIRS.findall(text)
    made = {_key(key): _scalar(value) for key, value in pairs}
    return made if len(made) == len(pairs) else None


def _array(lines: list[str], at: int) -> tuple[list[Any], int] | None:
    """Return the values of an array whose items start at `lines[at]`, and the index after its `]` line."""
    values: list[Any] = []
    open_ended = True
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.rstrip() == "]":
            return values, at
        item = _ITEM.fullmatch(line)
        if item is None or not open_ended:
            return None
        value = _scalar(item[1]) if item[1] else _inline(item[2])
        if value is None:
            return None
        values.append(value)
        open_ended = item[3] == ","
    return None


def _open_table(root: dict[str, Any], header: str, *, repeated: bool) -> dict[str, Any] | None:
    *parents, last = header.split(".")
    if len(parents) > _MAX_PARENTS:
        return None
    table = root
    for name in parents:
        step = table.setdefault(name, {})
        if isinstance(step, list):
            step = step[-1] if step else None
        if not isinstance(step, dict):
            return None
        table = step
    made: dict[str, Any] = {}
    if not repeated:
        return made if table.setdefault(last, made) is made else None
    rows = table.setdefault(last, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows[-1:]):
        return None
    rows.append(made)
    return made


def parse_lines(text: str, tables: str = "package") -> tuple[dict[str, Any], list[int]] | None:
    """Return the document and the line of each table of that name, or `None` when it is outside of the subset."""
    lines = _ARCHIVES.sub(lambda block: "\n" * block[0].count("\n"), text).split("\n")
    root: dict[str, Any] = {}
    table: dict[str, Any] | None = root
    found: list[int] = []
    fixed: set[str] = set()  # keys of the root given as values: never extended by a header
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line or (line[0] == "#" and line.isprintable()):
            continue
        if line[0] == "[":
            header = _TABLE.fullmatch(line)
            if header is None or len(header[1]) != len(header[3]) or header[2].partition(".")[0] in fixed:
                return None
            table = _open_table(root, header[2], repeated=len(header[1]) == 2)
            if header[2] == tables:
                found.append(at)
        else:
            after = _assign(lines, at, table)
            if after is None:
                return None
            if table is root:
                fixed.update(root)
            at = after
        if table is None:
            return None
    return root, found


def _assign(lines: list[str], at: int, table: dict[str, Any] | None) -> int | None:
    """Read the assignment in `lines[at - 1]` into `table`; return where to go on, `None` outside of the subset."""
    key, _, plain = lines[at - 1].partition(' = "')
    if table is not None and plain.endswith('"') and plain.isprintable() and _BARE_KEY.fullmatch(key):
        text = plain[:-1]  # nine lines of ten are this simple: no need for the whole grammar
        if '"' not in text and "\\" not in text and key not in table:
            table[key] = text
            return at
    assignment = _ASSIGNMENT.fullmatch(lines[at - 1])
    if assignment is None or table is None or _key(assignment[1]) in table:
        return None
    value: Any
    if assignment[2]:
        value = _scalar(assignment[2])
    elif assignment[3]:
        value = _inline(assignment[3])
    elif assignment[4]:
        tables = [_inline(inline) for inline in _INLINE_TABLES.findall(assignment[4])]
        value = None if None in tables else tables
    else:
        array = _array(lines, at)
        if array is None:
            return None
        value, at = array
    if value is None:
        return None
    table[_key(assignment[1])] = value
    return at
