"""Whether a product of a VEX document is a package that was found: exactly, or not at all.

Rules:

1. Type, ecosystem with release, and name are compared as everywhere. No version means every version, else that one,
   letter by letter; an RPM's with its epoch.
2. Every qualifier that is given must be the package's. `rpmmod` names a module and a stream, and as much more as it
   says; an empty one, that the package is from no module.
3. A source package means everything that was built from it. Where a distribution names what is built, the version of
   the source is not known, so one with a version names nothing there.
"""

from holdfast.model.component import Component, names_binaries
from holdfast.model.naming import compared_name
from holdfast.model.vex import Package, Product

_MODULE = "rpmmod"


def is_named(product: Product, component: Component) -> bool:
    """Whether a product is a component."""
    said = product.package
    if said is None or not _is_of(said.ecosystem, component.ecosystem):
        return False
    if said.is_source:
        is_known = not said.version or not names_binaries(component.ecosystem)
        name, version = component.source_name, component.match_version
    else:
        is_known = True
        name, version = compared_name(component.ecosystem, component.name), component.version
    return is_known and name == said.name and _is_version(said, version, component) and _has_qualifiers(said, component)


def _is_of(said: str, ecosystem: str) -> bool:
    """Whether an ecosystem is meant: one without a release means every release."""
    return said in {ecosystem, ecosystem.partition(":")[0]}


def _is_version(said: Package, version: str, component: Component) -> bool:
    if not said.version:
        return True
    if said.type == "golang":
        return said.version.removeprefix("v") == version.removeprefix("v")
    if said.type == "rpm" and not said.is_source:
        epochs = [dict(one.qualifiers).get("epoch", "0") for one in (said, component)]
        return said.version == version and epochs[0] == epochs[1]
    return said.version == version


def _has_qualifiers(said: Package, component: Component) -> bool:
    known = ({"epoch": "0"} if said.type == "rpm" else {}) | dict(component.qualifiers)
    return all(
        _is_module(value, known.get(key, ""), component.version) if key == _MODULE else known.get(key) == value
        for key, value in said.qualifiers
    )


def _is_module(said: str, label: str, version: str) -> bool:
    """Whether a package is of a module; the release of what was built in one says so, whoever lost the label."""
    if not said:
        return not label and ".module" not in version
    return f"{label}:".startswith(f"{said}:")
