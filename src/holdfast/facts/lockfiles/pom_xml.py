"""`pom.xml`: what a Maven project asks for, as far as the tree tells.

Rules:

1. Parents, properties, `dependencyManagement` and imported BOMs are followed inside of the tree. What comes from
   outside is not guessed: a parent that is not there is unparsed, and so is what it, or an import, would pin. A file
   that only claims the coordinates, and is not built with the project, is followed, and that is told.
2. Every dependency is direct, inherited ones too; these stand at their place in the parent. What they depend on in
   turn is not in a `pom.xml`: that is one gap a file.
3. `test` is development; `provided` and `<optional>` are optional; `system`, and a module that is built beside it, is
   named with source `path`. Dependencies of a profile that is not active by default are optional.
4. A version is one version: `[1.0]` is; a range, `LATEST` and `RELEASE` are unparsed.
5. Plugins and extensions build the project and are not read. Exclusions only take from what is not in the file.

Source: Maven documentation, "POM Reference", "Introduction to the Dependency Mechanism".
"""

import posixpath
import re
from collections import ChainMap
from collections.abc import Mapping, MutableMapping

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._pom_model import (
    Managed,
    Model,
    Reading,
    Section,
    build_model,
    key_of,
    profile_management,
)
from holdfast.facts.lockfiles._pom_properties import Resolved
from holdfast.facts.lockfiles._pom_tree import MAX_POM_BYTES, Key, Pom, module_path, modules_of, parse_pom, poms_of
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._xml import XmlElement
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, Scope, Source, Unparsed
from holdfast.ports.tree import Tree

_PINNED = re.compile(r"\[\s*([^,\[\]()\s]+)\s*\]\Z")
_SHOWN = 3
_MOVING = {"LATEST", "RELEASE"}
_SCOPES = {"test": Scope.DEVELOPMENT, "provided": Scope.OPTIONAL}


class _Project:
    """The dependencies of one project, put into a gathering."""

    def __init__(self, model: Model, reading: Reading, gathering: Gathering) -> None:
        self.model = model
        self.reading = reading
        self.gathering = gathering
        self._seen: set[Key] = set()
        self.asks_for_any = False

    def read(self) -> None:
        """Add every dependency, the project's own before its parents'."""
        for section in self.model.sections:
            managed: MutableMapping[Key, Managed] = self.model.managed
            if section.is_optional:
                managed = ChainMap(profile_management(section, self.reading), managed)
            for dependency in section.dependencies():
                try:
                    self._add(section, dependency, managed)
                except FactError as error:
                    gap = Unparsed(section.file, dependency.line, f"{_shown(dependency)}: {error.message}")
                    self.gathering.skip_all((gap,))

    def _add(self, section: Section, dependency: XmlElement, managed: Mapping[Key, Managed]) -> None:
        key = key_of(dependency, section.properties)
        group, artifact, _, _ = key
        if not section.is_optional:
            if key in self._seen:
                return
            self._seen.add(key)
        entry = managed.get(key)
        scope = self._scope(section, dependency, entry)
        named = f"{group}:{artifact}" if group and artifact else ""
        if not named:
            raise FactError("a dependency without group and artifact")
        together = self.reading.poms.built_with(self.reading.tree, self.gathering.file, group, artifact)
        if together:
            resolved = self._own_version(section, dependency, entry, together)
            if resolved is not None:
                component = Component("Maven", named, resolved.text, Source.PATH)
                self._put(section, dependency, component, resolved, scope)
                return
        source = Source.PATH if dependency.value("scope") == "system" else Source.REGISTRY
        self.asks_for_any |= source is Source.REGISTRY and section.file == self.gathering.file
        resolved = self._version(section, dependency, entry)
        version = _one_version(resolved.text)
        self._put(section, dependency, Component("Maven", named, version, source), resolved, scope)

    def _put(
        self, section: Section, dependency: XmlElement, component: Component, resolved: Resolved, scope: Scope
    ) -> None:
        line = (dependency.find("version") or dependency).line
        places = dict.fromkeys((Location(section.file, line), *resolved.places))
        self.gathering.add_occurrence(Occurrence(component, tuple(places), direct=True, scope=scope))

    def _version(self, section: Section, dependency: XmlElement, entry: Managed | None) -> Resolved:
        stated = dependency.value("version")
        if stated:
            return section.properties.resolve(stated)
        if entry is not None:
            return entry.resolve()
        if not self.model.missing:
            raise FactError("it has no version, and no dependency management gives it one")
        lacking = ", ".join(self.model.missing[:_SHOWN]) + (", …" if len(self.model.missing) > _SHOWN else "")
        raise FactError(f"it has no version here, and what may give it one is not in this tree: {lacking}")

    def _own_version(
        self, section: Section, dependency: XmlElement, entry: Managed | None, together: list[Pom]
    ) -> Resolved | None:
        """The version of a project built beside it; `None` when another version of it is meant, which was released."""
        try:
            wanted = self._version(section, dependency, entry)
        except FactError:
            return Resolved("")
        is_own = any("${" in pom.coordinates.version or pom.coordinates.version == wanted.text for pom in together)
        return wanted if is_own else None

    def _scope(self, section: Section, dependency: XmlElement, entry: Managed | None) -> Scope:
        stated = dependency.value("scope") or (entry.scope if entry else "")
        try:
            stated = section.properties.resolve(stated).text
        except FactError:  # not known: the careful side
            stated = ""
        found = _SCOPES.get(stated.lower(), Scope.RUNTIME)
        is_optional = section.is_optional or dependency.value("optional").lower() == "true"
        return Scope.OPTIONAL if found is Scope.RUNTIME and is_optional else found


def _shown(dependency: XmlElement) -> str:
    names = (dependency.value("groupId"), dependency.value("artifactId"), dependency.value("version"))
    return f"`{':'.join(name[:80] for name in names if name)}`"


def _one_version(version: str) -> str:
    pinned = _PINNED.match(version)
    if pinned is not None:
        return pinned[1]
    if version.upper() in _MOVING:
        raise FactError(f"`{version}` is whatever is newest when it is built")
    if version.startswith(("[", "(")) or "," in version:
        raise FactError(f"`{version[:80]}` is a range: which version of it is taken is not known")
    return version


def _report_lacks(model: Model, gathering: Gathering) -> None:
    gathering.skip_all(tuple(model.borrowed))
    lost = model.lost_parent
    if lost is None:
        return
    because = f"its parent `{lost.coordinates}` is not in this tree: what it adds or pins is not known"
    if model.is_circular:
        because = f"its parents lead back to themselves: `{lost.coordinates}`"
    gathering.skip_all((Unparsed(model.chain[-1].file, lost.line, because),))


def _report_modules(model: Model, reading: Reading, gathering: Gathering) -> None:
    """Name each module that is not in the tree, or not under a name that is read."""
    for module in modules_of(model.chain[0].project):
        file = module_path(model.chain[0].file, module)
        if file is None or reading.poms.open(reading.tree, file) is None:
            gathering.skip(module.line, f"its module `{module.text}` is not in this tree, or can't be read")
        elif posixpath.basename(file).lower() != "pom.xml":
            gathering.skip(module.line, f"its module `{module.text}` is not named `pom.xml`: it was not read")


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return what a project asks for; the tree gives its parents, its imports and the projects beside it.

    Raises:
        FactError: not XML, over 8 MiB, or no Maven project.
    """
    if len(data) > MAX_POM_BYTES:
        raise FactError(f"expected at most {MAX_POM_BYTES} bytes, got {len(data)}", where=file)
    pom = parse_pom(file, data)
    gathering = Gathering(file, SPEC.id, "Maven")
    reading = Reading(tree, poms_of(tree))
    reading.poms.files[file] = pom
    model = build_model(pom, reading)
    project = _Project(model, reading, gathering)
    project.read()
    if project.asks_for_any:
        own = pom.project.find("dependencies")
        because = "what its dependencies depend on is not in a `pom.xml`: scan what is built of it, or an SBOM of that"
        gathering.skip((own or pom.project).line, because)
    _report_lacks(model, gathering)
    _report_modules(model, reading, gathering)
    return gathering.parsed()


SPEC = LockfileSpec(id="pom_xml", patterns=("pom.xml",), parse=parse)
