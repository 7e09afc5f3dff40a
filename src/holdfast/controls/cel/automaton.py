"""Automata that find a pattern in linear time: all states advance together, one character at a time.

Source: Ken Thompson, "Regular Expression Search Algorithm", 1968; Russ Cox, "Regular Expression Matching", 2009.
"""

from collections.abc import Callable

from holdfast.errors import ExpressionError
from holdfast.model.frozen import frozen

MAX_INSTRUCTIONS = 2000

CHARACTER, SPLIT, ASSERT, MATCH = range(4)
Ranges = tuple[tuple[int, int], ...]
Instruction = tuple[int, object, int]
"""(kind, argument, next): ranges of a character, the other branch of a split, the name of an assertion."""


@frozen
class Pattern:
    """A compiled pattern."""

    text: str
    program: tuple[Instruction, ...]

    def search(self, text: str) -> bool:
        """Whether the pattern occurs anywhere in the text; takes len(text) × len(program) steps at most."""
        current: set[int] = set()
        for at in range(len(text) + 1):
            states = self._follow(current | {0}, text, at)
            if states is None:
                return True
            code = ord(text[at]) if at < len(text) else -1
            current = {nxt for ranges, nxt in states if any(lo <= code <= hi for lo, hi in ranges)}
        return False

    def _follow(self, start: set[int], text: str, at: int) -> list[tuple[Ranges, int]] | None:
        """Return the characters awaited next, or `None` when a match is reached."""
        seen, stack, out = set(start), list(start), []
        while stack:
            kind, argument, following = self.program[stack.pop()]
            if kind == MATCH:
                return None
            reached = [following]
            if kind == CHARACTER:
                out.append((argument, following))
                continue
            if kind == SPLIT:
                reached.append(argument)  # type: ignore[arg-type]  # a split's argument is an instruction's number
            elif not _holds(str(argument), text, at):
                continue
            stack.extend(state for state in reached if state not in seen)
            seen.update(reached)
        return out  # type: ignore[return-value]  # a character's argument is its ranges


def _holds(assertion: str, text: str, at: int) -> bool:
    before, after = text[at - 1] if at else "", text[at : at + 1]
    match assertion:
        case "start":
            return at == 0
        case "end":
            return at == len(text)
        case "line start":
            return before in {"", "\n"}
        case "line end":
            return after in {"", "\n"}
    is_boundary = _is_word(before) != _is_word(after)
    return is_boundary == (assertion == "boundary")


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


Fragment = Callable[[int], int]
"""Writes instructions that go on to the given one, and returns where they start."""


class Builder:
    def __init__(self) -> None:
        self._instructions: list[Instruction] = [(SPLIT, 0, 0)]
        self._sequences = 0

    def add(self, kind: int, argument: object, following: int) -> int:
        if len(self._instructions) >= MAX_INSTRUCTIONS:
            raise too_large()
        self._instructions.append((kind, argument, following))
        return len(self._instructions) - 1

    def loop(self, body: Fragment, following: int) -> int:
        """Return the split of `body*`."""
        split = self.add(SPLIT, following, 0)
        self._instructions[split] = (SPLIT, following, body(split))
        return split

    def write(self) -> None:
        """Count one sequence that is written out; repeated empty groups add no instruction, but take as long."""
        self._sequences += 1
        if self._sequences > MAX_INSTRUCTIONS:
            raise too_large()

    def program(self, start: int) -> tuple[Instruction, ...]:
        return ((SPLIT, start, start), *self._instructions[1:])


def too_large() -> ExpressionError:
    return ExpressionError("a regular expression that repeats too much", hint="use smaller counts in `{n,m}`")
