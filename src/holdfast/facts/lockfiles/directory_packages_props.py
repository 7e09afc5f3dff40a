"""`Directory.Packages.props`: the central versions of a .NET solution.

Rules:

1. A `PackageVersion` fixes the version for whoever asks for the package; who does is not in the file. What every
   project gets (`GlobalPackageReference`) is direct, and development: NuGet does not hand it on.
2. A plain version is the lowest allowed, which is the one that NuGet takes. A property, a range and a floating version
   are unparsed. Conditions are not evaluated: every branch counts.

Source: NuGet documentation, "Central Package Management".
"""

from collections.abc import Iterator

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._nuget_version import one_version
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._xml import XmlElement, load_xml
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree

_ITEMS = {"PackageVersion": (None, Scope.RUNTIME), "GlobalPackageReference": (True, Scope.DEVELOPMENT)}


def _items(element: XmlElement) -> Iterator[XmlElement]:
    """Yield the items of a project in order, also those within conditions."""
    for child in element.children:
        if child.name in _ITEMS:
            yield child
        else:
            yield from _items(child)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages whose version is fixed; the tree is not needed.

    Raises:
        FactError: not XML, or no MSBuild project.
    """
    root = load_xml(file, data)
    if root.name != "Project":
        raise FactError(f"expected `<Project>`, got `<{root.name[:80]}>`", where=f"{file}:{root.line}")
    gathering = Gathering(file, SPEC.id, "NuGet")
    for item in _items(root):
        names = item.attributes.get("Include") or item.attributes.get("Update") or ""
        direct, scope = _ITEMS[item.name]
        if not names and "Remove" in item.attributes:
            continue
        for name in (one.strip() for one in names.split(";")):
            try:
                found = one_version(item.attributes.get("Version") or item.value("Version"))
                gathering.add(one_version(name), found, item.line, direct=direct, scope=scope)
            except FactError as error:
                gathering.skip(item.line, f"`{name}`: {error.message}")
    return gathering.parsed()


SPEC = LockfileSpec(id="directory_packages_props", patterns=("Directory.Packages.props",), parse=parse)
