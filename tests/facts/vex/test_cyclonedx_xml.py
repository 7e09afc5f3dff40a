"""Analyses in CycloneDX XML: what its JSON says, from the elements of the schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.vexed import read_vex
from holdfast.model.vex import VexDocument, VexStatus
from tests.facts.vex.documents import CYCLONEDX, IMAGE, read

XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="2"
     serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79">
  <metadata>
    <timestamp>2026-05-01T10:00:00Z</timestamp>
    <authors><author><name>Shop Security</name></author></authors>
    <component type="application" bom-ref="shop">
      <name>shop</name><version>7</version><purl>{IMAGE}</purl>
    </component>
  </metadata>
  <components>
    <component type="library" bom-ref="pad">
      <name>left-pad</name><version>1.0.0</version><purl>pkg:npm/left-pad@1.0.0</purl>
    </component>
  </components>
  <vulnerabilities>
    <vulnerability bom-ref="v1">
      <id>CVE-2026-1</id>
      <references><reference><id>GHSA-aaaa-bbbb-cccc</id><source><name>GitHub</name></source></reference></references>
      <analysis>
        <state>not_affected</state>
        <justification>code_not_reachable</justification>
        <responses><response>will_not_fix</response></responses>
        <detail>padding is never asked for</detail>
        <lastUpdated>2026-05-02T10:00:00Z</lastUpdated>
      </analysis>
      <affects><target><ref>pad</ref></target></affects>
    </vulnerability>
  </vulnerabilities>
</bom>
"""


def read_xml(*texts: str) -> tuple[VexDocument, ...]:
    return read_vex((f"{number}.xml", one.encode()) for number, one in enumerate(texts))


def test_cyclonedx_xml_says_what_its_json_says() -> None:
    (found,), (expected,) = read_xml(XML), read(CYCLONEDX)
    assert (found.format, found.id, found.notes) == ("cyclonedx", expected.id, ())
    (one,), (other,) = found.statements, expected.statements
    assert (one.ids, one.claims, one.status) == (other.ids, other.claims, other.status)
    assert (one.justification, one.impact, one.response) == (other.justification, other.impact, other.response)
    assert (one.authors, one.at, one.version) == (other.authors, other.at, other.version)


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.7"])
def test_cyclonedx_xml_of_every_version_with_analyses_is_read(version: str) -> None:
    (found,) = read_xml(XML.replace("bom/1.6", f"bom/{version}"))
    assert [one.status for one in found.statements] == [VexStatus.NOT_AFFECTED]


def test_cyclonedx_xml_of_another_encoding_or_with_a_prefix_is_read() -> None:
    wide = XML.replace("UTF-8", "UTF-16").encode("utf-16")
    prefixed = XML.replace("<bom xmlns=", "<c:bom xmlns:c=").replace("</bom>", "</c:bom>")
    for data in (wide, b"\xef\xbb\xbf\n" + XML.split("\n", 1)[1].encode(), prefixed.encode()):
        (found,) = read_vex([("vex.xml", data)])
        assert len(found.statements) == 1


def test_cyclonedx_xml_versions_narrow_what_is_said() -> None:
    listed = """<versions>
      <version><version>1.0.0</version><status>unaffected</status></version>
      <version><version>2.0.0</version><status>affected</status></version>
      <version><range>vers:npm/>=3</range><status>unaffected</status></version>
    </versions>"""
    (found,) = read_xml(XML.replace("<ref>pad</ref>", f"<ref>pad</ref>{listed}"))
    said = {
        part.package.version if part.package else "": one.status
        for one in found.statements
        for claim in one.claims
        for part in claim.parts
    }
    assert said == {"1.0.0": VexStatus.NOT_AFFECTED, "2.0.0": VexStatus.AFFECTED, "": VexStatus.NOT_AFFECTED}
    assert any("a range of versions matches nothing" in note for note in found.notes)


def test_cyclonedx_link_leads_from_xml_to_json_and_back() -> None:
    link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/2#pad"
    speaks = XML.replace("<ref>pad</ref>", f"<ref>{link}</ref>")
    bare = speaks.replace("urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", "").replace("bom-ref=", "no-ref=")
    first, _ = read_vex([("vex.xml", bare.encode()), ("bom.xml", XML.encode())])
    (claim,) = first.statements[0].claims
    assert [part.name for part in claim.parts] == ["pkg:npm/left-pad@1.0.0"]


def test_cyclonedx_xml_signature_of_its_own_is_told_not_to_be_verified() -> None:
    (found,) = read_xml(XML.replace("</bom>", '<ds:Signature xmlns:ds="urn:x"/></bom>'))
    assert found.notes == ("its own signature is not verified: it counts as unsigned",)


def test_cyclonedx_xml_without_state_says_nothing() -> None:
    (found,) = read_xml(XML.replace("<state>not_affected</state>", "<state/>"))
    assert found.statements == ()


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        (XML.replace("bom/1.6", "bom/1.3"), r"1\.4 to 1\.7, got `1\.3`", "vex.xml:2"),
        (XML.replace("bom/1.6", "bom/2.0"), r"1\.4 to 1\.7, got `2\.0`", "vex.xml:2"),
        ("<html/>", "no known format: `html`", "vex.xml:1"),
        (XML.replace("</vulnerabilities>", ""), "not valid XML", "vex.xml:30"),
        ('<!DOCTYPE bom [<!ENTITY a "b">]><bom/>', "document type", "vex.xml:1"),
        ("<a>" * 5_000, "nested too deeply", "vex.xml:1"),
    ],
)
def test_what_is_no_such_xml_is_refused_with_its_line(text: str, said: str, where: str) -> None:
    with pytest.raises(FactError, match=said) as raised:
        read_vex([("vex.xml", text.encode())])
    assert (raised.value.where or "").startswith(where)


@given(st.data())
def test_a_document_that_lost_something_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(XML)))
    text = XML[:start] + data.draw(st.text(max_size=5)) + XML[start + data.draw(st.integers(0, 40)) :]
    try:
        (found,) = read_vex([("vex.xml", text.encode())])
    except FactError:
        return
    assert all(one.ids and one.claims for one in found.statements)
