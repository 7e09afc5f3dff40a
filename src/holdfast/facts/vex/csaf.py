"""CSAF 2.0, any category that has products and vulnerabilities.

Rules:

1. A product is named by the package URL in its `product_identification_helper`. One that is composed by a relationship
   and has none is its part (`product_reference`) in the product that it relates to; both need a package URL, and
   neither may be composed again. `installed_with` says nothing of what contains what, and names nothing.
2. An id that two products have names nothing. Relationships in a circle are told.
3. `known_affected`, `first_affected` and `last_affected` are affected; `fixed` and `first_fixed` fixed; `recommended`
   says nothing. Why something is not affected is the label of a flag, or an `impact` among the threats.
4. `no_fix_planned`, `none_available`, `vendor_fix` and the other remediations are carried as responses.
5. A draft clears nothing.

Source: OASIS, Common Security Advisory Framework Version 2.0, 3.2.2, 3.2.3 and 4.5.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.vex._gathering import Said, VexGathering, inner, objects, text, texts
from holdfast.facts.vex._spec import VexSpec
from holdfast.model.vex import Claim, Product, VexStatus

_STATUSES = {
    "known_not_affected": VexStatus.NOT_AFFECTED,
    "known_affected": VexStatus.AFFECTED,
    "first_affected": VexStatus.AFFECTED,
    "last_affected": VexStatus.AFFECTED,
    "fixed": VexStatus.FIXED,
    "first_fixed": VexStatus.FIXED,
    "under_investigation": VexStatus.UNDER_INVESTIGATION,
}
_SAYS_NOTHING = {"recommended"}
_CONTAINED = {"default_component_of", "optional_component_of", "external_component_of", "installed_on"}
_PUBLISHED = {"final", "interim"}
_MAX_NESTING = 64


def read(document: dict[str, Any], gathering: VexGathering) -> None:
    """Add what every vulnerability says of products. Raises: FactError: another version of CSAF."""
    head = document["document"]
    if head.get("csaf_version") != "2.0":
        found = text(head.get("csaf_version"))
        raise FactError(f"expected CSAF 2.0, got `{found}`", where=gathering.file, hint="ask for it in CSAF 2.0")
    gathering.id = text(inner(head, "tracking", "id"))
    gathering.version = text(inner(head, "tracking", "version"))
    publisher = head.get("publisher")
    gathering.authors = texts([inner(publisher, "name"), inner(publisher, "namespace")])
    gathering.date(inner(head, "tracking", "current_release_date"), needed=True)
    status = text(inner(head, "tracking", "status"))
    if status not in _PUBLISHED:
        gathering.note(f"its tracking status is `{status}`: nothing in it clears anything")
        gathering.is_dated = False
    tree = _Tree.of(document.get("product_tree"), gathering)
    for one in objects(document.get("vulnerabilities")):
        for said in _statements(one, tree, gathering):
            gathering.add(said)


@dataclass(frozen=True, slots=True)
class _Tree:
    """Products by id, as what a statement about them is about; `groups` are ids by group."""

    claims: dict[str, Claim] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: object, gathering: VexGathering) -> "_Tree":
        plain, doubled = _plain(tree)
        composed, again = _by_id(
            (text(inner(one, "full_product_name", "product_id")), one) for one in objects(inner(tree, "relationships"))
        )
        doubled |= again | (plain.keys() & composed.keys())
        for name in sorted(doubled):
            gathering.note(f"several products are `{name}`: it matches nothing")
        claims = {name: Claim(_quiet(one)) for name, one in plain.items() if name not in doubled}
        found = {**claims, **{name: Claim(Product(name)) for name in doubled}}
        for name, one in composed.items():
            if name not in doubled:
                found[name] = _composed(one, claims, composed, gathering)
        groups = objects(inner(tree, "product_groups"))
        return cls(found, {text(one.get("group_id")): texts(one.get("product_ids")) for one in groups})

    def ids(self, one: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the products that a flag, threat or remediation is for."""
        grouped = (name for group in texts(one.get("group_ids")) for name in self.groups.get(group, ()))
        return tuple(dict.fromkeys((*texts(one.get("product_ids")), *grouped)))

    def claim(self, name: str, gathering: VexGathering) -> Claim:
        """Return what a statement about a product is about; notes what can't be matched."""
        found = self.claims.get(name)
        if found is None:
            gathering.note(f"`{name}` is not in the product tree: it matches nothing")
            return Claim(Product(name))
        for one in (found.product, *found.parts):
            if not one.is_exact:
                gathering.note(f"`{one.name}` has no package URL: it matches nothing")
        return found


def _plain(tree: object) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Return the products that no relationship makes, by id, and the ids that stand for several."""
    return _by_id((text(one.get("product_id")), one) for one in _products(tree))


def _by_id(named: Iterable[tuple[str, dict[str, Any]]]) -> tuple[dict[str, dict[str, Any]], set[str]]:
    found: dict[str, dict[str, Any]] = {}
    doubled: set[str] = set()
    for name, one in named:
        if name and found.setdefault(name, one) != one:
            doubled.add(name)
    return found, doubled


def _products(tree: object) -> Iterator[dict[str, Any]]:
    yield from objects(inner(tree, "full_product_names"))
    level = list(objects(inner(tree, "branches")))
    for _ in range(_MAX_NESTING):
        yield from objects([one.get("product") for one in level])
        level = [inside for one in level for inside in objects(one.get("branches"))]


def _quiet(one: Mapping[str, Any]) -> Product:
    """Return a product without notes: most of a vendor's tree is never spoken of."""
    helper = one.get("product_identification_helper")
    name = text(one.get("name")) or text(inner(helper, "cpe")) or text(one.get("product_id"))
    return VexGathering("", "").product(inner(helper, "purl"), name)


def _composed(
    one: Mapping[str, Any], plain: Mapping[str, Claim], composed: Mapping[str, object], gathering: VexGathering
) -> Claim:
    """Return what a relationship makes; what it is made of is looked up once, so that a circle ends nowhere."""
    whole = _quiet(one.get("full_product_name", {}))
    if whole.is_exact:
        return Claim(whole)
    part, product = text(one.get("product_reference")), text(one.get("relates_to_product_reference"))
    category = text(one.get("category"))
    if category not in _CONTAINED:
        gathering.note(f"`{whole.name}`: `{category}` does not tell what lies in what: it matches nothing")
        return Claim(Product(whole.name))
    again = sorted({part, product} & composed.keys())
    if again:
        gathering.note(f"`{whole.name}` is composed of `{again[0]}`, which is composed itself: it matches nothing")
        return Claim(Product(whole.name))
    inside, around = plain.get(part), plain.get(product)
    return Claim(around.product if around else Product(product), (inside.product if inside else Product(part),))


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said of one product beside its status."""

    justification: str = ""
    impact: str = ""
    action: str = ""
    response: tuple[str, ...] = ()


def _statements(one: dict[str, Any], tree: _Tree, gathering: VexGathering) -> Iterator[Said]:
    """Yield one statement for all products of which the same is said."""
    ids = (text(one.get("cve")), *texts([each.get("text") for each in objects(one.get("ids"))]))
    words = _words(one, tree)
    usual = words.get("", _Words())
    found: dict[tuple[str, _Words], list[Claim]] = {}
    for word, listed in _statuses(one):
        for name in texts(listed):
            found.setdefault((word, words.get(name, usual)), []).append(tree.claim(name, gathering))
    for (word, said), claims in found.items():
        yield Said(ids, claims, _STATUSES.get(word), word, said.justification, said.impact, said.action, said.response)


def _statuses(one: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    listed = one.get("product_status")
    return [pair for pair in listed.items() if pair[0] not in _SAYS_NOTHING] if isinstance(listed, dict) else []


def _words(one: Mapping[str, Any], tree: _Tree) -> dict[str, _Words]:
    """Return what is said by product; under `""` what is said of all."""
    labels: dict[str, list[str]] = {}
    impacts: dict[str, list[str]] = {}
    actions: dict[str, list[str]] = {}
    responses: dict[str, list[str]] = {}
    for flag in objects(one.get("flags")):
        _put(labels, tree.ids(flag), text(flag.get("label")))
    for threat in objects(one.get("threats")):
        if threat.get("category") == "impact":
            _put(impacts, tree.ids(threat), text(threat.get("details")))
    for remedy in objects(one.get("remediations")):
        _put(actions, tree.ids(remedy), text(remedy.get("details")))
        _put(responses, tree.ids(remedy), text(remedy.get("category")))
    names = {"", *labels, *impacts, *actions, *responses}
    return {
        name: _Words(
            ", ".join(_of(labels, name)),
            " ".join(_of(impacts, name)),
            " ".join(_of(actions, name)),
            _of(responses, name),
        )
        for name in names
    }


def _put(where: dict[str, list[str]], names: tuple[str, ...], said: str) -> None:
    for name in names or ("",):
        if said and said not in where.setdefault(name, []):
            where[name].append(said)


def _of(said: Mapping[str, list[str]], name: str) -> tuple[str, ...]:
    """Return what is said of one product and of all."""
    return tuple(dict.fromkeys((*said.get(name, ()), *said.get("", ()))))


def _fits(document: dict[str, Any]) -> bool:
    head = document.get("document")
    return isinstance(head, dict) and "csaf_version" in head


SPEC = VexSpec(id="csaf", fits=_fits, read=read)
