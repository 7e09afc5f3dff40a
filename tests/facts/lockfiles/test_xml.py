"""XML with lines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts.lockfiles._xml import MAX_DEPTH, load_xml

DOCUMENT = b"""<?xml version="1.0"?>
<p:project xmlns:p="urn:x"
    p:a="1" b="2&amp;">
  <name> one <!-- not this --> two </name>
  <list><item>a</item><other/><p:item>b</p:item></list>
  <![CDATA[<raw>]]>
</p:project>
"""


def test_xml_elements_know_name_attributes_text_children_and_line() -> None:
    root = load_xml("x.xml", DOCUMENT)
    assert (root.name, root.line, root.text) == ("project", 2, "<raw>")
    assert {key: root.attributes[key] for key in ("a", "b")} == {"a": "1", "b": "2&"}
    assert root.value("name") == "one  two"
    assert [(one.text, one.line) for one in root.listed("list", "item")] == [("a", 5), ("b", 5)]
    assert [one.name for one in root.children] == ["name", "list"]


def test_xml_that_is_not_there_is_nothing() -> None:
    root = load_xml("x.xml", DOCUMENT)
    assert root.find("list", "none", "item") is None
    assert root.value("none") == ""
    assert root.listed("none", "item") == []
    assert root.find() is root


@pytest.mark.parametrize(
    ("text", "where", "because"),
    [
        (b"", "x.xml", "the file is empty"),
        (b" \n", "x.xml", "the file is empty"),
        (b"<a>\n <b></a>", "x.xml:2:7", "not valid XML: mismatched tag"),
        (b"<a>\n", "x.xml:2:1", "not valid XML: no element found"),
        (b"<a>\n  &nbsp;</a>", "x.xml:2:3", "not valid XML: undefined entity"),
        (b"<a/>\n<b/>", "x.xml:2:1", "not valid XML: junk after document element"),
        (b"<a>\x00</a>", "x.xml:1:4", "not valid XML: not well-formed (invalid token)"),
        (b"<a>\n<<<<<<< HEAD\n</a>", "x.xml:2", "merge conflict markers"),
    ],
)
def test_xml_that_is_refused_names_line_and_column(text: bytes, where: str, because: str) -> None:
    with pytest.raises(FactError) as caught:
        load_xml("x.xml", text)
    assert (caught.value.where, caught.value.message) == (where, because)


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://registry.example/x.dtd"> %a;',
    ],
)
def test_xml_with_entities_is_refused_before_any_is_read(subset: str) -> None:
    with pytest.raises(FactError, match="a document type: it can declare entities, so it is not read") as caught:
        load_xml("x.xml", f"\n<!DOCTYPE r [{subset}]>\n<r>&a;</r>".encode())
    assert (caught.value.where or "").startswith("x.xml:2:")


def test_xml_nested_a_thousand_deep_is_refused_with_its_line() -> None:
    deep = "<a>\n" * 1000
    with pytest.raises(FactError, match="nested too deeply") as caught:
        load_xml("x.xml", deep.encode())
    assert caught.value.where == f"x.xml:{MAX_DEPTH + 1}:1"


def test_xml_element_of_many_attributes_is_refused() -> None:
    many = " ".join(f'a{number}=""' for number in range(1001))
    with pytest.raises(FactError, match="over 1000 attributes"):
        load_xml("x.xml", f"<a {many}/>".encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_xml_is_read_in_its_encoding(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    data = f'<?xml version="1.0" encoding="{declared}"?><a>é</a>'.encode(encoding)
    assert load_xml("x.xml", data).text == "é"


@pytest.mark.parametrize("encoding", ["utf-7", "big5", "undefined", "idna", "zlib_codec", "rot13", "no-such", "utf-32"])
def test_xml_in_an_encoding_that_is_not_known_is_refused(encoding: str) -> None:
    with pytest.raises(FactError, match="not valid XML"):
        load_xml("x.xml", f'<?xml version="1.0" encoding="{encoding}"?><a>\x80</a>'.encode("latin-1"))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["<a>", "</a>", "<", "&", "]]>", '"', "<!--", "<![CDATA[", "\x01", "é", "<b c='"])))
def test_xml_of_any_pieces_is_read_or_refused(pieces: list[str]) -> None:
    found: str | None
    try:
        found = load_xml("x.xml", "".join(pieces).encode()).name
    except FactError as error:
        found = error.where
    assert found == "a" or (found or "").startswith("x.xml")
