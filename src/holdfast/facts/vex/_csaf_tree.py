"""The products of a CSAF document, as what a statement about one is about.

Rules:

1. A product is what its package URLs name. Several (2.1) are one product in several places: they differ in qualifiers
   alone, or name nothing.
2. One that is composed, by a relationship (2.0) or a product path (2.1), and has no package URL of its own, is its part
   in what contains it. Only what contains tells that: `installed_with` does not.
3. A part in a part in a product names nothing, but for an RPM of a module in a platform of Red Hat (`_redhat`).
4. An id that two products have names nothing, and so does what is composed of itself. Branches below the 64th level are
   not read, and told.

What a document only lists costs little: a product is looked at when a statement speaks of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.vex._gathering import VexGathering, inner, objects, text, texts
from holdfast.facts.vex._redhat import Platform, find_installed, find_module, find_platform
from holdfast.model.frozen import frozen
from holdfast.model.vex import Claim, Package, Product, parse_package

_CONTAINED = {"default_component_of", "optional_component_of", "external_component_of", "installed_on"}
_MAX_NESTING = 64
_MAX_STEPS = 16
"""How many products may lie in one another."""


@frozen
class _Composed:
    """A product that is made of others: the innermost first, each next one around it."""

    product: Mapping[str, Any]
    references: tuple[str, ...]
    categories: tuple[str, ...]


class _NothingError(Exception):
    """A product that names nothing, and why."""


@dataclass(slots=True)
class ProductTree:
    """Products by id; `groups` are ids by group."""

    gathering: VexGathering
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _plain: dict[str, dict[str, Any]] = field(default_factory=dict)
    _composed: dict[str, _Composed] = field(default_factory=dict)
    _doubled: set[str] = field(default_factory=set)
    _claims: dict[str, tuple[Claim, ...]] = field(default_factory=dict)
    _products: dict[str, tuple[Product, ...]] = field(default_factory=dict)
    _platforms: dict[str, Platform | None] = field(default_factory=dict)
    _installed: dict[tuple[str, Platform, tuple[str, ...]], tuple[Claim, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: object, gathering: VexGathering) -> "ProductTree":
        """Return a document's products."""
        groups = objects(inner(tree, "product_groups"))
        found = cls(gathering, {text(one.get("group_id")): texts(one.get("product_ids")) for one in groups})
        for one in _listed(tree, gathering):
            name = text(one.get("product_id"))
            if name and found._plain.setdefault(name, one) != one:
                found._doubled.add(name)
        for composed in _made(tree):
            name = text(composed.product.get("product_id"))
            if name and (name in found._plain or found._composed.setdefault(name, composed) != composed):
                found._doubled.add(name)
        for name in sorted(found._doubled):
            gathering.note(f"several products are `{name}`: it matches nothing")
        return found

    def ids(self, one: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the products that a flag, threat or remediation is for."""
        own = texts(one.get("product_ids"))
        if not self.groups or "group_ids" not in one:
            return own
        grouped = (name for group in texts(one.get("group_ids")) for name in self.groups.get(group, ()))
        return tuple(dict.fromkeys((*own, *grouped)))

    def claims(self, name: str) -> tuple[Claim, ...]:
        """Return what a statement about a product is about, at least one; notes what can't be matched."""
        found = self._claims.get(name)
        if found is None:
            try:
                found = self._find_claims(name)
            except _NothingError as because:
                self.gathering.note(f"{because}: it matches nothing")
                found = (Claim(Product(name)),)
            self._claims[name] = found
            for one in (inside for claim in found for inside in (claim.product, *claim.parts)):
                if not one.is_exact:
                    self.gathering.note(f"`{one.name}` has no package URL: it matches nothing")
        return found

    def _find_claims(self, name: str) -> tuple[Claim, ...]:
        if name not in self._plain and name not in self._composed and name not in self._doubled:
            raise _NothingError(f"`{name}` is not in the product tree")
        part, *around = self._chain(name, ())
        if not around:
            return tuple(Claim(one) for one in self._find_products(part))
        if (installed := self._find_installed(part, around)) is not None:
            return installed
        if len(around) > 1:
            raise _NothingError(f"`{name}` is composed of what is composed itself")
        parts = self._find_products(part)
        return tuple(Claim(product, parts) for product in self._find_products(around[0]))

    def _chain(self, name: str, seen: tuple[str, ...]) -> tuple[str, ...]:
        """Return the products that one is made of, the innermost first; a product that is made of none, itself."""
        made = self._composed.get(name)
        if name in self._doubled or made is None or _has_purl(made.product):
            return (name,)
        if name in seen:
            raise _NothingError(f"`{name}` is composed of itself")
        if len(seen) > _MAX_STEPS:
            raise _NothingError(f"`{name}` is composed of over {_MAX_STEPS} products")
        for category in made.categories:
            if category not in _CONTAINED:
                raise _NothingError(f"`{_name_of(made.product)}`: `{category}` does not tell what lies in what")
        found: tuple[str, ...] = ()
        for one in made.references:
            found += self._chain(one, (*seen, name))
            if len(found) > _MAX_STEPS:
                raise _NothingError(f"`{name}` is composed of over {_MAX_STEPS} products")
        return found

    def _find_installed(self, part: str, around: list[str]) -> tuple[Claim, ...] | None:
        """Return an RPM in a platform of Red Hat as machines have it; `None` where it is no such platform."""
        *modules, last = around
        if last not in self._platforms:
            helper = inner(self._named(last), "product_identification_helper")
            self._platforms[last] = None if _purls(helper) else find_platform(text(inner(helper, "cpe")))
        platform = self._platforms[last]
        if platform is None:
            return None
        labels = tuple(self._find_module(one) for one in modules)
        if not all(labels) or len(labels) > 1:
            raise _NothingError(f"`{part}` in `{modules[0]}` is of no module that is known")
        key = (part, platform, labels)
        if key not in self._installed:  # a vendor has the same build in many channels
            self._installed[key] = tuple(_installed(one, platform, *labels) for one in self._find_products(part))
        return self._installed[key]

    def _find_module(self, name: str) -> str:
        """Return the module that a product is; empty where it is none, or more than one."""
        purls = _purls(inner(self._named(name), "product_identification_helper"))
        return find_module(purls[0]) if len(purls) == 1 else ""

    def _named(self, name: str) -> Mapping[str, Any] | None:
        return None if name in self._doubled else self._plain.get(name)

    def _find_products(self, name: str) -> tuple[Product, ...]:
        """Return what a product's package URLs name, at least one."""
        found = self._products.get(name)
        if found is None:
            made = self._composed.get(name)
            one = None if name in self._doubled else self._plain.get(name) or (made.product if made else None)
            found = (Product(name),) if one is None else _products_of(one)
            self._products[name] = found
        return found


def _installed(one: Product, platform: Platform, module: str = "") -> Claim:
    """Return what a package in a platform is on machines. Raises: _NothingError."""
    if one.package is None:
        return Claim(one)
    package = find_installed(one.package, platform, module)
    if package is None:
        where = platform.ecosystem if platform.is_whole else f"a stream of {platform.ecosystem}"
        raise _NothingError(f"`{one.name}` in {where} can't be told from what a machine has")
    return Claim(Product(f"{one.name} ({platform.ecosystem})", package))


def _listed(tree: object, gathering: VexGathering) -> Iterator[dict[str, Any]]:
    """Yield the products that are made of no others."""
    yield from objects(inner(tree, "full_product_names"))
    level = list(objects(inner(tree, "branches")))
    for _ in range(_MAX_NESTING):
        yield from objects([one.get("product") for one in level])
        level = [inside for one in level for inside in objects(one.get("branches"))]
    if level:
        gathering.note(f"branches below the {_MAX_NESTING}th level are not read: what they name matches nothing")


def _made(tree: object) -> Iterator[_Composed]:
    """Yield the products that are made of others."""
    for one in objects(inner(tree, "relationships")):
        names = text(one.get("product_reference")), text(one.get("relates_to_product_reference"))
        yield _Composed(_full_name(one), names, (text(one.get("category")),))
    for one in objects(inner(tree, "product_paths")):
        steps = list(objects(one.get("subpaths")))[: _MAX_STEPS + 1]
        following = [text(step.get("next_product_reference")) for step in steps]
        path = text(one.get("beginning_product_reference")), *following
        yield _Composed(_full_name(one), path, tuple(text(step.get("category")) for step in steps))


def _full_name(one: Mapping[str, Any]) -> Mapping[str, Any]:
    named = one.get("full_product_name")
    return named if isinstance(named, dict) else {}


def _purls(helper: object) -> tuple[str, ...]:
    """Return the package URLs that identify a product: one in 2.0, a list in 2.1."""
    one = inner(helper, "purl")
    listed = inner(helper, "purls")
    given: Iterable[object] = (one, *listed) if isinstance(listed, list) else (one,)
    return tuple(dict.fromkeys(each for each in given if isinstance(each, str) and each.strip()))


def _has_purl(one: Mapping[str, Any]) -> bool:
    return "product_identification_helper" in one and bool(_purls(one["product_identification_helper"]))


def _name_of(one: Mapping[str, Any]) -> str:
    helper = one.get("product_identification_helper")
    return text(one.get("name")) or text(inner(helper, "cpe")) or text(one.get("product_id"))


def _products_of(one: Mapping[str, Any]) -> tuple[Product, ...]:
    purls = _purls(one.get("product_identification_helper"))
    name = _name_of(one)
    found = tuple(Product(text(purl), _find_package(purl)) for purl in purls) or (Product(name),)
    packages = [each.package for each in found]
    named = {(each.type, each.name, each.version, each.is_source) if each else None for each in packages}
    return found if len(named) == 1 else (Product(name),)


def _find_package(purl: str) -> Package | None:
    try:
        return parse_package(purl.strip())
    except FactError:
        return None
