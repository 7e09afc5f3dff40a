"""CycloneDX written, and read back."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings

from holdfast.facts.sbom import read_sbom
from holdfast.facts.sbom_writer import write_cyclonedx
from holdfast.model.component import Component, Location, Occurrence, Sbom, Scope, Source, Unparsed
from tests.facts.sbom_samples import sboms

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
SBOM = Sbom(
    (
        Occurrence(
            Component(
                "Debian:12",
                "libssl3",
                "3.0.11-1~deb12u2",
                qualifiers=(("arch", "amd64"), ("distro", "debian-12")),
                source_package="openssl",
            ),
            (Location("var/lib/dpkg/status", 10),),
        ),
        Occurrence(Component("Go", "example.org/own/v2", "v2.0.0", Source.PATH), (Location("go.mod", 3),), True),
        Occurrence(Component("PyPI", "deep", "1.0"), (Location("uv.lock", 9),), False, ("flask", "werkzeug")),
        Occurrence(Component("PyPI", "flask", "3.0"), (Location("uv.lock", 1), Location("app/uv.lock", 2)), True),
        Occurrence(Component("PyPI", "shop", "", Source.PATH), (Location("uv.lock", 5),)),
        Occurrence(Component("PyPI", "werkzeug", "3.0"), (Location("uv.lock", 7),), False, ("flask",)),
        Occurrence(Component("npm", "=cmd()", "1"), (Location("p.json", None),), False, (), Scope.DEVELOPMENT),
        Occurrence(Component("npm", "@scope/name", "1.0.0+build"), (Location("p.json", 4),), None, (), Scope.OPTIONAL),
    )
)


def test_written_sbom_reads_back_as_it_was() -> None:
    text = write_cyclonedx(SBOM, name="shop", version="1.0", now=NOW)
    back = read_sbom("bom.json", text.encode())
    assert back.unparsed == ()
    assert {one.component: one for one in back.occurrences} == {one.component: one for one in SBOM.occurrences}


def test_written_gaps_are_read_back_and_hold_to_the_schema() -> None:
    gaps = (Unparsed("a/uv.lock", 3, "cut"), Unparsed("yarn.lock", None, "not read yet"))
    text = write_cyclonedx(replace(SBOM, unparsed=gaps), name="shop", version="1.0", now=NOW)
    assert read_sbom("bom.json", text.encode()).unparsed == gaps
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    odd = json.dumps({"file": "a\0", "line": -1, "because": "cut"})
    document["metadata"]["properties"] = [{"name": "holdfast:gap", "value": odd}]
    assert read_sbom("b", json.dumps(document).encode()).unparsed == (Unparsed("a\\x00", None, "cut"),)
    document["metadata"]["properties"] = [{"name": "holdfast:gap", "value": "?"}]
    assert read_sbom("b", json.dumps(document).encode()).unparsed == (Unparsed("b", None, "?"),)
    del document["metadata"]["properties"]
    (gap,) = read_sbom("b", json.dumps(document).encode()).unparsed
    assert gap.because == "the document says that it is incomplete"


def test_written_sbom_is_the_same_for_the_same_content() -> None:
    turned = Sbom(SBOM.occurrences[::-1])
    first, second = (write_cyclonedx(sbom, name="shop", version="1.0", now=NOW) for sbom in (SBOM, turned))
    assert first == second


def test_written_sbom_holds_to_the_published_schema() -> None:
    text = write_cyclonedx(SBOM, name="shop", version="1.0", now=NOW)
    schema = JsonStrictValidator(SchemaVersion.V1_6)
    assert schema.validate_str(text) is None
    assert schema.validate_str(text.replace('"library"', '"lib"')) is not None


def test_written_sbom_names_version_time_and_what_is_described() -> None:
    document = json.loads(write_cyclonedx(SBOM, name="shop", version="1.0", now=NOW))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["timestamp"].startswith("2024-05-01T12:00:00")
    assert document["metadata"]["component"]["name"] == "shop"
    edges = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert edges["pkg:pypi/flask@3.0"] == ["pkg:pypi/werkzeug@3.0"]
    assert edges["pkg:pypi/deep@1.0"] == []


def test_written_sbom_of_nothing_is_a_document() -> None:
    document = json.loads(write_cyclonedx(Sbom(()), name="shop", version="", now=NOW))
    assert document.get("components", []) == []


@settings(deadline=None, max_examples=80)
@given(sbom=sboms())
def test_written_sbom_of_any_composition_reads_back_as_it_was(sbom: Sbom) -> None:
    text = write_cyclonedx(sbom, name="shop", version="", now=None)
    back = read_sbom("x", text.encode())
    assert set(back.unparsed) - {Unparsed("x", None, "no components in it")} == set(sbom.unparsed)
    assert {one.component: one for one in back.occurrences} == {one.component: one for one in sbom.occurrences}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
