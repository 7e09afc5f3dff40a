"""What a parser of source code answers with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from holdfast.model.frozen import frozen

MOST_NESTED = 40
"""How deep a value may be nested, and how many names may lead to it."""
MOST_PARTS = 10_000
"""Of how many parts a value may be made, so that lists of lists of one list can't blow up."""


@frozen
class Value:
    """A value that the text settles, as JSON has it: a text, a number, a boolean, nothing, a list or an object."""

    value: Any


@frozen
class Unsettled:
    """A value that the text does not settle; `because` says why, as a clause."""

    because: str


@frozen
class Span:
    """A piece of a text. Lines and columns count from 1, columns in characters; the end is the place after it."""

    line: int
    column: int
    end_line: int
    end_column: int


@frozen
class FlagRead:
    """One evaluation of a flag. `call` is what evaluates it as the code names it, `kind` the type of value it asks for.

    `kind` is `boolean`, `string`, `number` or `object`; `None` where the call does not say. `default_at` is where the
    default is written out in this file, `None` where it is not (left out, or named elsewhere).
    """

    file: str
    at: Span
    call: str
    kind: str | None
    key: Value | Unsettled
    default: Value | Unsettled
    default_at: Span | None = None
    sure: bool = True
    """False for a call that is one by the name of its method alone: of another object it means something else."""
    hands_on: bool = False
    """True for the evaluation within a function that hands its parameter on, where no call of it stands in the file."""
    through: str = ""
    """`file:name` of the function that hands the key on, empty without one."""


@frozen
class Forwarder:
    """A function that hands a parameter on as the key. `parameters` are those that a call fills in, in order.

    `default` is the default that it hands on, or the name of the parameter that is one; `own` are its parameters' own.
    """

    file: str
    name: str
    parameters: tuple[str, ...]
    key: str
    call: str
    kind: str | None
    default: Value | Unsettled | str
    own: Mapping[str, Value | Unsettled]

    @property
    def identity(self) -> str:
        """`file:name`."""
        return f"{self.file}:{self.name}"

    def read(
        self, file: str, at: Span, given: Mapping[str, tuple[Value | Unsettled, Span | None]], *, sure: bool
    ) -> FlagRead:
        """Return what a call in another file evaluates; `given` is parameter → (value, where it is written out)."""
        absent: Value | Unsettled = Unsettled(f"`{self.key}` is not given")
        key = given[self.key][0] if self.key in given else self.own.get(self.key, absent)
        default, where = self.default, None
        if isinstance(default, str):
            missing: Value | Unsettled = Unsettled(f"`{default}` is not given")
            default, where = given.get(default, (self.own.get(default, missing), None))
        call = f"{self.name} → {self.call}"
        return FlagRead(file, at, call, self.kind, key, default, where, sure, through=self.identity)


@frozen
class SourceUsage:
    """What one file asks for. `problems` are (line, column, what could not be read of it).

    `forwarders` are its functions that other files may call.
    """

    reads: tuple[FlagRead, ...]
    problems: tuple[tuple[int, int, str], ...] = ()
    forwarders: tuple[Forwarder, ...] = ()


Lookup = Callable[[str, str], Value | Unsettled | None]
"""(module as this file names it, name in it) → the constant of that module; `None` when there is no such thing."""


def no_lookup(module: str, name: str) -> None:
    """Know no other module."""


def _not_there(_: str, __: str) -> Sequence[str]:
    return ()


@frozen
class FlagUsageSpec:
    """One family of languages.

    `suffixes` are its files' ends. A file that has none of the `hints` evaluates nothing, and need not be parsed.
    `parse` takes text, path, the lookup of other modules and their forwarders; `constants` returns what a module names
    once and for all; `candidates` says in which files a module may be that a file names, most likely first. `write`
    writes a value.
    """

    id: str
    suffixes: tuple[str, ...]
    hints: tuple[bytes, ...]
    parse: Callable[[bytes, str, Lookup, Sequence[Forwarder]], SourceUsage]
    constants: Callable[[bytes, str], Mapping[str, Value | Unsettled]]
    write: Callable[[Any], str]
    candidates: Callable[[str, str], Sequence[str]] = _not_there
