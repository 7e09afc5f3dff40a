"""`holdfast findings`."""

import pytest

from tests.edges.cli.shell import Shell


def test_findings_have_a_shape_and_a_word(exposed: Shell) -> None:
    line = exposed("findings").out.splitlines()[1]
    assert line.startswith("◆ open")
    assert "acme-pdf 1.4.0" in line
    assert "1.5.0" in line


def test_findings_name_what_no_verdict_can_be_given_of(exposed: Shell) -> None:
    printed = exposed("findings")
    assert "? unknown: PyPI: no feed was synced for it" in printed.err
    assert exposed.json("findings")["unknown"][0]["ecosystem"] == "PyPI"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--state", "open"], 1),
        (["--state", "resolved"], 0),
        (["--state", "open", "--state", "resolved"], 1),
        (["--service", "shop"], 1),
        (["--service", "pay"], 0),
        (["--environment", "staging"], 0),
        (["--team", "retail"], 1),
        (["--text", "acme"], 1),
        (["--exploited"], 0),
        (["--fixable"], 1),
        (["--min-severity", "7"], 0),
        (["--package-state", "will_not_fix"], 0),
    ],
)
def test_findings_are_narrowed_by_filters(exposed: Shell, options: list[str], expected: int) -> None:
    assert exposed.json("findings", *options)["total"] == expected


def test_findings_as_of_before_are_none(exposed: Shell) -> None:
    printed = exposed("findings", "--as-of", "2020-01-01T00:00:00Z")
    assert (printed.out, printed.err) == ("", "no such exposure\n")


def test_findings_in_markdown_hold_no_markup_from_outside(exposed: Shell) -> None:
    out = exposed("findings", "--format", "markdown").out
    assert out.startswith("| State |")
    assert "<" not in out


def test_findings_of_a_state_that_is_none_answer_in_json(exposed: Shell) -> None:
    document = exposed.json("findings", "--state", "fine", code=2)
    assert document["schema"] == "holdfast.error/1"


def test_findings_of_an_instant_in_the_future_are_refused(exposed: Shell) -> None:
    assert "nobody knows" in exposed("findings", "--as-of", "2199-01-01T00:00:00Z", code=2).err


def test_findings_say_what_a_distribution_will_not_fix(exposed: Shell) -> None:
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": [
            {
                "type": "library",
                "name": "openssl",
                "version": "3.0.1-1",
                "purl": "pkg:deb/debian/openssl@3.0.1-1?arch=amd64&distro=debian-12",
            }
        ],
    }
    affected = {
        "package": {"ecosystem": "Debian:12", "name": "openssl"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        "ecosystem_specific": {"urgency": "unimportant"},
    }
    record = {"id": "DEBIAN-CVE-2026-7", "modified": "2026-01-01T11:00:00Z", "affected": [affected]}
    composed = exposed.write("box.cdx.json", bom)
    exposed("release", "--no-manifest", "--service", "box", "--version", "1", "--sbom", composed)
    exposed("deploy", "box", "--environment", "production", "--version", "1")
    exposed("feed", "push", exposed.write("debian.json", record))
    found = exposed.json("findings", "--package-state", "will_not_fix")["items"]
    assert [one["name"] for one in found] == ["openssl"]
    assert "Debian will not fix it" in exposed("findings").out
    assert "Debian will not fix it" in exposed("explain", found[0]["id"]).out
