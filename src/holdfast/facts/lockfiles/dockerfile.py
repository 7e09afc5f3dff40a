"""`Dockerfile`, `Containerfile`: the images that a container image is built from.

Rules:

1. `FROM`, `COPY --from` and `RUN --mount=from` name images, or stages of the same file, which are none; so does the
   `# syntax` line. `scratch` is nothing.
2. Images are named with source `url`, and not matched; scan the image itself. One without a tag, with `latest`, or with
   a variable that has no default is a gap.
3. What the last stage stands on is runtime; what other stages stand on, and what files are taken from, is development.
4. What `RUN` installs is not read: it is in the image, where its package database tells.

Source: the Dockerfile reference.
"""

import re
import shlex
from dataclasses import dataclass, field

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._dockerfile_lines import Instruction, directives, expand, instructions
from holdfast.facts.lockfiles._image import add_image
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode, lines_of, refuse_conflict
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree

_FROM = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*\Z", re.IGNORECASE)
_COPY_FROM = re.compile(r"(?:^|\s)--from=([^\s]+)")
_MOUNT = re.compile(r"(?:^|\s)--mount=(\S+)")
_PROGRAMS = (".py", ".pyi", ".go", ".js", ".mjs", ".ts", ".rb", ".rs", ".java", ".kt", ".cs", ".lua", ".md", ".rst")
_HAS_FROM = re.compile(rb"^[ \t]*FROM[ \t]+\S", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class _Stage:
    """A stage: what it stands on, where that is written, and the number of the stage that it is, if it is one."""

    base: str
    line: int
    below: int | None


@dataclass(slots=True)
class _Build:
    """What a file has said so far. `taken` are images that files are taken from."""

    gathering: Gathering
    variables: dict[str, str | None] = field(default_factory=dict)
    stages: list[_Stage] = field(default_factory=list)
    taken: list[tuple[str, int]] = field(default_factory=list)
    _by_name: dict[str, int] = field(default_factory=dict)

    def read(self, instruction: Instruction) -> None:
        match instruction.verb:
            case "ARG" if not self.stages:
                self._argument(instruction.rest)
            case "FROM":
                self._from(instruction)
            case "COPY" | "ADD":
                self._take(_COPY_FROM.findall(instruction.rest), instruction.line)
            case "RUN":
                options = [part for mount in _MOUNT.findall(instruction.rest) for part in mount.split(",")]
                self._take([one[len("from=") :] for one in options if one.startswith("from=")], instruction.line)
            case _:
                return

    def _argument(self, rest: str) -> None:
        try:
            words = shlex.split(rest)
        except ValueError:  # an open quote
            words = rest.split()
        for word in words:
            name, equals, value = word.partition("=")
            try:
                self.variables[name] = expand(value, self.variables) if equals else self.variables.get(name)
            except FactError:
                self.variables[name] = None

    def _from(self, instruction: Instruction) -> None:
        found = _FROM.match(instruction.rest)
        if found is None:
            self.gathering.skip(instruction.line, f"not a `FROM`: `{instruction.rest[:120]}`")
            self.stages.append(_Stage("scratch", instruction.line, None))
            return
        name = (found[2] or "").lower()
        try:
            base = expand(found[1].strip("\"'"), self.variables)
        except FactError as error:
            self.gathering.skip(instruction.line, f"`FROM {found[1][:120]}`: {error.message}")
            base = "scratch"
        self.stages.append(_Stage(base, instruction.line, self._by_name.get(base.lower())))
        if name:
            self._by_name[name] = len(self.stages) - 1

    def _take(self, names: list[str], line: int) -> None:
        for name in (one.strip("\"'") for one in names):
            if name.isdigit() or name.lower() in self._by_name:
                continue
            if "$" in name:
                self.gathering.skip(line, f"files are taken from `{name[:120]}`: what that is is not known")
            elif name != "scratch":
                self.taken.append((name, line))

    def add_all(self) -> None:
        """Add the images, those of the last stage as runtime."""
        shipped = set[int]()
        number: int | None = len(self.stages) - 1 if self.stages else None
        while number is not None:
            shipped.add(number)
            number = self.stages[number].below
        for index, stage in enumerate(self.stages):
            if stage.below is None and stage.base.lower() != "scratch":
                scope = Scope.RUNTIME if index in shipped else Scope.DEVELOPMENT
                add_image(self.gathering, stage.base, stage.line, scope)
        for name, line in self.taken:
            if name.lower() not in self._by_name:
                add_image(self.gathering, name, line, Scope.DEVELOPMENT)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the images that a file names; the tree is not needed.

    Raises:
        FactError: empty, not text, or with merge conflict markers.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    lines = lines_of(text)
    gathering = Gathering(file, SPEC.id, "purl:docker")
    build = _Build(gathering)
    head = directives(lines)
    if "syntax" in head:
        build.taken.append(head["syntax"])
    escape = head.get("escape", ("\\", 0))[0]
    for instruction in instructions(lines, escape if escape in {"\\", "`"} else "\\"):
        build.read(instruction)
    if not build.stages:
        gathering.skip(None, "no `FROM` in it: not a whole Dockerfile")
    build.add_all()
    return gathering.parsed()


def sniff(file: str, data: bytes) -> bool:
    """Return whether it is one: by its whole name, or because something in it is built `FROM` something.

    A program or a text about Dockerfiles is none: Python begins its lines with `from`, too.
    """
    name = file.rpartition("/")[2].lower()
    if name in {"dockerfile", "containerfile"}:
        return True
    return not name.endswith(_PROGRAMS) and _HAS_FROM.search(data) is not None


SPEC = LockfileSpec(
    id="dockerfile",
    patterns=("Dockerfile", "Dockerfile.*", "*.Dockerfile", "Containerfile", "Containerfile.*"),
    parse=parse,
    sniff=sniff,
    limit_bytes=8 << 20,
)
