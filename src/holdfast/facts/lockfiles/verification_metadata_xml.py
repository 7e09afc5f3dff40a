"""`verification-metadata.xml`: the modules whose files a Gradle build verifies.

Rules:

1. Every `<component>` is a module that the build may take, its plugins too: which of them it ships, and what is asked
   for directly, the file does not say. It keeps modules that are no longer used until somebody takes them out.
2. A module of which only descriptions are verified (`.pom`, `.module`) brings no code and is left out.

Source: Gradle documentation, "Verifying dependencies".
"""

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._xml import XmlElement, load_xml
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree

_DESCRIPTIONS = (".pom", ".module", ".xml")


def _is_described_only(component: XmlElement) -> bool:
    names = [artifact.attributes.get("name", "") for artifact in component.every("artifact")]
    return bool(names) and all(name.endswith(_DESCRIPTIONS) for name in names)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the modules with code; the tree is not needed.

    Raises:
        FactError: not XML, or another document.
    """
    root = load_xml(file, data)
    if root.name != "verification-metadata":
        where = f"{file}:{root.line}"
        raise FactError(f"expected `<verification-metadata>`, got `<{root.name[:80]}>`", where=where)
    gathering = Gathering(file, SPEC.id, "Maven")
    for component in root.listed("components", "component"):
        group, name, version = (component.attributes.get(key, "") for key in ("group", "name", "version"))
        if not group or not name:
            gathering.skip(component.line, "a component without group or name")
        elif not _is_described_only(component):
            gathering.add(f"{group}:{name}", version, component.line)
    return gathering.parsed()


SPEC = LockfileSpec(id="verification_metadata_xml", patterns=("verification-metadata.xml",), parse=parse)
