"""SPDX tag-value, read as its JSON is."""

import pytest

from holdfast.errors import FactError
from holdfast.facts.sboms.spdx_tag_value import parse_spdx_tag_value
from holdfast.model.component import Scope

DOCUMENT = """SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: shop
# what it is about
PackageName: shop
SPDXID: SPDXRef-shop
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-shop

PackageName: a
SPDXID: SPDXRef-a
PackageVersion: 1.0
PackageDescription: <text>PackageName: not this one
over two lines</text>
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: LicenseRef-own
ExternalRef: PACKAGE-MANAGER purl pkg:npm/a
ExternalRef: SECURITY cpe23Type cpe:2.3:a:a:a:1.0:*:*:*:*:*:*:*

PackageName: b
SPDXID: SPDXRef-b
ExternalRef: PACKAGE_MANAGER purl pkg:npm/b@2
FileName: ./x
SPDXID: SPDXRef-file
PackageName: bare
SPDXID: SPDXRef-bare
LicenseID: LicenseRef-own
ExtractedText: <text>own</text>
LicenseName: Own terms
Relationship: SPDXRef-shop DEPENDS_ON SPDXRef-a
Relationship: SPDXRef-b TEST_DEPENDENCY_OF SPDXRef-a
Relationship: odd
this is no field
"""


def test_tag_value_packages_are_read_with_lines_paths_scopes_and_licences() -> None:
    parsed = parse_spdx_tag_value("x.spdx", DOCUMENT.encode())
    found = [
        (one.component.purl, one.locations[0].line, one.direct, one.path, one.scope, one.licenses)
        for one in parsed.occurrences
    ]
    assert found == [
        ("pkg:npm/a@1.0", 10, True, (), Scope.RUNTIME, ("Own terms",)),
        ("pkg:npm/b@2", 20, False, ("a",), Scope.DEVELOPMENT, ()),
    ]
    assert [(gap.line, gap.because) for gap in parsed.unparsed] == [
        (32, "expected `Relationship: A KIND B`, got `odd`"),
        (33, "expected `Tag: value`, got `this is no field`"),
        (25, "package `bare` has no purl"),
    ]


def test_tag_value_text_that_never_ends_is_a_gap() -> None:
    text = DOCUMENT.replace("two lines</text>", "two lines").replace("<text>own</text>", "own")
    parsed = parse_spdx_tag_value("x.spdx", text.encode())
    assert (13, "a `<text>` that never ends") in [(gap.line, gap.because) for gap in parsed.unparsed]


@pytest.mark.parametrize("text", ["", "hello", "SPDXVersion: SPDX-3.0\n", "\0", "PackageName: a\n"])
def test_tag_value_that_is_none_is_an_error_with_its_file(text: str) -> None:
    with pytest.raises(FactError) as caught:
        parse_spdx_tag_value("x.spdx", text.encode())
    assert str(caught.value.where).startswith("x.spdx")
