"""A Maven project with what its parents and imports inside the tree add to it.

Rules:

1. Parents are followed inside the tree, and never in a circle; the first that is not there ends the chain. One that is
   found by its coordinates alone, in a file that is not built with the project, is followed and told.
2. A profile that is active by default counts as part of its project, as in a build without switches. What activates any
   other is not looked at: its dependencies are there, but optional, and its properties and management are its own.
3. `dependencyManagement` of a child wins over its parents'; what is imported (`scope` `import`) comes after both, in
   order. An import that is not in the tree is remembered for whoever lacks a version.

Source: Maven documentation, "Introduction to the Dependency Mechanism", "Introduction to Build Profiles".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.errors import FactError
from holdfast.facts.lockfiles._pom_properties import Properties, Resolved, Set
from holdfast.facts.lockfiles._pom_tree import Coordinates, Entry, Key, Parent, Pom, Poms
from holdfast.facts.lockfiles._xml import XmlElement
from holdfast.model.component import Location, Unparsed
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

_MAX_PARENTS = 50
_MAX_MANAGED = 100_000


@frozen
class Section:
    """A project's own part, or one profile of it: where dependencies and management stand."""

    file: str
    element: XmlElement
    is_optional: bool
    properties: Properties

    def dependencies(self) -> list[XmlElement]:
        """Return the dependencies."""
        return self.element.listed("dependencies", "dependency")


@frozen
class Managed:
    """A version that management gives: the text, the properties it is read with, and its place."""

    version: str
    scope: str
    place: Location
    properties: Properties

    def resolve(self) -> Resolved:
        """Return the version, with the places it comes from.

        Raises:
            FactError: as `Properties.resolve`.
        """
        found = self.properties.resolve(self.version)
        return Resolved(found.text, (self.place, *found.places))


@dataclass(slots=True)
class Model:
    """`chain` has the project and its parents; `missing` what the tree lacks and a version may come from.

    `borrowed` names what was taken from a file that has the coordinates and is not built with the project: a build
    takes what was released under them.
    """

    chain: tuple[Pom, ...]
    properties: Properties
    sections: tuple[Section, ...]
    lost_parent: Parent | None
    is_circular: bool
    managed: dict[Key, Managed] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    borrowed: list[Unparsed] = field(default_factory=list)


def _is_default(profile: XmlElement) -> bool:
    return profile.value("activation", "activeByDefault").lower() == "true"


def _profiles(pom: Pom, *, default: bool) -> list[XmlElement]:
    return [one for one in pom.project.listed("profiles", "profile") if _is_default(one) is default]


def _stated(file: str, element: XmlElement) -> dict[str, Set]:
    properties = element.find("properties")
    return {one.name: (one.text, Location(file, one.line)) for one in (properties.children if properties else ())}


def _chain(pom: Pom, reading: "Reading", borrowed: list[Unparsed]) -> tuple[tuple[Pom, ...], Parent | None, bool]:
    """Return the project and its parents, the parent that is not there, and whether they lead in a circle."""
    chain, poms, tree = [pom], reading.poms, reading.tree
    while (parent := chain[-1].parent) is not None:
        beside = poms.parent_beside(tree, chain[-1])
        above = beside or poms.find(tree, parent.coordinates)
        if above is None:
            return tuple(chain), parent, False
        if above.file in {one.file for one in chain} or len(chain) > _MAX_PARENTS:
            return tuple(chain), parent, True
        if beside is None and poms.is_foreign(chain[-1].file, above.file):
            borrowed.append(_borrowed(chain[-1].file, parent.line, f"its parent `{parent.coordinates}`", above))
        chain.append(above)
    return tuple(chain), None, False


def _borrowed(file: str, line: int, what: str, found: Pom) -> Unparsed:
    return Unparsed(file, line, f"{what} is read from `{found.file}`, which is not built with it")


def _properties(chain: tuple[Pom, ...]) -> Properties:
    values: dict[str, Set] = {}
    for pom in reversed(chain):
        for element in (pom.project, *_profiles(pom, default=True)):
            values |= _stated(pom.file, element)
    parent = chain[0].parent
    return Properties.of(values, chain[0].coordinates, parent.coordinates if parent else None)


def _sections(chain: tuple[Pom, ...], properties: Properties) -> Iterator[Section]:
    """Yield the parts in the order in which they win: a child before its parents, a profile before its project."""
    for pom in chain:
        for element in (*_profiles(pom, default=True), pom.project):
            yield Section(pom.file, element, False, properties)
        for element in _profiles(pom, default=False):
            yield Section(pom.file, element, True, properties.with_more(_stated(pom.file, element)))


def key_of(dependency: XmlElement, properties: Properties) -> Key:
    """Return what makes a dependency the same as another.

    Raises:
        FactError: a part of it can't be resolved.
    """
    group, artifact, kind, classifier = map(dependency.value, ("groupId", "artifactId", "type", "classifier"))
    return _resolved(group, artifact, kind, classifier, properties)


def _resolved(group: str, artifact: str, kind: str, classifier: str, properties: Properties) -> Key:
    texts = [properties.resolve(text).text if "${" in text else text for text in (group, artifact, kind, classifier)]
    return texts[0], texts[1], texts[2] or "jar", texts[3]


@frozen
class Reading:
    """A tree, its projects, and the models of what was imported so far."""

    tree: Tree
    poms: Poms
    imported: dict[str, Model] = field(default_factory=dict)


def build_model(pom: Pom, reading: Reading, importing: tuple[str, ...] = ()) -> Model:
    """Return a project as far as the tree tells; `importing` are the files whose imports led here."""
    borrowed: list[Unparsed] = []
    chain, lost, circular = _chain(pom, reading, borrowed)
    properties = _properties(chain)
    model = Model(chain, properties, tuple(_sections(chain, properties)), lost, circular, borrowed=borrowed)
    if lost is not None:
        model.missing.append(f"its parent `{lost.coordinates}`")
    importing = (*importing, pom.file)
    imports: list[tuple[Section, Entry]] = []
    for section in (one for one in model.sections if not one.is_optional):
        imports += _manage(section, model.managed, reading)
    for section, entry in imports:
        _import(section, entry, model, reading, importing)
    return model


def profile_management(section: Section, reading: Reading) -> dict[Key, Managed]:
    """Return what a profile that is not active by default manages for itself; its imports are not followed."""
    managed: dict[Key, Managed] = {}
    _manage(section, managed, reading)
    return managed


def _manage(section: Section, managed: dict[Key, Managed], reading: Reading) -> list[tuple[Section, Entry]]:
    """Put a section's management where nothing is yet; return its imports."""
    imports = []
    properties = section.properties
    for entry in reading.poms.management(section.element):
        try:
            key = entry.key if entry.is_plain else _resolved(*entry.key, properties)
        except FactError:  # whoever asks for it finds no version, and says so
            continue
        if entry.scope == "import":
            imports.append((section, entry))
        elif entry.version and key not in managed and len(managed) < _MAX_MANAGED:
            managed[key] = Managed(entry.version, entry.scope, Location(section.file, entry.line), properties)
    return imports


def _import(section: Section, entry: Entry, model: Model, reading: Reading, importing: tuple[str, ...]) -> None:
    group, artifact, _, _ = _resolved(*entry.key, section.properties)
    try:
        version = section.properties.resolve(entry.version).text
    except FactError as error:
        model.missing.append(f"`{group}:{artifact}` (imported; {error.message})")
        return
    wanted = Coordinates(group, artifact, version)
    found = reading.poms.find(reading.tree, wanted)
    if found is None or found.file in importing or len(importing) > _MAX_PARENTS:
        model.missing.append(f"`{wanted}` (imported)")
        return
    if reading.poms.is_foreign(section.file, found.file):
        model.borrowed.append(_borrowed(section.file, entry.line, f"its import `{wanted}`", found))
    imported = _imported(found, reading, importing)
    for key, managed in imported.managed.items():
        model.managed.setdefault(key, managed)
    model.missing += [one for one in imported.missing if one not in model.missing]


def _imported(pom: Pom, reading: Reading, importing: tuple[str, ...]) -> Model:
    """The model of an import, made once; inside of a circle it depends on where one came from."""
    known = reading.imported.get(pom.file)
    if known is None:
        known = reading.imported[pom.file] = build_model(pom, reading, importing)
    return known
