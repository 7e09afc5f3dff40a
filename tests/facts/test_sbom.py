"""Any bill of materials as a composition, and the digest of a composition."""

import pytest

from holdfast.facts.sbom import read_sbom, sbom_digest
from holdfast.model.component import Component, Location, Occurrence, Sbom, Scope, Source, Unparsed

CYCLONEDX = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"purl": "pkg:npm/a@1"}]}'
XML = """<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components><component type="library">
<purl>pkg:npm/a@1</purl></component></components></bom>"""
SPDX = """{"packages": [{"name": "a", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:npm/a@1"}]}],
"spdxVersion": "SPDX-2.3"}"""
TAG_VALUE = "SPDXVersion: SPDX-2.3\nPackageName: a\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\n"
FORMS = {"cyclonedx_json": CYCLONEDX, "cyclonedx_xml": XML, "spdx_json": SPDX, "spdx_tag_value": TAG_VALUE}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("form", sorted(FORMS))
def test_sbom_of_any_form_is_told_by_its_content(form: str, encoding: str) -> None:
    sbom = read_sbom("body", FORMS[form].encode(encoding))
    assert [one.component.purl for one in sbom.occurrences] == ["pkg:npm/a@1"]
    assert sbom.files == (("body", form, 1),)
    assert sbom.unparsed == ()


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
