"""`Gemfile.lock`, `gems.locked` and locks of other Gemfiles.

Rules:

1. A gem counts under its version without the platform; its builds for several platforms are one component.
2. Gems of `GIT` and `PATH` are named with their source, the project's own gem too; those of a plugin's source as `url`.
3. What stands in `DEPENDENCIES` is direct. The lock knows no groups, so everything counts as runtime.
4. Bundler itself is not locked like a gem: where something asks for it, it counts at the version of `BUNDLED WITH`.
5. A gem that is asked for and not in the file, and every line that is not understood, is told.

Source: rubygems/rubygems, `bundler/lib/bundler/lockfile_parser.rb`.
"""

import re
from dataclasses import field

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode, lines_of, refuse_conflict
from holdfast.model.component import ParsedFile, Source
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

_SOURCES = {"GEM": Source.REGISTRY, "GIT": Source.VCS, "PATH": Source.PATH, "PLUGIN SOURCE": Source.URL}
_PASSED = ("PLATFORMS", "CHECKSUMS", "RUBY VERSION")
_NAMED = re.compile(r"( +)([^\s(!]+)(?: \(([^()]*)\))?(!?)")
_MAX_CHARACTERS = 2_000
_BUNDLER = "bundler"


@frozen
class _Gem:
    """One line of a `specs:` list; `asks` fills as the lines below it are read."""

    line: int
    name: str
    version: str
    source: Source
    asks: list[str] = field(default_factory=list)


class _Reader:
    """Takes the lines one by one. A section begins at the left edge and says how the lines in it are read."""

    def __init__(self, gathering: Gathering) -> None:
        self.gathering = gathering
        self.gems: list[_Gem] = []
        self.direct: dict[str, int] = {}
        self.bundled: tuple[str, int] | None = None
        self.sections: set[str] = set()
        self._section = ""

    def take(self, number: int, line: str) -> None:
        if not line.strip():
            return
        if line[0] != " ":
            self._section = line.rstrip()
            self.sections.add(self._section)
            if self._section not in (*_SOURCES, *_PASSED, "DEPENDENCIES", "BUNDLED WITH"):
                self._tell(number, line)
        elif self._section in _SOURCES:
            self._take_spec(number, line.rstrip())
        elif self._section == "DEPENDENCIES":
            found = self._named(line.rstrip())
            if found is None or found[1] != "  ":
                self._tell(number, line)
            else:
                self.direct[found[2]] = number
        elif self._section == "BUNDLED WITH":
            self.bundled = (line.strip(), number)

    @staticmethod
    def _named(line: str) -> re.Match[str] | None:
        return _NAMED.fullmatch(line) if len(line) <= _MAX_CHARACTERS else None

    def _tell(self, number: int, line: str) -> None:
        self.gathering.skip(number, f"expected a Gemfile.lock, got `{line.strip()}`")

    def _take_spec(self, number: int, line: str) -> None:
        indent = len(line) - len(line.lstrip(" "))
        if indent == 2 and ":" in line:  # `remote:`, `revision:`, `specs:` and the like
            return
        found = self._named(line)
        if found is not None and indent == 4 and found[3]:
            version = found[3].partition("-")[0]  # after it comes the platform: gems' versions have no `-`
            self.gems.append(_Gem(number, found[2], version, _SOURCES[self._section]))
        elif found is not None and indent == 6 and self.gems:
            self.gems[-1].asks.append(found[2])
        else:
            self._tell(number, line)

    def add_bundler(self) -> None:
        asking = [gem.line for gem in self.gems if _BUNDLER in gem.asks]
        asking += [self.direct[_BUNDLER]] if _BUNDLER in self.direct else []
        if not asking or any(gem.name == _BUNDLER for gem in self.gems):
            return
        if self.bundled is None:
            self.gathering.skip(min(asking), "`bundler` is asked for and its version is not in the file")
        else:
            self.gems.append(_Gem(self.bundled[1], _BUNDLER, self.bundled[0], Source.REGISTRY))


def _edges(reader: _Reader, by_name: dict[str, list[int]]) -> list[list[int]]:
    missing: set[str] = {_BUNDLER}
    edges: list[list[int]] = []
    for gem in reader.gems:
        edges.append([number for name in gem.asks for number in by_name.get(name, ())])
        for name in gem.asks:
            if name not in by_name and name not in missing:
                missing.add(name)
                reader.gathering.skip(gem.line, f"`{name}` is asked for and not in the file")
    for name, line in reader.direct.items():
        if name not in by_name and name not in missing:
            reader.gathering.skip(line, f"`{name}` is asked for and not in the file")
    return edges


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the gems of a lock file of Bundler.

    Raises:
        FactError: empty, not text, or merge-conflicted.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    gathering = Gathering(file, SPEC.id, "RubyGems")
    reader = _Reader(gathering)
    for number, line in enumerate(lines_of(text), 1):
        reader.take(number, line)
    if "DEPENDENCIES" not in reader.sections:
        gathering.skip(None, "no `DEPENDENCIES` in it: the file may have been cut")
    reader.add_bundler()
    by_name: dict[str, list[int]] = {}
    for number, gem in enumerate(reader.gems):
        by_name.setdefault(gem.name, []).append(number)
    edges = _edges(reader, by_name)
    direct = {number for name in reader.direct for number in by_name.get(name, ())}
    paths = shortest_paths(direct, edges, [gem.name for gem in reader.gems])
    for number, gem in enumerate(reader.gems):
        known = (number in direct) if number in paths else None
        gathering.add(gem.name, gem.version, gem.line, source=gem.source, direct=known, path=paths.get(number, ()))
    return gathering.parsed()


SPEC = LockfileSpec(id="gemfile_lock", patterns=("Gemfile.lock", "gems.locked", "*.gemfile.lock"), parse=parse)
