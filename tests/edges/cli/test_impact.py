"""`holdfast impact`."""

from tests.edges.cli.conftest import RECORD
from tests.edges.cli.shell import Shell


def test_impact_of_an_alias_finds_what_runs(exposed: Shell) -> None:
    document = exposed.json("impact", "CVE-2026-1")
    assert (document["schema"], document["total"]) == ("holdfast.impact/1", 1)
    assert document["items"][0]["purl"] == "pkg:pypi/acme-pdf@1.4.0"


def test_impact_of_a_record_stores_nothing(exposed: Shell) -> None:
    draft = {**RECORD, "id": "DRAFT-1", "aliases": []}
    draft["affected"] = [{"package": {"ecosystem": "PyPI", "name": "jinja2"}, "versions": ["3.1.2"]}]
    before = exposed.json("audit", "log")["items"]
    out = exposed("impact", "--record", exposed.write("draft.json", draft)).out
    assert "pkg:pypi/jinja2@3.1.2" in out
    assert exposed.json("audit", "log")["items"] == before


def test_impact_as_of_before_is_empty(exposed: Shell) -> None:
    printed = exposed("impact", "CVE-2026-1", "--as-of", "2020-01-01T00:00:00Z")
    assert printed.out == ""
    assert "nothing that runs is affected" in printed.err


def test_impact_shows_as_many_as_asked_and_says_how_many_there_are(exposed: Shell) -> None:
    for number in range(3):
        exposed("deploy", "shop", "--environment", "production", "--version", "1.0", "--target", f"cell-{number}")
    printed = exposed("impact", "CVE-2026-1", "--limit", "2")
    assert len(printed.out.splitlines()) == 3
    assert "2 of 4 are shown" in printed.err
    assert len(exposed.json("impact", "CVE-2026-1", "--limit", "1", "--all")["items"]) == 4


def test_impact_says_how_many_places_could_not_be_judged(exposed: Shell) -> None:
    assert "could not be judged" not in exposed("impact", "CVE-2026-1").err
    exposed.write("bare/requirements.txt", "jinja2==3.1.2\nacme-pdf>=1\n")
    exposed("release", exposed.files / "bare", "--version", "1.0")
    exposed("deploy", "bare", "--environment", "production", "--version", "1.0")
    said = "? 1 running place could not be judged: no SBOM, or parts not read"
    assert said in exposed("impact", "CVE-2026-1").err
    assert said in exposed("impact", "pkg:pypi/nowhere@1.0").err
    assert exposed.json("impact", "CVE-2026-1")["unknown"] == 1


def test_impact_needs_a_question(exposed: Shell) -> None:
    exposed("impact", code=2)
    exposed("impact", "CVE-2026-1", "--record", "x.json", code=2)


def test_impact_of_a_purl_without_version_says_so(exposed: Shell) -> None:
    assert "version" in exposed("impact", "pkg:pypi/jinja2", code=4).err


def test_impact_of_an_unknown_advisory_says_so(exposed: Shell) -> None:
    printed = exposed("impact", "CVE-1999-1", "--format", "json", code=4)
    assert "CVE-1999-1" in printed.json["error"]["message"]


def test_impact_of_a_missing_file_is_a_usage_error(exposed: Shell) -> None:
    assert "could not be read" in exposed("impact", "--record", "nowhere.json", code=2).err
