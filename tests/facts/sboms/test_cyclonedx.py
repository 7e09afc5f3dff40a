"""CycloneDX JSON, read leniently."""

import json
from typing import Any

import pytest

from holdfast.errors import FactError
from holdfast.facts.sbom import read_sbom
from holdfast.facts.sboms.cyclonedx import parse_cyclonedx_json as parse_cyclonedx
from holdfast.model.component import Location, Scope, Unparsed


def _document(components: list[Any], **more: Any) -> bytes:
    whole = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components, **more}
    return json.dumps(whole, indent=1).encode()


def _library(purl: str, **more: Any) -> dict[str, Any]:
    return {"type": "library", "name": purl.split("/")[-1].split("@")[0], "bom-ref": purl, "purl": purl, **more}


def test_sbom_direct_and_path_come_from_the_described_component() -> None:
    data = _document(
        [_library("pkg:npm/a@1"), _library("pkg:npm/b@1"), _library("pkg:npm/c@1"), _library("pkg:npm/lost@1")],
        metadata={"component": {"bom-ref": "root", "name": "shop", "type": "application"}},
        dependencies=[
            {"ref": "root", "dependsOn": ["pkg:npm/a@1"]},
            {"ref": "pkg:npm/a@1", "dependsOn": ["pkg:npm/b@1", "nowhere"]},
            {"ref": "pkg:npm/b@1", "dependsOn": ["pkg:npm/c@1", "pkg:npm/a@1"]},
        ],
    )
    found = {one.component.name: (one.direct, one.path) for one in read_sbom("bom.json", data).occurrences}
    assert found == {"a": (True, ()), "b": (False, ("a",)), "c": (False, ("a", "b")), "lost": (None, ())}


@pytest.mark.parametrize(
    ("more", "scope"),
    [
        ({}, Scope.RUNTIME),
        ({"scope": "required"}, Scope.RUNTIME),
        ({"scope": "optional"}, Scope.OPTIONAL),
        ({"scope": "excluded"}, Scope.DEVELOPMENT),
        ({"scope": ["odd"]}, Scope.RUNTIME),
        ({"properties": [{"name": "cdx:npm:package:development", "value": "true"}]}, Scope.DEVELOPMENT),
    ],
)
def test_sbom_scope_is_what_the_document_states(more: dict[str, Any], scope: Scope) -> None:
    parsed = parse_cyclonedx("bom.json", _document([_library("pkg:npm/a@1", **more)]))
    assert parsed.occurrences[0].scope is scope


def test_sbom_nested_components_are_read_with_their_lines() -> None:
    inner = _library("pkg:npm/inner@1", components=[_library("pkg:npm/core@1")])
    data = _document([_library("pkg:npm/outer@1", components=[inner])])
    parsed = parse_cyclonedx("bom.json", data)
    assert [one.component.name for one in parsed.occurrences] == ["outer", "inner", "core"]
    lines = data.decode().split("\n")
    for one in parsed.occurrences:
        line = one.locations[0].line
        assert line is not None
        assert f'"name": "{one.component.name}"' in lines[line + 1]


def test_sbom_component_that_names_no_version_or_no_purl_is_unparsed_and_the_others_read() -> None:
    data = _document(
        [
            {"type": "library", "name": "no-purl", "version": "1"},
            _library("pkg:npm/no-version"),
            _library("pkg:npm/%1b%5b31m@1"),
            _library("not-a-purl"),
            5,
            _library("pkg:npm/good@1"),
            {"type": "file", "name": "/etc/passwd"},
        ]
    )
    parsed = parse_cyclonedx("bom.json", data)
    assert [one.component.name for one in parsed.occurrences] == ["good"]
    reasons = [gap.because for gap in parsed.unparsed]
    assert len(reasons) == 5
    assert any("`no-purl` has no purl" in reason for reason in reasons)
    assert any("without a version" in reason for reason in reasons)
    assert all(reason.isprintable() for reason in reasons)


def test_sbom_unknown_purl_type_keeps_its_type() -> None:
    parsed = parse_cyclonedx("bom.json", _document([_library("pkg:alpm/arch/pacman@6.0")]))
    assert parsed.occurrences[0].component.ecosystem == "purl:alpm"


@pytest.mark.parametrize(
    ("upstream", "name"),
    [
        ("openssl-1.1.1k-12.el8.src.rpm", "openssl"),
        ("java-17-openjdk-17.0.9.0.9-2.el8.nosrc.rpm", "java-17-openjdk"),
        ("openssl-libs-1.1.1k-12.el8.src.rpm", "openssl-libs"),
        ("a%2Fb-1-1.src.rpm", "openssl-libs"),
        ("openssl", "openssl-libs"),
        ("", "openssl-libs"),
    ],
)
def test_sbom_upstream_of_an_rpm_is_the_file_of_its_source(upstream: str, name: str) -> None:
    purl = f"pkg:rpm/rocky/openssl-libs@1.1.1k-12.el8?arch=x86_64&distro=rocky-8.9&epoch=1&upstream={upstream}"
    (one,) = parse_cyclonedx("bom.json", _document([_library(purl)])).occurrences
    version = "1:17.0.9.0.9-2.el8" if name.startswith("java") else "1:1.1.1k-12.el8"
    assert (one.component.match_name, one.component.match_version) == (name, version)
    assert "upstream" not in one.component.purl


@pytest.mark.parametrize(
    ("vendor", "compared"), [("rocky", ("perl", "5.32.1-481.el9")), ("almalinux", ("perl-Errno", "1.30-481.el9"))]
)
def test_sbom_rpm_is_held_by_the_version_that_its_distributions_advisories_speak_of(
    vendor: str, compared: tuple[str, str]
) -> None:
    purl = f"pkg:rpm/{vendor}/perl-Errno@1.30-481.el9?distro={vendor}-9.6&upstream=perl-5.32.1-481.el9.src.rpm"
    (one,) = parse_cyclonedx("bom.json", _document([_library(purl)])).occurrences
    assert (one.component.match_name, one.component.match_version) == compared


def test_sbom_upstream_qualifier_is_the_source_package() -> None:
    purl = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11"
    component = parse_cyclonedx("bom.json", _document([_library(purl)])).occurrences[0].component
    assert (component.match_name, component.match_version) == ("openssl", "3.0.11")
    assert component.qualifiers == (("arch", "amd64"), ("distro", "debian-12"))


def test_sbom_that_is_vex_only_says_so() -> None:
    data = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.4", "vulnerabilities": [{"id": "CVE-1"}]}).encode()
    because = "no components in it: it is a VEX document, with vulnerabilities only"
    assert read_sbom("vex.json", data).unparsed == (Unparsed("vex.json", None, because),)


def test_sbom_unknown_spec_version_is_named_and_read() -> None:
    parsed = parse_cyclonedx("bom.json", _document([_library("pkg:npm/a@1")], specVersion="9.9"))
    assert len(parsed.occurrences) == 1
    assert "expected `specVersion` 1.2 to 1.7, got '9.9'" in parsed.unparsed[0].because


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"bomFormat": "SPDX"}', b"<bom/>", b"[" * 100_000])
def test_sbom_that_is_none_is_an_error_with_its_file(data: bytes) -> None:
    with pytest.raises(FactError) as caught:
        read_sbom("bom.json", data)
    assert str(caught.value.where).startswith("bom.json")


def test_sbom_evidence_is_the_place_when_asked_for() -> None:
    evidence = {"occurrences": [{"location": "uv.lock", "line": 12}, {"location": "x", "line": -1}, "odd"]}
    data = _document([_library("pkg:pypi/a@1", evidence=evidence)])
    assert read_sbom("bom.json", data).occurrences[0].locations == (Location("uv.lock", 12), Location("x", None))
    assert parse_cyclonedx("bom.json", data).occurrences[0].locations[0].file == "bom.json"


def test_sbom_version_beside_a_purl_without_one_counts_and_a_range_does_not() -> None:
    pinned = _library("pkg:npm/%40a/b?arch=x#sub", version="1.2")
    parsed = parse_cyclonedx("bom.json", _document([pinned, _library("pkg:npm/c", version="^1.2")]))
    assert [one.component.purl for one in parsed.occurrences] == ["pkg:npm/%40a/b@1.2?arch=x"]
    assert [gap.because for gap in parsed.unparsed] == ["a package URL without a version: `pkg:npm/c`"]


def test_sbom_what_only_holds_packages_is_none() -> None:
    system = {"type": "operating-system", "name": "debian", "version": "12"}
    lock = {"type": "application", "name": "package-lock.json"}
    parsed = parse_cyclonedx(
        "bom.json", _document([system, lock, {"type": "application", "name": "x", "version": "1"}])
    )
    assert [gap.because for gap in parsed.unparsed] == ["component `x` has no purl"]


@pytest.mark.parametrize(
    ("more", "licenses"),
    [
        (
            {"licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "Own terms", "url": "x"}}]},
            ("MIT", "Own terms"),
        ),
        ({"licenses": [{"expression": "MIT OR Apache-2.0"}]}, ("MIT OR Apache-2.0",)),
        ({"evidence": {"licenses": [{"license": {"id": "ISC"}}]}}, ("ISC",)),
        ({"licenses": [{"license": {"id": "NOASSERTION"}}, {"license": 5}, 7, {"expression": "\x1b"}]}, ()),
        ({"licenses": "MIT"}, ()),
    ],
    ids=["list", "expression", "evidence", "none", "odd"],
)
def test_sbom_licences_are_what_the_document_states(more: dict[str, Any], licenses: tuple[str, ...]) -> None:
    parsed = parse_cyclonedx("bom.json", _document([_library("pkg:npm/a@1", **more)]))
    assert parsed.occurrences[0].licenses == licenses


@pytest.mark.parametrize("first", ["metadata", "components"])
def test_sbom_components_within_the_described_one_are_read_with_their_lines(first: str) -> None:
    described = {"component": {"name": "shop", "components": [_library("pkg:npm/part@1")]}}
    parts = {"metadata": described, "components": [_library("pkg:npm/a@1")]}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.7", first: parts.pop(first), **parts}
    data = json.dumps(document, indent=1).encode()
    parsed = parse_cyclonedx("bom.json", data)
    lines = data.decode().split("\n")
    for one in parsed.occurrences:
        assert f'"name": "{one.component.name}"' in lines[(one.locations[0].line or 0) + 1]
    assert {one.component.name for one in parsed.occurrences} == {"part", "a"}
    assert parsed.unparsed == ()


def test_sbom_components_nested_too_deep_are_a_gap() -> None:
    component = _library("pkg:npm/core@1")
    for number in range(80):
        component = _library(f"pkg:npm/n{number}@1", components=[component])
    parsed = parse_cyclonedx("bom.json", _document([component]))
    assert len(parsed.occurrences) == 65
    assert [gap.because for gap in parsed.unparsed] == ["components nested over 64 deep"]


@pytest.mark.parametrize("components", [{"a": 1}, "x", 5])
def test_sbom_components_that_are_no_list_are_a_gap(components: Any) -> None:
    parsed = parse_cyclonedx("bom.json", _document(components))
    assert "expected a list of components" in [gap.because for gap in parsed.unparsed]


def test_sbom_in_another_encoding_has_the_same_lines() -> None:
    text = _document([_library("pkg:npm/a@1")]).decode()
    for data in (text.encode("utf-8-sig"), text.encode("utf-16")):
        assert parse_cyclonedx("bom.json", data).occurrences[0].locations[0].line == 5


def test_sbom_go_module_keeps_the_letters_that_its_purl_has_lost() -> None:
    """Trivy writes purls of Go in small letters; an advisory on `0xJacky` would never reach `0xjacky`."""
    small = _library("pkg:golang/github.com/0xjacky/nginx-ui@v1.9.9") | {"name": "github.com/0xJacky/Nginx-UI"}
    parsed = parse_cyclonedx("bom.json", _document([small]))
    assert parsed.occurrences[0].component.purl == "pkg:golang/github.com/0xJacky/Nginx-UI@v1.9.9"
