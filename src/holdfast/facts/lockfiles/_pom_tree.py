"""The `pom.xml` files of a tree: found by path, and by coordinates.

Rules:

1. Every file is parsed once per tree, and the tree is walked once, when something is first looked for by coordinates.
2. Coordinates are compared as they are written, with what a `<parent>` hands down; one that is written with `${…}` fits
   every version, for only an evaluated project knows it.
3. A project is built together with those that are reached from it over `<modules>`, up and down: only these are known
   to stand for what is asked for by their coordinates. Any other file may claim any coordinates.
4. Two files of one tree that claim the same coordinates are nobody's parent: which one a build takes is not known.
"""

import posixpath
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from holdfast.errors import FactError
from holdfast.facts.lockfiles._requirements_lines import beside
from holdfast.facts.lockfiles._xml import XmlElement, load_xml
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

MAX_POM_BYTES = 8 << 20
_MAX_LISTED = 20_000
_MAX_SAME = 1_000
"""Projects that claim the same name; more are a heap of fixtures, and nobody's parent."""


@frozen
class Coordinates:
    """Group, artifact and version as written; any may be empty or hold `${…}`."""

    group: str
    artifact: str
    version: str

    def __str__(self) -> str:
        return ":".join(part for part in (self.group, self.artifact, self.version) if part)


@frozen
class Parent:
    """What `<parent>` says; `relative_path` is `None` where it says nothing of a path, empty where it wants none."""

    coordinates: Coordinates
    relative_path: str | None
    line: int


@frozen
class Pom:
    """One file; `coordinates` take from the parent what the project leaves out."""

    file: str
    project: XmlElement
    coordinates: Coordinates
    parent: Parent | None


def _coordinates(element: XmlElement) -> Coordinates:
    return Coordinates(element.value("groupId"), element.value("artifactId"), element.value("version"))


def parse_pom(file: str, data: bytes) -> Pom:
    """Return one project.

    Raises:
        FactError: not XML, or its root is no `<project>`.
    """
    project = load_xml(file, data)
    if project.name != "project":
        raise FactError(f"expected `<project>`, got `<{project.name[:80]}>`", where=f"{file}:{project.line}")
    own, parent = _coordinates(project), project.find("parent")
    if parent is None:
        return Pom(file, project, own, None)
    above = _coordinates(parent)
    path = parent.find("relativePath")
    whole = Coordinates(own.group or above.group, own.artifact, own.version or above.version)
    return Pom(file, project, whole, Parent(above, None if path is None else path.text, parent.line))


Key = tuple[str, str, str, str]
"""Group, artifact, type and classifier: what makes two entries the same dependency."""


@frozen
class Entry:
    """An entry of dependency management as it is written; `line` is that of its version.

    `is_plain` says that there is no `${…}` in its key.
    """

    key: Key
    is_plain: bool
    version: str
    scope: str
    line: int


def _entry(element: XmlElement) -> Entry:
    texts = {child.name: child for child in reversed(element.children)}
    group, artifact, kind, classifier, version, scope = (
        texts[name].text if name in texts else ""
        for name in ("groupId", "artifactId", "type", "classifier", "version", "scope")
    )
    key = (group, artifact, kind or "jar", classifier)
    line = texts["version"].line if "version" in texts else element.line
    return Entry(key, not any("${" in text for text in key), version, scope, line)


@dataclass(slots=True)
class Poms:
    """The projects of one tree, parsed when first asked for."""

    files: dict[str, Pom | None] = field(default_factory=dict)
    by_name: dict[tuple[str, str], list[Pom]] | None = None
    above: dict[str, str] = field(default_factory=dict)
    """File → another file that it is built together with; the last one of such a chain stands for all of them."""
    entries: dict[XmlElement, tuple[Entry, ...]] = field(default_factory=dict)

    def management(self, element: XmlElement) -> tuple[Entry, ...]:
        """Return what a project, or a profile, manages: taken out of it once, for all who inherit or import it."""
        known = self.entries.get(element)
        if known is None:
            listed = element.listed("dependencyManagement", "dependencies", "dependency")
            known = self.entries[element] = tuple(_entry(one) for one in listed)
        return known

    def open(self, tree: Tree, file: str) -> Pom | None:
        """Return a project; `None` when there is none at that path, or it can't be read: it is reported on its own."""
        if file not in self.files:
            try:
                self.files[file] = parse_pom(file, tree.read(file, MAX_POM_BYTES))
            except FactError:
                self.files[file] = None
        return self.files[file]

    def named(self, tree: Tree, group: str, artifact: str) -> list[Pom]:
        """Return the projects of the tree with that group and artifact, in order of path."""
        if self.by_name is None:
            self.by_name = {}
            listed = [path for path in tree.walk() if posixpath.basename(path).lower() == "pom.xml"]
            for pom in (self.open(tree, path) for path in listed[:_MAX_LISTED]):
                if pom is not None:
                    same = self.by_name.setdefault((pom.coordinates.group, pom.coordinates.artifact), [])
                    same += [pom] if len(same) < _MAX_SAME else []
                    self._join(pom)
        return self.by_name.get((group, artifact), [])

    def built_with(self, tree: Tree, file: str, group: str, artifact: str) -> list[Pom]:
        """Return those of `named` that are built together with the project at `file`."""
        return [pom for pom in self.named(tree, group, artifact) if self._top(pom.file) == self._top(file)]

    def _join(self, pom: Pom) -> None:
        for module in modules_of(pom.project):
            path = module_path(pom.file, module)
            if path is not None and (top := self._top(path)) != (own := self._top(pom.file)):
                self.above[top] = own

    def _top(self, file: str) -> str:
        while (above := self.above.get(file)) is not None:
            self.above[file] = self.above.get(above, above)  # the chain gets shorter each time it is gone
            file = above
        return file

    def find(self, tree: Tree, wanted: Coordinates) -> Pom | None:
        """Return the one project of those coordinates; `None` when there is none or more than one."""
        found = [pom for pom in self.named(tree, wanted.group, wanted.artifact) if _fits(pom, wanted)]
        return found[0] if len(found) == 1 else None

    def parent_beside(self, tree: Tree, pom: Pom) -> Pom | None:
        """Return the parent at its relative path, where that is what it claims to be."""
        parent = pom.parent
        if parent is None or parent.relative_path == "":
            return None
        path = beside(pom.file, parent.relative_path or "../pom.xml")
        places = [] if path is None else [path] if path.endswith(".xml") else [f"{path}/pom.xml", path]
        found = (self.open(tree, place) for place in places)
        return next((one for one in found if one is not None and _is(one, parent.coordinates)), None)

    def is_foreign(self, file: str, other: str) -> bool:
        """Whether two projects are not built together."""
        return self._top(file) != self._top(other)


def modules_of(project: XmlElement) -> list[XmlElement]:
    """Return the modules of a project and of its profiles."""
    profiles = project.listed("profiles", "profile")
    return [module for part in (project, *profiles) for module in part.listed("modules", "module")]


def module_path(file: str, module: XmlElement) -> str | None:
    """Return the file of a module of the project at `file`; `None` when it leads out of the tree."""
    path = beside(file, module.text or ".")
    return path if path is None or path.endswith(".xml") else posixpath.normpath(posixpath.join(path, "pom.xml"))


def _is(pom: Pom, wanted: Coordinates) -> bool:
    own = pom.coordinates
    return (own.group, own.artifact) == (wanted.group, wanted.artifact) and _fits(pom, wanted)


def _fits(pom: Pom, wanted: Coordinates) -> bool:
    own = pom.coordinates.version
    return own == wanted.version or "${" in own or "${" in wanted.version


_KNOWN: WeakKeyDictionary[Tree, Poms] = WeakKeyDictionary()


def poms_of(tree: Tree) -> Poms:
    """Return the projects of a tree, kept as long as the tree is: it does not change while it is read."""
    try:
        known = _KNOWN.get(tree)
        if known is None:
            known = _KNOWN[tree] = Poms()
    except TypeError:  # a tree of somebody else's that can't be kept in mind: it is walked again
        return Poms()
    return known
