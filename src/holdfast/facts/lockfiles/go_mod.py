"""`go.mod`: the requirement graph as the main module states it.

Rules:

1. `require` gives the components; `// indirect` ones are not direct. The path to them is not in the file.
2. `replace` counts: the replacing module is the component, at both places; a replacement by a folder is named with
   source `path`. A required version that is excluded is not what Go builds with: it is unparsed.
3. From Go 1.17 on the file names every module of the build. Before, it may leave indirect ones out: then the modules
   with a zip hash in the `go.sum` beside it are added, and without a `go.sum` that gap is named.
4. A file that requires nothing, beside a `go.sum` with the code of others, is cut off or not tidy: that is a gap.
5. `go` and `toolchain` are the least version that may build, not the one that did: no component is made of the
   standard library. What a binary was built with is a fact of its release.

Source: the Go Modules Reference, "go.mod files".
"""

import re
from dataclasses import dataclass, field

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._go_mod_lines import Directive, parse_directives
from holdfast.facts.lockfiles._go_sum_lines import parse_sums
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES, LockfileSpec
from holdfast.facts.lockfiles._text import cut_conflicts, decode, lines_of
from holdfast.model.component import Location, ParsedFile, Source
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

_VERSION = re.compile(r"v\d+\.\d+\.\d+\S*\Z")
_GO = re.compile(r"(\d+)\.(\d+)")
_LAZY_SINCE = (1, 17)
_NO_COMPONENT = {"module", "go", "toolchain", "exclude", "replace", "retract", "tool", "godebug", "ignore"}


@frozen
class _Replacement:
    path: str
    version: str
    line: int


@dataclass(slots=True)
class _Module:
    """The directives that decide what is required."""

    go: tuple[int, int] = (1, 16)
    go_line: int | None = None
    required: list[Directive] = field(default_factory=list)
    replaced: dict[tuple[str, str], _Replacement] = field(default_factory=dict)
    excluded: set[tuple[str, str]] = field(default_factory=set)

    def replacement(self, path: str, version: str) -> _Replacement | None:
        """Return what replaces that version, one for the exact version before one for all."""
        return self.replaced.get((path, version)) or self.replaced.get((path, ""))


def _replace(directive: Directive) -> tuple[tuple[str, str], _Replacement] | None:
    words = directive.words
    if "=>" not in words:
        return None
    at = words.index("=>")
    old, new = words[:at], words[at + 1 :]
    if not 1 <= len(old) <= 2 or not 1 <= len(new) <= 2:
        return None
    return (old[0], old[1] if len(old) == 2 else ""), _Replacement(
        new[0], new[1] if len(new) == 2 else "", directive.line
    )


def _read(lines: list[str], gathering: Gathering) -> _Module:
    module = _Module()
    unknown: set[str] = set()
    for directive in parse_directives(lines):
        match directive.verb:
            case "require":
                module.required.append(directive)
            case "exclude" if len(directive.words) == 2:
                module.excluded.add((directive.words[0], directive.words[1]))
            case "replace":
                replacement = _replace(directive)
                if replacement is None:
                    gathering.skip(directive.line, f"not a replacement: `{' '.join(directive.words)}`")
                else:
                    module.replaced[replacement[0]] = replacement[1]
            case "go":
                found = _GO.match(directive.words[0]) if directive.words else None
                module.go = (int(found[1]), int(found[2])) if found else module.go
                module.go_line = directive.line
            case verb if verb not in _NO_COMPONENT and verb not in unknown:
                unknown.add(verb)
                what = f"`{verb}` is not a directive of go.mod" if verb else "a block that is not closed"
                gathering.skip(directive.opened, f"{what}: what stands there was not read")
            case _:
                continue
    return module


def _add(directive: Directive, module: _Module, gathering: Gathering) -> str | None:
    """Add one required module; return its path, `None` when it is not readable."""
    if len(directive.words) != 2 or not _VERSION.match(directive.words[1]):
        gathering.skip(directive.line, f"expected module and version, got `{' '.join(directive.words)}`")
        return None
    path, version = directive.words
    direct = directive.comment.partition(";")[0].strip() != "indirect"
    new = module.replacement(path, version)
    if (path, version) in module.excluded and new is None:
        gathering.skip(directive.line, f"`{path} {version}` is required and excluded: Go takes a later version")
    elif new is None:
        gathering.add(path, version, directive.line, direct=direct)
    elif new.version:
        gathering.add(new.path, new.version, directive.line, direct=direct, more=(Location(gathering.file, new.line),))
    else:
        place = (Location(gathering.file, new.line),)
        gathering.add(path, version, directive.line, source=Source.PATH, direct=direct, more=place)
    return path


def _add_from_sums(named: set[str], module: _Module, gathering: Gathering, tree: Tree) -> None:
    file = gathering.file.removesuffix("go.mod") + "go.sum"
    try:
        sums = parse_sums(file, tree.read(file, MAX_FILE_BYTES))
    except FactError as error:
        because = f"before Go 1.17 indirect modules may be missing here, and go.sum could not be read: {error.message}"
        gathering.skip(module.go_line, because)
        return
    gathering.skip_all(sums.unparsed)
    known = named | {new.path for new in module.replaced.values()}
    for line, path, version in sums.modules:
        if path not in known:
            gathering.add_at(path, version, Location(file, line), direct=False)


def _tell_of_sums(file: str, gathering: Gathering, tree: Tree) -> None:
    """Tell that nothing is required where the `go.sum` beside it names modules whose code was taken."""
    try:
        beside = file.removesuffix("go.mod") + "go.sum"
        sums = parse_sums(beside, tree.read(beside, MAX_FILE_BYTES))
    except FactError:
        return  # there is none, or nothing in it
    if sums.modules:
        gathering.skip(None, f"nothing is required, and `go.sum` beside it has the code of {len(sums.modules)} modules")


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the modules of a `go.mod`; the tree gives the `go.sum` beside it.

    Raises:
        FactError: empty, or not text.
    """
    gathering = Gathering(file, SPEC.id, "Go")
    lines, cuts = cut_conflicts(lines_of(decode(file, data)))
    for first, last in cuts:
        gathering.skip(first, f"merge conflict markers: lines {first} to {last} were not read")
    module = _read(lines, gathering)
    named = {path for path in (_add(directive, module, gathering) for directive in module.required) if path}
    if module.go < _LAZY_SINCE and module.required:
        _add_from_sums(named, module, gathering, tree)
    elif not module.required:
        _tell_of_sums(file, gathering, tree)
    return gathering.parsed()


SPEC = LockfileSpec(id="go_mod", patterns=("go.mod",), parse=parse)
