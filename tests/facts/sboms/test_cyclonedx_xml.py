"""CycloneDX XML, read as its JSON is."""

from xml.etree import ElementTree

import pytest
from cyclonedx.model.bom import Bom

from holdfast.errors import FactError
from holdfast.facts.sboms.cyclonedx_xml import parse_cyclonedx_xml
from holdfast.model.component import Location, Scope

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
  <metadata>
    <component type="application" bom-ref="shop"><name>shop</name>
      <components>
        <component type="library" bom-ref="part"><name>part</name><purl>pkg:npm/part@1</purl></component>
      </components>
    </component>
    <properties><property name="holdfast:gap">{"file": "x", "line": 3, "because": "cut"}</property></properties>
  </metadata>
  <components>
    <component type="library" bom-ref="a">
      <name>a</name>
      <version>1</version>
      <scope>optional</scope>
      <licenses><license><id>MIT</id></license><license><name>Own</name></license></licenses>
      <purl>pkg:npm/a@1</purl>
      <components>
        <component type="library" bom-ref="b"><name>b</name><licenses><expression>MIT OR ISC</expression></licenses>
          <purl>pkg:npm/b@2</purl>
          <evidence><occurrences><occurrence><location>package.json</location><line>7</line></occurrence></occurrences>
          </evidence></component>
      </components>
    </component>
    <component type="library"><name>bare</name></component>
  </components>
  <dependencies>
    <dependency ref="shop"><dependency ref="a"/></dependency>
    <dependency ref="a"><dependency ref="b"/></dependency>
    <dependency ref="b"><dependency ref="a"/></dependency>
  </dependencies>
</bom>
"""


def test_xml_components_are_those_that_another_reader_finds() -> None:
    bom = Bom.from_xml(ElementTree.fromstring(DOCUMENT))  # type: ignore[attr-defined]  # added by a decorator
    found = {str(one.purl) for one in bom.components if one.purl}
    found |= {str(inner.purl) for one in bom.components for inner in one.components}
    parsed = parse_cyclonedx_xml("bom.xml", DOCUMENT.encode())
    assert {one.component.purl for one in parsed.occurrences} - {"pkg:npm/part@1"} == found


def test_xml_components_are_read_with_lines_scopes_licences_and_paths() -> None:
    parsed = parse_cyclonedx_xml("bom.xml", DOCUMENT.encode())
    found = [
        (one.component.purl, one.locations[0].line, one.direct, one.path, one.scope, one.licenses)
        for one in parsed.occurrences
    ]
    assert found == [
        ("pkg:npm/part@1", 6, None, (), Scope.RUNTIME, ()),
        ("pkg:npm/a@1", 12, True, (), Scope.OPTIONAL, ("MIT", "Own")),
        ("pkg:npm/b@2", 19, False, ("a",), Scope.RUNTIME, ("MIT OR ISC",)),
    ]
    assert [(gap.file, gap.line, gap.because) for gap in parsed.unparsed] == [
        ("x", 3, "cut"),
        ("bom.xml", 25, "component `bare` has no purl"),
    ]


def test_xml_evidence_is_the_place_when_asked_for() -> None:
    parsed = parse_cyclonedx_xml("bom.xml", DOCUMENT.encode(), evidence=True)
    assert parsed.occurrences[2].locations == (Location("package.json", 7),)


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_xml_of_every_version_and_any_prefix_is_read(version: str) -> None:
    text = (
        f'<c:bom xmlns:c="http://cyclonedx.org/schema/bom/{version}"><c:components><c:component type="library">'
        "<c:name>a</c:name><c:purl>pkg:npm/a@1</c:purl></c:component></c:components></c:bom>"
    )
    parsed = parse_cyclonedx_xml("bom.xml", text.encode("utf-16"))
    assert [one.component.name for one in parsed.occurrences] == ["a"]
    assert parsed.unparsed == ()


def test_xml_of_an_old_version_is_read_and_named() -> None:
    text = '<bom xmlns="http://cyclonedx.org/schema/bom/1.1"><components/></bom>'
    reasons = [gap.because for gap in parse_cyclonedx_xml("bom.xml", text.encode()).unparsed]
    assert reasons == [
        "expected `specVersion` 1.2 to 1.7, got '1.1': parts may be unread",
        "no components in it",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<bom/>",
        '<project xmlns="http://cyclonedx.org/schema/bom/1.4"/>',
        "<bom",
        "",
        '<!DOCTYPE bom [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.4">&a;</bom>',
    ],
)
def test_xml_that_is_none_is_an_error_with_its_file(text: str) -> None:
    with pytest.raises(FactError) as caught:
        parse_cyclonedx_xml("bom.xml", text.encode())
    assert str(caught.value.where).startswith("bom.xml")
