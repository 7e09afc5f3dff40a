"""CSAF 2.0 and 2.1, any category that has products and vulnerabilities.

Rules:

1. A product is named by the package URLs in its `product_identification_helper`. One that is composed, by a
   relationship or (2.1) a product path, and has none is its part in the product around it; both need a package URL.
   Only what tells what lies in what counts: `installed_with` names nothing, nor does a part of a part of a product.
2. An RPM in a platform that a CPE of Red Hat Enterprise Linux names is that package on machines of the release. Where a
   module lies between them, or `rpmmod` in its package URL names one, it must come from that; else from none. Extended
   streams, minor releases and other channels speak of packages with versions only. Other CPEs name nothing.
3. An id that two products have names nothing, and so does what is composed of itself; both are told.
4. `known_affected`, `first_affected` and `last_affected` are affected; `fixed` and `first_fixed` fixed; `unknown` is
   under investigation; `recommended` says nothing. Why something is not affected is the label of a flag, or an `impact`
   among the threats that is more than a severity.
5. `no_fix_planned`, `none_available`, `vendor_fix` and the other remediations are carried as responses.
6. A draft clears nothing.

Source: OASIS, Common Security Advisory Framework Version 2.0, 3.2.2, 3.2.3 and 4.5; Version 2.1, the same; Red Hat
Product Security, Security Data Guidelines.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.vex._csaf_tree import ProductTree
from holdfast.facts.vex._gathering import Said, VexGathering, inner, objects, text, texts
from holdfast.facts.vex._spec import VexSpec
from holdfast.model.frozen import frozen
from holdfast.model.vex import Claim, VexStatus

_STATUSES = {
    "known_not_affected": VexStatus.NOT_AFFECTED,
    "known_affected": VexStatus.AFFECTED,
    "first_affected": VexStatus.AFFECTED,
    "last_affected": VexStatus.AFFECTED,
    "fixed": VexStatus.FIXED,
    "first_fixed": VexStatus.FIXED,
    "under_investigation": VexStatus.UNDER_INVESTIGATION,
    "unknown": VexStatus.UNDER_INVESTIGATION,
}
_VERSIONS = ("2.0", "2.1")
_SAYS_NOTHING = {"recommended"}
_PUBLISHED = {"final", "interim"}
_SEVERITIES = {"critical", "important", "high", "moderate", "medium", "low", "none", "unknown"}
"""What some write as the impact: how bad it is, which is no reason why something is not affected."""


def read(document: dict[str, Any], gathering: VexGathering) -> None:
    """Add what every vulnerability says of products. Raises: FactError: another version of CSAF."""
    head = document["document"]
    if head.get("csaf_version") not in _VERSIONS:
        found = text(head.get("csaf_version")) or type(head.get("csaf_version")).__name__
        where = f"{gathering.file}: document.csaf_version"
        raise FactError(f"expected CSAF 2.0 or 2.1, got `{found}`", where=where, hint="ask for it in CSAF 2.0")
    gathering.id = text(inner(head, "tracking", "id"))
    gathering.version = text(inner(head, "tracking", "version"))
    publisher = head.get("publisher")
    gathering.authors = texts([inner(publisher, "name"), inner(publisher, "namespace")])
    gathering.date(inner(head, "tracking", "current_release_date"), needed=True)
    status = text(inner(head, "tracking", "status"))
    if status not in _PUBLISHED:
        gathering.note(f"its tracking status is `{status}`: nothing in it clears anything")
        gathering.is_dated = False
    tree = ProductTree.of(document.get("product_tree"), gathering)
    for one in objects(document.get("vulnerabilities")):
        for said in _statements(one, tree, gathering):
            gathering.add(said)


@frozen
class _Words:
    """What is said of one product beside its status."""

    justification: str = ""
    impact: str = ""
    action: str = ""
    response: tuple[str, ...] = ()


def _statements(one: dict[str, Any], tree: ProductTree, gathering: VexGathering) -> Iterator[Said]:
    """Yield one statement for all products of which the same is said."""
    ids = _ids(one, gathering)
    words = _words(one, tree)
    usual = words.get("", _Words())
    found: dict[tuple[str, _Words], dict[int, Claim]] = {}
    for word, listed in _statuses(one):
        for name in texts(listed):
            claims = found.setdefault((word, words.get(name, usual)), {})
            claims.update((id(claim), claim) for claim in tree.claims(name))  # the tree keeps them: an id is one claim
    for (word, said), claims in found.items():
        yield Said(
            ids,
            list(claims.values()),
            _STATUSES.get(word),
            word,
            said.justification,
            said.impact,
            said.action,
            said.response,
        )


def _ids(one: Mapping[str, Any], gathering: VexGathering) -> tuple[str, ...]:
    """Return the names of a vulnerability. One that it has in some products only (2.1) is none of the whole."""
    found = [text(one.get("cve"))]
    for each in objects(one.get("ids")):
        if "product_ids" in each or "group_ids" in each:
            gathering.note(f"`{text(each.get('text'))}` is a name in some products only: it does not count")
        else:
            found.append(text(each.get("text")))
    return tuple(found)


def _statuses(one: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    listed = one.get("product_status")
    return [pair for pair in listed.items() if pair[0] not in _SAYS_NOTHING] if isinstance(listed, dict) else []


def _words(one: Mapping[str, Any], tree: ProductTree) -> dict[str, _Words]:
    """Return what is said by product; under `""` what is said of all."""
    labels: dict[str, list[str]] = {}
    impacts: dict[str, list[str]] = {}
    actions: dict[str, list[str]] = {}
    responses: dict[str, list[str]] = {}
    for flag in objects(one.get("flags")):
        _put(labels, tree.ids(flag), text(flag.get("label")))
    for threat in objects(one.get("threats")):
        details = text(threat.get("details"))
        if threat.get("category") == "impact" and details.lower() not in _SEVERITIES:
            _put(impacts, tree.ids(threat), details)
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
