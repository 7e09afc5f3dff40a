"""SPDX written, and read back."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from holdfast.facts.sbom import read_sbom
from holdfast.facts.spdx_writer import write_spdx
from holdfast.model.component import Sbom, Unparsed
from tests.facts.sbom_samples import sboms
from tests.facts.test_sbom_writer import NOW, SBOM

LICENSED = replace(
    SBOM,
    occurrences=(
        replace(SBOM.occurrences[0], licenses=("MIT", "GPL-2.0-only OR ISC", "Own terms")),
        replace(SBOM.occurrences[1], licenses=("Own terms",)),
        replace(SBOM.occurrences[2], licenses=("MIT OR Apache-2.0",)),
        *SBOM.occurrences[3:],
    ),
    unparsed=(Unparsed("a/uv.lock", 3, "cut"), Unparsed("yarn.lock", None, "not read yet")),
)


def _written(sbom: Sbom) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_spdx(sbom, name="shop", version="1.0", now=NOW))
    return document


@pytest.mark.parametrize("sbom", [SBOM, LICENSED, Sbom(())], ids=["plain", "licensed", "empty"])
def test_written_spdx_holds_to_the_specification(sbom: Sbom) -> None:
    parsed = JsonLikeDictParser().parse(_written(sbom))  # type: ignore[no-untyped-call]  # the library has no types
    assert [message.validation_message for message in validate_full_spdx_document(parsed, "SPDX-2.3")] == []
    assert len(parsed.packages) == len(sbom.occurrences) + 1


def test_written_spdx_reads_back_as_it_was() -> None:
    text = write_spdx(LICENSED, name="shop", version="1.0", now=NOW)
    back = read_sbom("x.spdx.json", text.encode())
    assert back.unparsed == LICENSED.unparsed
    assert {one.component: one for one in back.occurrences} == {one.component: one for one in LICENSED.occurrences}


@settings(deadline=None, max_examples=80)
@given(sbom=sboms())
def test_written_spdx_of_any_composition_reads_back_as_it_was(sbom: Sbom) -> None:
    back = read_sbom("x", write_spdx(sbom, name="shop", version="", now=NOW).encode())
    empty = {Unparsed("x", None, "no packages in it")}
    assert set(back.unparsed) - empty == set(sbom.unparsed)
    assert {one.component: one for one in back.occurrences} == {one.component: one for one in sbom.occurrences}


def test_written_spdx_is_the_same_for_the_same_content() -> None:
    turned = replace(LICENSED, occurrences=LICENSED.occurrences[::-1], unparsed=LICENSED.unparsed[::-1])
    first, second = (write_spdx(sbom, name="shop", version="1.0", now=NOW) for sbom in (LICENSED, turned))
    assert first == second


def test_written_spdx_names_time_licences_and_who_asked() -> None:
    document = _written(LICENSED)
    assert document["creationInfo"] == {"created": "2024-05-01T12:00:00Z", "creators": ["Tool: holdfast"]}
    (info,) = document["hasExtractedLicensingInfos"]
    packages = {one["name"]: one for one in document["packages"]}
    assert packages["libssl3"]["licenseDeclared"] == f"MIT AND (GPL-2.0-only OR ISC) AND {info['licenseId']}"
    ids = {one["SPDXID"]: one["name"] for one in document["packages"]}
    edges = {
        (ids.get(one["spdxElementId"]), one["relationshipType"], ids.get(one["relatedSpdxElement"]))
        for one in document["relationships"]
    }
    assert {(None, "DESCRIBES", "shop"), ("shop", "DEPENDS_ON", "flask"), ("flask", "DEPENDS_ON", "werkzeug")} <= edges
    assert ("shop", "CONTAINS", "libssl3") in edges


def test_written_spdx_has_an_instant_of_whole_seconds() -> None:
    text = write_spdx(SBOM, name="shop", version="", now=datetime(2024, 5, 1, 12, 0, 0, 5, tzinfo=UTC))
    assert json.loads(text)["creationInfo"]["created"] == "2024-05-01T12:00:00Z"
