"""SPDX JSON, read leniently."""

import json
from typing import Any

import pytest

from holdfast.errors import FactError
from holdfast.facts.sbom import read_sbom
from holdfast.facts.sboms.spdx import parse_spdx_json
from holdfast.model.component import ParsedFile, Scope


def package(name: str, purl: str | None = None, **more: Any) -> dict[str, Any]:
    made = {"name": name, "SPDXID": f"SPDXRef-{name}", "downloadLocation": "NOASSERTION", **more}
    if purl:
        reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        made["externalRefs"] = [{"referenceCategory": "SECURITY", "referenceType": "cpe23Type"}, reference]
    return made


def document(packages: list[Any], *relations: str, **more: Any) -> bytes:
    keys = ("spdxElementId", "relationshipType", "relatedSpdxElement")
    edges = [dict(zip(keys, _refs(one), strict=True)) for one in relations]
    whole = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": packages, "relationships": edges}
    return json.dumps(whole | more, indent=1).encode()


def _refs(relation: str) -> list[str]:
    left, kind, right = relation.split()
    return [f"SPDXRef-{left}", kind, f"SPDXRef-{right}"]


def _npm(*names: str) -> list[dict[str, Any]]:
    return [package(name, f"pkg:npm/{name}@1") for name in names]


def _found(parsed: ParsedFile) -> dict[str, tuple[bool | None, tuple[str, ...], Scope]]:
    return {one.component.name: (one.direct, one.path, one.scope) for one in parsed.occurrences}


def test_spdx_dependencies_are_read_from_either_side_and_circles_do_no_harm() -> None:
    data = document(
        [package("shop"), *_npm("a", "b", "c", "d", "lost")],
        "DOCUMENT DESCRIBES shop",
        "shop DEPENDS_ON a",
        "b DEPENDENCY_OF a",
        "b DEPENDS_ON c",
        "c DEPENDS_ON a",
        "c DEPENDS_ON c",
        "d DEV_DEPENDENCY_OF shop",
        "shop CONTAINS lost",
        "a DEPENDS_ON nowhere",
    )
    parsed = parse_spdx_json("x.spdx.json", data)
    assert parsed.unparsed == ()
    assert _found(parsed) == {
        "a": (True, (), Scope.RUNTIME),
        "b": (False, ("a",), Scope.RUNTIME),
        "c": (False, ("a", "b"), Scope.RUNTIME),
        "d": (True, (), Scope.DEVELOPMENT),
        "lost": (None, (), Scope.RUNTIME),
    }


def test_spdx_scope_is_the_strongest_that_reaches_a_package() -> None:
    data = document(
        [package("shop"), *_npm("run", "tool", "below", "both", "maybe", "ring", "round")],
        "shop DESCRIBED_BY DOCUMENT",
        "shop DEPENDS_ON run",
        "tool BUILD_TOOL_OF shop",
        "tool DEPENDS_ON below",
        "tool DEPENDS_ON both",
        "run DEPENDS_ON both",
        "maybe OPTIONAL_DEPENDENCY_OF run",
        "ring DEPENDS_ON round",
        "round DEPENDS_ON ring",
    )
    scopes = {name: scope for name, (_, _, scope) in _found(parse_spdx_json("x", data)).items()}
    assert scopes == {
        "run": Scope.RUNTIME,
        "tool": Scope.DEVELOPMENT,
        "below": Scope.DEVELOPMENT,
        "both": Scope.RUNTIME,
        "maybe": Scope.OPTIONAL,
        "ring": Scope.RUNTIME,
        "round": Scope.RUNTIME,
    }


def test_spdx_that_describes_every_package_has_them_all() -> None:
    data = document(_npm("a", "b"), documentDescribes=["SPDXRef-a", "SPDXRef-b"])
    assert set(_found(parse_spdx_json("x", data))) == {"a", "b"}
    only = document(_npm("a"), "DOCUMENT DESCRIBES a")
    assert set(_found(parse_spdx_json("x", only))) == {"a"}


def test_spdx_package_without_purl_or_version_is_unparsed_with_its_line() -> None:
    data = document(
        [
            package("bare", versionInfo="1"),
            package("range", "pkg:npm/range", versionInfo=">= 1.0"),
            package("none", "pkg:npm/none", versionInfo="NOASSERTION"),
            package("beside", "pkg:npm/beside", versionInfo="2"),
            package("debian", versionInfo="12", primaryPackagePurpose="OPERATING-SYSTEM"),
            package("package-lock.json", primaryPackagePurpose="APPLICATION"),
            5,
        ]
    )
    parsed = parse_spdx_json("x.spdx.json", data)
    assert [one.component.purl for one in parsed.occurrences] == ["pkg:npm/beside@2"]
    reasons = [gap.because for gap in parsed.unparsed]
    assert reasons == [
        "expected a package, got 5",
        "package `bare` has no purl",
        "a package URL without a version: `pkg:npm/range`",
        "a package URL without a version: `pkg:npm/none`",
    ]
    lines = data.decode().split("\n")
    assert '"name": "bare"' in lines[parsed.unparsed[1].line or 0]


def test_spdx_package_of_two_purls_is_both() -> None:
    made = package("a", "pkg:npm/a@1")
    made["externalRefs"].append(
        {"referenceType": "http://spdx.org/rdf/references/purl", "referenceLocator": "pkg:npm/b@1"}
    )
    assert set(_found(parse_spdx_json("x", document([made])))) == {"a", "b"}


@pytest.mark.parametrize(
    ("more", "licenses"),
    [
        ({"licenseConcluded": "MIT", "licenseDeclared": "MIT OR GPL-2.0-only"}, ("MIT",)),
        ({"licenseConcluded": "NOASSERTION", "licenseDeclared": "ISC"}, ("ISC",)),
        ({"licenseDeclared": "LicenseRef-1"}, ("Acme terms",)),
        ({"licenseConcluded": "NONE", "licenseDeclared": 5}, ()),
    ],
)
def test_spdx_licence_is_the_concluded_one_else_the_declared(more: dict[str, Any], licenses: tuple[str, ...]) -> None:
    infos = [{"licenseId": "LicenseRef-1", "name": "Acme terms", "extractedText": "…"}]
    data = document([package("a", "pkg:npm/a@1", **more)], hasExtractedLicensingInfos=infos)
    assert parse_spdx_json("x", data).occurrences[0].licenses == licenses


def test_spdx_within_an_answer_is_read() -> None:
    whole = json.dumps({"sbom": json.loads(document(_npm("a")))}, indent=1).encode()
    assert [one.component.name for one in read_sbom("x", whole).occurrences] == ["a"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"spdxVersion": 5}',
        b'{"spdxVersion": "SPDX-3.0"}',
        b'{"spdxVersion": "SPDX-2.3", ' + b"[" * 10**5,
    ],
)
def test_spdx_that_is_none_is_an_error_with_its_file(data: bytes) -> None:
    with pytest.raises(FactError) as caught:
        parse_spdx_json("x.spdx.json", data)
    assert str(caught.value.where).startswith("x.spdx.json")


@pytest.mark.parametrize("key", ["packages", "relationships", "documentDescribes", "annotations"])
@pytest.mark.parametrize("odd", [5, {"a": 1}, [5, {}, [1]], "x"])
def test_spdx_with_odd_values_is_read_as_far_as_it_goes(key: str, odd: Any) -> None:
    whole = json.loads(document(_npm("a"))) | {key: odd}
    parsed = parse_spdx_json("x", json.dumps(whole).encode())
    assert bool(parsed.occurrences) == (key != "packages")
    assert parsed.occurrences or parsed.unparsed


@pytest.mark.parametrize("odd", [5, {"a": 1}, [5, {}, [1]], "x"])
def test_spdx_package_with_odd_values_is_read_as_far_as_it_goes(odd: Any) -> None:
    keys = ("SPDXID", "versionInfo", "primaryPackagePurpose", "licenseConcluded", "annotations", "name")
    made = _npm("a", "b")
    made[0] |= dict.fromkeys(keys, odd)
    made[1]["externalRefs"] = odd
    parsed = parse_spdx_json("x", document(made, "DOCUMENT DESCRIBES b"))
    assert [one.component.name for one in parsed.occurrences] == ["a"]


def test_spdx_go_module_keeps_the_letters_that_its_purl_has_lost() -> None:
    small = package("github.com/0xJacky/Nginx-UI", "pkg:golang/github.com/0xjacky/nginx-ui@v1.9.9")
    parsed = parse_spdx_json("bom.json", document([small]))
    assert parsed.occurrences[0].component.name == "github.com/0xJacky/Nginx-UI"
