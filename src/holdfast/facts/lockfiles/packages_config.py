"""`packages.config`: the packages of an older .NET project, all of them at their exact versions.

The file does not say which are asked for directly; `developmentDependency` is development.

Source: NuGet documentation, "packages.config reference".
"""

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._nuget_version import one_version
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._xml import load_xml
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a project; the tree is not needed.

    Raises:
        FactError: not XML, or another document.
    """
    root = load_xml(file, data)
    if root.name != "packages":
        raise FactError(f"expected `<packages>`, got `<{root.name[:80]}>`", where=f"{file}:{root.line}")
    gathering = Gathering(file, SPEC.id, "NuGet")
    for package in root.every("package"):
        name = package.attributes.get("id", "")
        is_development = package.attributes.get("developmentDependency", "").lower() == "true"
        try:
            version = one_version(package.attributes.get("version", ""))
        except FactError as error:
            gathering.skip(package.line, f"`{name}`: {error.message}")
            continue
        scope = Scope.DEVELOPMENT if is_development else Scope.RUNTIME
        gathering.add(name, version, package.line, scope=scope)
    return gathering.parsed()


SPEC = LockfileSpec(id="packages_config", patterns=("packages.config", "packages.*.config"), parse=parse)
