"""`holdfast scan --vex`: whose documents count, and what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.edges.cli.test_scan import PIN, Place
from tests.facts.vex.documents import CSAF, CYCLONEDX, OPENVEX, changed
from tests.findings.signing import Signer

LAMP = "pkg:pypi/lamp@1.0"
OPEN = changed(
    OPENVEX,
    (("timestamp",), "2020-01-01T00:00:00Z"),
    (("statements", 0, "products"), [{"@id": LAMP}]),
    (("statements",), [OPENVEX["statements"][0] | {"products": [{"@id": LAMP}]}]),
)
CYCLONE = changed(
    CYCLONEDX,
    (("metadata", "component", "purl"), "pkg:oci/shop@7"),
    (("components", 0, "purl"), LAMP),
    (("vulnerabilities", 0, "analysis", "lastUpdated"), "2020-01-01T00:00:00Z"),
)
ADVISORY = changed(
    CSAF,
    (("document", "tracking", "current_release_date"), "2020-01-01T00:00:00Z"),
    (
        ("product_tree", "branches", 0, "branches", 1, "product", "product_identification_helper"),
        {"purl": LAMP},
    ),
    (
        ("product_tree", "branches", 0, "branches", 0, "product", "product_identification_helper"),
        {"purl": "pkg:oci/shop@7"},
    ),
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.write("requirements.txt", PIN)
    return found


def written(place: Place, document: object, name: str = "vendor.json") -> str:
    file = place.tree.parent / name
    file.write_text(json.dumps(document))
    return str(file)


def of_scan(place: Place, *options: str) -> dict[str, Any]:
    return place.json(*options)


@pytest.mark.parametrize(
    ("document", "products"), [(OPEN, ()), (CYCLONE, ("pkg:oci/shop@7",)), (ADVISORY, ("pkg:oci/shop@7",))]
)
def test_every_format_clears_a_finding_that_stays_visible(
    place: Place, document: object, products: tuple[str, ...]
) -> None:
    named = [word for one in products for word in ("--product", one)]
    file = written(place, document)
    found = of_scan(place, "--vex", file, *named)
    (one,) = found["vex"]
    assert (found["findings"], one["clears"], one["purl"], one["author"]) == ([], True, LAMP, "Shop Security")
    assert "vex" not in of_scan(place)
    if products:
        assert len(of_scan(place, "--vex", file)["findings"]) == 1
        assert len(of_scan(place, "--vex", file, "--product", "pkg:oci/shop@8")["findings"]) == 1


def test_what_is_cleared_does_not_fail_a_scan(place: Place) -> None:
    file = written(place, OPEN)
    assert place.scan("--fail-on", "high").exit_code == 1
    done = place.scan("--fail-on", "high", "--vex", file)
    assert done.exit_code == 0, done.output
    assert "by Shop Security" in done.stdout
    assert "1 findings are cleared by VEX" in done.stdout
    affected = changed(OPEN, (("statements", 0, "status"), "affected"))
    assert place.scan("--fail-on", "high", "--vex", written(place, affected)).exit_code == 1
    assert place.scan("--fail-on", "high", "--vex", file, "--format", "markdown").exit_code == 1


def test_a_document_of_what_is_scanned_is_refused(place: Place) -> None:
    place.write("vendor.json", json.dumps(OPEN))
    done = place.scan("--vex", str(place.tree / "vendor.json"), "--format", "json")
    assert (done.exit_code, "speak for itself" in json.loads(done.stdout)["error"]["message"]) == (2, True)
    link = place.tree.parent / "outside.json"
    link.symlink_to(place.tree / "vendor.json")
    assert place.scan("--vex", str(link)).exit_code == 2
    outside = written(place, OPEN)
    (place.tree.parent / ".git").mkdir()  # the checkout that the folder lies in
    assert place.scan("--vex", outside).exit_code == 2


def test_notes_tell_what_matches_nothing_and_bad_files_are_refused(place: Place) -> None:
    file = written(place, changed(OPEN, (("statements", 0, "products"), [{"@id": "cpe:/a:lamp"}])))
    assert "matches nothing" in place.scan("--vex", file).stdout
    assert any("matches nothing" in note for note in of_scan(place, "--vex", file)["notes"])
    assert place.scan("--vex", str(place.tree.parent / "none.json")).exit_code == 2
    bad = place.tree.parent / "bad.json"
    bad.write_text("{")
    assert place.scan("--vex", str(bad)).exit_code == 4
    assert place.scan("--product", "shop").exit_code == 2


def test_a_scan_is_given_the_key_of_a_signed_document(place: Place, tmp_path: Path) -> None:
    signer = Signer.of("p256")
    file, key = place.tree.parent / "signed.json", place.tree.parent / "vendor.pub"
    file.write_bytes(signer.attest(OPEN, {"name": LAMP, "digest": {"sha256": "a" * 64}}))
    key.write_text(signer.pem)
    found = of_scan(place, "--vex", str(file), "--vex-key", str(key))
    assert (found["findings"], found["vex"][0]["said"].endswith(", signed")) == ([], True)
    for options, said in (
        ((), "no key is known"),
        (("--vex-key", str(file)), "is no public key"),
        (("--vex-key", str(written_key(place, Signer.of("p256")))), "another key signed it"),
    ):
        done = place.scan("--vex", str(file), *options)
        assert (done.exit_code, said in done.stderr) == (4, True), done.output
    inside = place.tree / "own.pub"
    inside.write_text(signer.pem)
    done = place.scan("--vex", str(file), "--vex-key", str(inside))
    assert (done.exit_code, "does not speak for itself" in done.stderr) == (2, True)


def written_key(place: Place, signer: Signer) -> Path:
    file = place.tree.parent / "other.pub"
    file.write_text(signer.pem)
    return file
