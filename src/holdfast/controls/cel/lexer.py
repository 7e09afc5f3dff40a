"""Text → tokens.

Rules: the lexis of CEL without bytes and unsigned integers, which the facts have no use for and which are named in the
error. Source: google/cel-spec, doc/langdef.md, "Syntax".
"""

import re

from holdfast.controls.cel.syntax import MAX_TEXT_CHARACTERS, place_of
from holdfast.errors import ExpressionError
from holdfast.model.frozen import frozen

_SPACE = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*)+")
_NUMBER = re.compile(r"(?:\d+\.\d+(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|0[xX][0-9a-fA-F]+|\d+)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIGN = re.compile(r"&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}]")
_STRING = re.compile(r"""[rRbB]{0,2}(?:'''|\"\"\"|'|\")""")
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.S
)
_PLAIN_ESCAPES = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))
_SURROGATES = range(0xD800, 0xE000)


@frozen
class Token:
    """`kind` is `word`, `int`, `double`, `string`, `sign` or `end`; `value` is the decoded text of a string."""

    kind: str
    value: str
    at: int


class Lexer:
    """Cuts one text into tokens; knows where the text stands, for the errors."""

    def __init__(self, text: str, file: str, line: int, column: int) -> None:
        self.text = text
        self._origin = (file, line, column)

    def error(self, message: str, at: int, hint: str | None = None) -> ExpressionError:
        """Return an error that names the place of an offset."""
        return ExpressionError(message, where=place_of(self.text, at, *self._origin), hint=hint)

    def tokens(self) -> list[Token]:
        """Return all tokens, the last one of kind `end`.

        Raises:
            ExpressionError: a character, number or string that is none of CEL's, or a text that is too long.
        """
        if len(self.text) > MAX_TEXT_CHARACTERS:
            raise self.error(f"an expression of over {MAX_TEXT_CHARACTERS} characters", 0)
        out: list[Token] = []
        at = 0
        while True:
            space = _SPACE.match(self.text, at)
            at = space.end() if space else at
            if at >= len(self.text):
                return [*out, Token("end", "", at)]
            token, at = self._next(at)
            out.append(token)

    def _next(self, at: int) -> tuple[Token, int]:
        if opening := _STRING.match(self.text, at):
            return self._string(opening.group(), at)
        if number := _NUMBER.match(self.text, at):
            return self._number(number.group(), at)
        for kind, pattern in (("word", _WORD), ("sign", _SIGN)):
            if found := pattern.match(self.text, at):
                return Token(kind, found.group(), at), found.end()
        raise self.error(f"expected a CEL token, got {self.text[at]!r}", at, _near_operator(self.text, at))

    def _number(self, digits: str, at: int) -> tuple[Token, int]:
        end = at + len(digits)
        following = _WORD.match(self.text, end)
        if following and following.group() in {"u", "U"}:
            raise self.error("unsigned integers are not in this subset of CEL", at, f"write `{digits}`")
        if following:
            raise self.error(f"expected a number, got `{digits}{following.group()}`", at)
        is_int = digits.isdigit() or digits[:2] in {"0x", "0X"}
        return Token("int" if is_int else "double", digits, at), end

    def _string(self, opening: str, at: int) -> tuple[Token, int]:
        prefix, quote = opening.rstrip("'\"").lower(), opening.lstrip("rRbB")
        if "b" in prefix:
            raise self.error("bytes are not in this subset of CEL", at, "compare strings")
        start = at + len(opening)
        end = self._closing(start, quote, raw="r" in prefix)
        if end is None:
            raise self.error(f"a string without its closing {quote}", at)
        body = self.text[start:end].replace("\r\n", "\n")
        return Token("string", body if "r" in prefix else self._unescape(body, start), at), end + len(quote)

    def _closing(self, start: int, quote: str, *, raw: bool) -> int | None:
        at = start
        while at < len(self.text):
            if self.text.startswith(quote, at):
                return at
            if len(quote) == 1 and self.text[at] in "\r\n":
                return None
            at += 2 if self.text[at] == "\\" and not raw else 1
        return None

    def _unescape(self, body: str, start: int) -> str:
        def decode(found: re.Match[str]) -> str:
            *numbers, octal, plain = found.groups()
            if plain is not None:
                if plain not in _PLAIN_ESCAPES:
                    raise self.error(
                        f"`\\{plain}` is not an escape of CEL", start + found.start(), "write `\\\\`, or r'…'"
                    )
                return _PLAIN_ESCAPES[plain]
            code = int(octal, 8) if octal else int(next(number for number in numbers if number), 16)
            if code > 0x10FFFF or code in _SURROGATES:
                raise self.error(f"`{found.group()}` is not a character", start + found.start())
            return chr(code)

        return _ESCAPE.sub(decode, body)


def _near_operator(text: str, at: int) -> str | None:
    return {"=": "compare with `==`", "&": "write `&&`", "|": "write `||`"}.get(text[at])
