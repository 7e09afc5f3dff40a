"""A tree of files → every evaluation of a flag in it, and what could not be looked at.

Rules:
1. Folders that hold what others wrote or tools made are left out: `node_modules`, `.git`, virtual environments (the
   tree's own rule), and `dist`, `build` and their like. Everything else is looked at or named.
2. A file is parsed only when its bytes hold a name that an evaluation needs. What is too large for that is named.
3. Files of languages that no parser here reads are named where they use OpenFeature, or mention a key that is declared.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from holdfast.errors import FactError
from holdfast.facts.flag_usage import FlagRead, FlagUsageSpec, Forwarder, Unsettled, Value
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree
from holdfast.registry import load_room

MAX_PARSED_BYTES = 1 << 20
MAX_READ_BYTES = 32 << 20
LEFT_OUT = frozenset(
    {
        "dist",
        "build",
        "out",
        "coverage",
        "site-packages",
        ".next",
        ".nuxt",
        ".output",
        ".svelte-kit",
        ".turbo",
        ".cache",
    }
)
_OTHERS = (
    *(".vue", ".svelte", ".astro", ".html", ".go", ".java", ".kt", ".kts", ".scala", ".groovy", ".cs", ".fs", ".rb"),
    *(".rs", ".php", ".swift", ".dart", ".ex", ".exs", ".c", ".cc", ".cpp", ".h", ".hpp", ".m", ".mm"),
)


@frozen
class Unread:
    """What could not be looked at: a place (line and column 1 where there is none), and why."""

    file: str
    line: int
    column: int
    because: str


@frozen
class FlagSources:
    """What a tree evaluates.

    `files` is how many source files were looked at; `mentions` are keys → where they first stand in one, as text.
    """

    reads: tuple[FlagRead, ...]
    unread: tuple[Unread, ...]
    files: int
    mentions: Mapping[str, tuple[str, int, int]]


def read_flag_sources(
    tree: Tree, keys: Collection[str], is_excluded: Callable[[str], bool] = lambda _: False
) -> FlagSources:
    """Return the evaluations in a tree, in order of file and place; `keys` are the flags that somebody declared."""
    reading = _Reading(tree, tuple(sorted(keys)))
    paths = [one for one in tree.walk() if LEFT_OUT.isdisjoint(one.split("/")[:-1]) and not is_excluded(one)]
    for path in paths:
        reading.take(path)
    for path in paths if reading.forwarders else ():
        reading.take_calls(path)
    return FlagSources(tuple(reading.found()), tuple(reading.unread), reading.files, reading.mentions)


def writer_for(path: str) -> FlagUsageSpec | None:
    """Return the family of languages that a file is of; `None` for one that is not read here."""
    return next((spec for spec in load_room("facts.flag_usage") if path.endswith(spec.suffixes)), None)


@dataclass(slots=True)
class _Reading:
    """One reading of a tree."""

    tree: Tree
    keys: tuple[str, ...]
    reads: dict[str, tuple[FlagRead, ...]] = field(default_factory=dict)
    forwarders: dict[str, list[Forwarder]] = field(default_factory=dict)
    """Family of languages → its functions that hand a key on."""
    unread: list[Unread] = field(default_factory=list)
    files: int = 0
    mentions: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    _constants: dict[str, Mapping[str, Value | Unsettled] | None] = field(default_factory=dict)

    def take(self, path: str) -> None:
        """Look at one path of the tree."""
        if path.endswith("/"):
            self.unread.append(Unread(path, 1, 1, "a folder that can't be listed"))
            return
        spec = writer_for(path)
        if spec is None and not path.endswith(_OTHERS):
            return
        try:
            data = self.tree.read(path, MAX_READ_BYTES)
        except FactError as error:
            self.unread.append(Unread(path, 1, 1, error.message))
            return
        self.files += 1
        self._note_mentions(path, data)
        if spec is None:
            self._other(path, data)
        elif any(hint in data for hint in spec.hints):
            self._parse(spec, path, data)

    def _note_mentions(self, path: str, data: bytes) -> None:
        for key in self.keys:
            if key not in self.mentions and (at := data.find(key.encode())) >= 0:
                line = data.count(b"\n", 0, at) + 1
                column = len(data[data.rfind(b"\n", 0, at) + 1 : at].decode(errors="replace")) + 1
                self.mentions[key] = (path, line, column)

    def _other(self, path: str, data: bytes) -> None:
        named = next((key for key in self.keys if key.encode() in data), None)
        if named is not None:
            self.unread.append(Unread(path, 1, 1, f"it names `{named}`, in a language that is not read here"))
        elif (b"@openfeature/" if path.endswith(".html") else b"openfeature") in data.lower().replace(
            b"open-", b"open"
        ):
            self.unread.append(Unread(path, 1, 1, "it uses OpenFeature, in a language that is not read here"))

    def _parse(self, spec: FlagUsageSpec, path: str, data: bytes) -> None:
        if len(data) > MAX_PARSED_BYTES:
            because = f"{len(data)} bytes, more than the {MAX_PARSED_BYTES} that are parsed; is it made by a tool?"
            self.unread.append(Unread(path, 1, 1, because))
            return
        try:
            usage = spec.parse(data, path, partial(self._look_up, spec, path), ())
        except FactError as error:
            line, column = _place(error.where or "")
            self.unread.append(Unread(path, line, column, error.message))
            return
        self.reads[path] = usage.reads
        self.forwarders.setdefault(spec.id, []).extend(usage.forwarders)
        self.unread += [Unread(path, line, column, because) for line, column, because in usage.problems]

    def take_calls(self, path: str) -> None:
        """Look at a path again: for calls of functions in other files that hand a parameter on as the key."""
        spec = writer_for(path)
        others = [one for one in self.forwarders.get(spec.id, ()) if one.file != path] if spec is not None else []
        if spec is None or not others:
            return
        try:
            data = self.tree.read(path, MAX_PARSED_BYTES)
            if any(one.name.encode() in data for one in others):
                lookup = partial(self._look_up, spec, path)
                self.reads[path] = spec.parse(data, path, lookup, others).reads
        except FactError as error:
            if path in self.reads or not any(one.file == path for one in self.unread):
                line, column = _place(error.where or "")
                self.unread.append(Unread(path, line, column, error.message))

    def found(self) -> Iterator[FlagRead]:
        """Yield the evaluations in order of file and place.

        A call that is one by the name of a method alone counts where its key is one that somebody declared. A function
        whose calls were found is no evaluation of its own.
        """
        every = [read for path in sorted(self.reads) for read in self.reads[path]]
        counted = [one for one in every if one.sure or (isinstance(one.key, Value) and one.key.value in self.keys)]
        followed = {one.through for one in counted if not one.hands_on}
        yield from (one for one in counted if not (one.hands_on and one.through in followed))

    def _look_up(self, spec: FlagUsageSpec, path: str, module: str, name: str) -> Value | Unsettled | None:
        for candidate in spec.candidates(path, module):
            known = self._constants_of(spec, candidate)
            if known is not None and name in known:
                return known[name]
        return None

    def _constants_of(self, spec: FlagUsageSpec, path: str) -> Mapping[str, Value | Unsettled] | None:
        if path not in self._constants:
            try:
                self._constants[path] = spec.constants(self.tree.read(path, MAX_PARSED_BYTES), path)
            except (
                FactError
            ):  # not there, or not to be read: the name stays unsettled, and that is said where it is used
                self._constants[path] = None
        return self._constants[path]


def _place(where: str) -> tuple[int, int]:
    """Return line and column of `file:line[:column]`, 1 for what is not said."""
    numbers = [int(part) for part in where.split(":")[1:] if part.isdecimal()]
    return (numbers[0] if numbers else 1), (numbers[1] if len(numbers) > 1 else 1)
