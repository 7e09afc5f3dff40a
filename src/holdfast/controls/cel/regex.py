"""Regular expressions in linear time: the part of RE2's syntax that predicates need.

A pattern becomes a small non-deterministic automaton whose states are advanced together, so that no pattern is
catastrophic. Back references and look-around do not exist here, as in RE2. Source: google/re2, doc/syntax.txt.

In the subset: literals, `.`, classes with ranges, `\\d \\w \\s` and their opposites (ASCII), `^ $ \\A \\z \\b \\B`,
groups, `|`, `* + ? {n,m}` also lazy, and `(?i)` (ASCII), `(?s)`, `(?m)` at the start. Everything else is refused.
"""

from functools import lru_cache

from holdfast.controls.cel.automaton import ASSERT, CHARACTER, MATCH, SPLIT, Builder, Fragment, Pattern, Ranges
from holdfast.errors import ExpressionError

MAX_PATTERN_CHARACTERS = 1000
MAX_REPEAT = 1000
MAX_NESTING = 30

_DIGITS = ((48, 57),)
_WORDS = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACES = ((9, 10), (12, 13), (32, 32))
_PERL = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_LAST = 0x10FFFF


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern:
    """Return the automaton of a pattern.

    Raises:
        ExpressionError: not in the subset, or too large; without a place, which the caller knows.
    """
    if len(text) > MAX_PATTERN_CHARACTERS:
        raise ExpressionError(f"a regular expression of over {MAX_PATTERN_CHARACTERS} characters")
    builder = Builder()
    start = _PatternParser(text, builder).parse()(builder.add(MATCH, "", 0))
    return Pattern(text, builder.program(start))


class _PatternParser:
    def __init__(self, text: str, builder: Builder) -> None:
        self._text = text
        self._at = 0
        self._builder = builder
        self._nesting = 0
        self._flags: set[str] = set()

    def parse(self) -> Fragment:
        while self._text.startswith("(?", self._at):
            flags, closing, _ = self._text[self._at + 2 :].partition(")")
            if not closing or not flags or set(flags) - set("ims"):
                break
            self._flags |= set(flags)
            self._at += len(flags) + 3
        fragment = self._alternatives()
        if self._at < len(self._text):
            raise self._error("a `)` without its `(`")
        return fragment

    def _error(self, message: str, hint: str | None = None) -> ExpressionError:
        return ExpressionError(f"{message} in the regular expression `{self._text[:60]}`", hint=hint)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _accept(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) * found
        return found

    def _alternatives(self) -> Fragment:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self._error("groups nested too deeply")
        branches = [self._sequence()]
        while self._accept("|"):
            branches.append(self._sequence())
        self._nesting -= 1
        return branches[0] if len(branches) == 1 else lambda following: self._split(branches, following)

    def _split(self, branches: list[Fragment], following: int) -> int:
        start = branches[-1](following)
        for branch in reversed(branches[:-1]):
            start = self._builder.add(SPLIT, start, branch(following))
        return start

    def _sequence(self) -> Fragment:
        parts: list[Fragment] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repeated())

        def write(following: int) -> int:
            self._builder.write()
            for part in reversed(parts):
                following = part(following)
            return following

        return write

    def _repeated(self) -> Fragment:
        atom = self._atom()
        count = self._count()
        if count is None:
            return atom
        self._accept("?")  # lazy or greedy finds the same texts
        if self._peek() in {"*", "+", "?"} or (self._peek() == "{" and self._bounds() is not None):
            raise self._error("a repetition of a repetition", "put the inner one into `(?:…)`")
        return lambda following: self._repeat(atom, *count, following)

    def _repeat(self, atom: Fragment, low: int, high: int | None, following: int) -> int:
        if high is None:
            following = self._builder.loop(atom, following)
        else:
            end = following
            for _ in range(high - low):
                following = self._builder.add(SPLIT, end, atom(following))
        for _ in range(low):
            following = atom(following)
        return following

    def _count(self) -> tuple[int, int | None] | None:
        for sign, count in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._accept(sign):
                return count
        bounds = self._bounds()
        if bounds is None:
            return None
        low, high, self._at = bounds
        if max(low, high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise self._error("a repetition out of range", f"0 to {MAX_REPEAT}, the smaller one first")
        return low, high

    def _bounds(self) -> tuple[int, int | None, int] | None:
        """Return (low, high, end) of `{n}`, `{n,}` or `{n,m}`; any other `{` is a literal, as in RE2."""
        inside, closing, _ = self._text[self._at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if self._peek() != "{" or not closing or not _is_count(low) or (high and not _is_count(high)):
            return None
        upper = int(high) if high else (None if comma else int(low))
        return int(low), upper, self._at + len(inside) + 2

    def _atom(self) -> Fragment:
        character = self._peek()
        self._at += 1
        match character:
            case "(":
                return self._group()
            case "[":
                return self._one(self._class())
            case ".":
                return self._one(((0, _LAST),) if "s" in self._flags else _negate(((10, 10),)))
            case "^":
                return self._assert("line start" if "m" in self._flags else "start")
            case "$":
                return self._assert("line end" if "m" in self._flags else "end")
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise self._error(f"a `{character}` with nothing before it", f"write `\\{character}`")
        return self._one(((ord(character), ord(character)),))

    def _group(self) -> Fragment:
        if self._accept("?") and not self._accept(":"):
            name, closing, _ = self._text[self._at :].removeprefix("P").partition(">")
            if not closing or not name.startswith("<") or not name[1:].isidentifier():
                raise self._error("a group that is not in this subset of RE2", "no look-around; `(?:…)` groups")
            self._at = self._text.index(">", self._at) + 1
        fragment = self._alternatives()
        if not self._accept(")"):
            raise self._error("a `(` without its `)`")
        return fragment

    def _assert(self, name: str) -> Fragment:
        return lambda following: self._builder.add(ASSERT, name, following)

    def _one(self, ranges: Ranges) -> Fragment:
        kept = _fold(ranges) if "i" in self._flags else ranges
        return lambda following: self._builder.add(CHARACTER, kept, following)

    def _escape(self) -> Fragment:
        assertion = {"b": "boundary", "B": "no boundary", "A": "start", "z": "end"}.get(self._peek())
        if assertion:
            self._at += 1
            return self._assert(assertion)
        return self._one(self._escaped())

    def _escaped(self) -> Ranges:
        letter = self._peek()
        self._at += 1
        if letter.lower() in _PERL and letter:
            ranges = _PERL[letter.lower()]
            return ranges if letter.islower() else _negate(ranges)
        if letter in _CONTROLS:
            return ((ord(_CONTROLS[letter]), ord(_CONTROLS[letter])),)
        if letter == "x":
            return self._hexadecimal()
        if not letter or letter.isalnum() or not letter.isascii():
            raise self._error(f"`\\{letter}` is not in this subset of RE2")
        return ((ord(letter), ord(letter)),)

    def _hexadecimal(self) -> Ranges:
        digits = self._text[self._at : self._at + 2]
        self._at += 2
        if len(digits) != 2 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise self._error("expected two hexadecimal digits after `\\x`")
        return ((int(digits, 16), int(digits, 16)),)

    def _class(self) -> Ranges:
        negated = self._accept("^")
        ranges: list[tuple[int, int]] = []
        is_first = True
        while is_first or not self._accept("]"):
            is_first = False
            ranges.extend(self._class_item())
        return _negate(tuple(ranges), fold="i" in self._flags) if negated else tuple(ranges)

    def _class_item(self) -> Ranges:
        if not self._peek():
            raise self._error("a `[` without its `]`")
        if self._text.startswith("[:", self._at):
            raise self._error("a named class", "write the ranges out, or use `\\d`, `\\w`, `\\s`")
        low = self._class_character()
        if (
            len(low) != 1
            or low[0][0] != low[0][1]
            or self._peek() != "-"
            or self._text[self._at + 1 : self._at + 2] in {"]", ""}
        ):
            return low
        self._at += 1
        high = self._class_character()
        if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise self._error("a range in `[…]` whose end is before its start")
        return ((low[0][0], high[0][1]),)

    def _class_character(self) -> Ranges:
        character = self._peek()
        self._at += 1
        return self._escaped() if character == "\\" else ((ord(character), ord(character)),)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5


def _negate(ranges: Ranges, *, fold: bool = False) -> Ranges:
    out, following = [], 0
    for low, high in sorted(_fold(ranges) if fold else ranges):
        if low > following:
            out.append((following, low - 1))
        following = max(following, high + 1)
    return (*out, (following, _LAST)) if following <= _LAST else tuple(out)


def _fold(ranges: Ranges) -> Ranges:
    """Add the other case of ASCII letters; other letters keep their case."""
    out = list(ranges)
    for first, last, other in ((65, 90, 32), (97, 122, -32)):
        for low, high in ranges:
            if low <= last and high >= first:
                out.append((max(low, first) + other, min(high, last) + other))
    return tuple(out)
