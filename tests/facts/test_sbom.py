"""Any bill of materials as a composition, and the digest of a composition."""

import pytest

from holdfast.facts.sbom import sbom_digest
from holdfast.model.component import Component, Location, Occurrence, Sbom, Scope, Source, Unparsed

A = Occurrence(Component("npm", "a", "1"), (Location("x", 1), Location("y", None)), True)
B = Occurrence(Component("npm", "b", "1"), (Location("x", 2),), False, ("a",), Scope.DEVELOPMENT)


def test_digest_does_not_depend_on_order() -> None:
    turned = Occurrence(A.component, A.locations[::-1], True)
    assert sbom_digest(Sbom((A, B))) == sbom_digest(Sbom((B, turned)))
    assert sbom_digest(Sbom((A, B))).startswith("sha256:")


@pytest.mark.parametrize(
    "other",
    [
        Sbom((A,)),
        Sbom((A, B), unparsed=(Unparsed("f", None, "why"),)),
        Sbom((A, B), files=(("f", "uv_lock", 2),)),
        Sbom((A, Occurrence(B.component, B.locations, False, ("a",)))),
        Sbom((A, Occurrence(Component("npm", "b", "1", Source.PATH), B.locations, False, ("a",), B.scope))),
        Sbom((A, Occurrence(B.component, (Location("x", 3),), False, ("a",), B.scope))),
    ],
    ids=["fewer", "gap", "file", "scope", "source", "line"],
)
def test_digest_differs_where_the_content_does(other: Sbom) -> None:
    assert sbom_digest(other) != sbom_digest(Sbom((A, B)))
