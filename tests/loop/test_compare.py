"""A comparison says why two sides differ, and no more than it can know."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from holdfast.facts.reported import read_report
from holdfast.loop.compare import CompareRow, Reason, Standing, compare
from holdfast.loop.compare_words import WORDS, range_words
from holdfast.loop.scan import scan
from holdfast.loop.scan_match import NothingKnown
from holdfast.model.advisory import Event, Pairwise, Range
from holdfast.model.component import Component, Location, Occurrence, Sbom, Source
from holdfast.model.reported import Report
from holdfast.ports.lookup import AdvisoryLookup, RecordFacts
from holdfast.testing.clocks import START
from tests.edges.providers.bucket import record
from tests.loop.test_scan import Known

TOOLS = ("grype", "osv_scanner", "trivy")
Entry = tuple[str, Sequence[str], str, str, str]
"""(id, aliases, ecosystem, name, version)."""


def grype(*entries: Entry, ignored: Sequence[Entry] = ()) -> dict[str, Any]:
    """Return a report of Grype's."""

    def match(entry: Entry) -> dict[str, Any]:
        name, aliases, ecosystem, package, version = entry
        return {
            "vulnerability": {"id": name, "fix": {"versions": ["1.7"]}},
            "relatedVulnerabilities": [{"id": one} for one in aliases],
            "artifact": {"name": package, "purl": Component(ecosystem, package, version).purl},
        }

    matches, left = ([match(one) for one in listed] for listed in (entries, ignored))
    return {"matches": matches, "ignoredMatches": left, "descriptor": {"version": "0.85.0"}}


def trivy(*entries: Entry) -> dict[str, Any]:
    """Return a report of Trivy's."""
    found = [
        {
            "VulnerabilityID": name,
            "VendorIDs": list(aliases),
            "PkgName": package,
            "PkgIdentifier": {"PURL": Component(ecosystem, package, version).purl},
            "FixedVersion": "1.7",
        }
        for name, aliases, ecosystem, package, version in entries
    ]
    return {"SchemaVersion": 2, "Results": [{"Target": "uv.lock", "Vulnerabilities": found}]}


def osv_scanner(*entries: Entry) -> dict[str, Any]:
    """Return a report of osv-scanner's."""
    packages = []
    for name, aliases, ecosystem, package, version in entries:
        affected = [{"package": {"name": package}, "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "1.7"}]}]}]
        packages.append(
            {
                "package": {"ecosystem": ecosystem, "name": package, "version": version},
                "vulnerabilities": [{"id": name, "aliases": list(aliases), "affected": affected}],
                "groups": [{"ids": [name], "aliases": list(aliases)}],
            }
        )
    return {"results": [{"source": {"path": "uv.lock"}, "packages": packages}]}


WRITERS = {"grype": grype, "osv_scanner": osv_scanner, "trivy": trivy}


def _read(document: dict[str, Any]) -> Report:
    return read_report("report.json", json.dumps(document).encode())


def _one(name: str, version: str, ecosystem: str = "PyPI", source: Source = Source.REGISTRY) -> Occurrence:
    return Occurrence(Component(ecosystem, name, version, source), (Location("uv.lock", 3),), direct=True)


def _rows(document: dict[str, Any], lookup: AdvisoryLookup, *occurrences: Occurrence) -> list[CompareRow]:
    sbom = Sbom(occurrences, (("uv.lock", "uv_lock", len(occurrences)),))
    return list(compare(_read(document), scan(sbom, lookup, START), lookup))


def _told(rows: Sequence[CompareRow]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(row.standing, row.reason, row.theirs, row.ours) for row in rows]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_same_id_and_an_alias_are_the_same_finding(tool: str) -> None:
    lookup = Known(record("L-1"), record("L-2"), clusters={"L-2": ("CVE-2026-2", "L-2")})
    entries: list[Entry] = [("L-1", [], "PyPI", "lamp", "1.0"), ("CVE-2026-2", [], "PyPI", "Lamp", "1.0.0")]
    rows = _rows(WRITERS[tool](*entries), lookup, _one("lamp", "1.0"))
    assert sorted(_told(rows)) == [("same", "alias", "CVE-2026-2", ("L-2",)), ("same", "id", "L-1", ("L-1",))]


@pytest.mark.parametrize("tool", TOOLS)
def test_an_alias_that_only_the_report_knows_counts(tool: str) -> None:
    document = WRITERS[tool](("CVE-2026-1", ["L-1"], "PyPI", "lamp", "1.0"))
    rows = _rows(document, Known(record("L-1")), _one("lamp", "1.0"))
    assert _told(rows) == [("same", "alias", "CVE-2026-1", ("L-1",))]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_range_that_differs_shows_both_sides(tool: str) -> None:
    document = WRITERS[tool](("L-1", [], "PyPI", "lamp", "1.6"))
    (row,) = _rows(document, Known(record("L-1")), _one("lamp", "1.6"))
    assert (row.standing, row.reason, row.ours, row.fixed_in) == ("only theirs", "range", ("L-1",), ("1.7",))
    assert row.because == (
        "range source: our record does not affect this version (ours: introduced 0 fixed 1.5; theirs: fixed in 1.7)"
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_what_only_they_have_says_what_we_lack(tool: str) -> None:
    lookup = Known(record("L-1"), record("L-9", name="shade"))
    entries: list[Entry] = [
        ("L-1", [], "PyPI", "lamp", "0.9"),
        ("L-1", [], "PyPI", "bulb", "1.0"),
        ("L-9", [], "PyPI", "lamp", "1.6"),
        ("L-4", [], "PyPI", "lamp", "1.6"),
        ("L-5", [], "PyPI", "wire", "1.0"),
    ]
    rows = _rows(WRITERS[tool](*entries), lookup, _one("lamp", "1.6"), _one("wire", "1.0", source=Source.PATH))
    assert {row.standing for row in rows} == {Standing.ONLY_THEIRS}
    assert [(row.package, row.theirs, row.reason) for row in rows] == [
        ("bulb", "L-1", Reason.NOT_COMPOSED),
        ("lamp", "L-1", Reason.OTHER_VERSION),
        ("lamp", "L-4", Reason.NO_RECORD),
        ("lamp", "L-9", Reason.ELSEWHERE),
        ("wire", "L-5", Reason.NAMED_ONLY),
    ]
    assert "ours: 1.6" in rows[1].because
    assert "our newest record: 2026-" in rows[2].because


def test_an_ecosystem_that_is_not_covered_is_said_so() -> None:
    entries: list[Entry] = [("X-1", [], "Atlantis", "lamp", "1.0"), ("X-2", [], "Atlantis", "elsewhere", "1.0")]
    rows = _rows(osv_scanner(*entries), Known(), _one("lamp", "1.0", "Atlantis"))
    assert [row.reason for row in rows] == [Reason.ECOSYSTEM, Reason.ECOSYSTEM]


def test_without_a_feed_nothing_is_called_a_difference() -> None:
    (row,) = _rows(trivy(("L-1", [], "PyPI", "lamp", "1.0")), NothingKnown(), _one("lamp", "1.0"))
    assert (row.standing, row.reason) == (Standing.UNKNOWN, Reason.UNJUDGED)
    assert row.detail


def test_a_record_that_does_not_tell_is_unknown() -> None:
    vague = record("L-1")
    vague["affected"] = [{"package": {"ecosystem": "PyPI", "name": "lamp"}}]
    (row,) = _rows(grype(("L-1", [], "PyPI", "lamp", "1.0")), Known(vague), _one("lamp", "1.0"))
    assert (row.standing, row.reason, row.ours) == (Standing.UNKNOWN, Reason.UNDECIDED, ("L-1",))


def _owned() -> tuple[Occurrence, Occurrence]:
    package = Component("AlmaLinux:9", "python3-lamp", "1.0-1.el9")
    place = Location("usr/lib/python3/lamp.dist-info/METADATA", None, package.purl)
    return Occurrence(package, (Location("rpm"),)), Occurrence(Component("PyPI", "lamp", "1.0"), (place,))


@pytest.mark.parametrize("tool", TOOLS)
def test_what_the_distribution_answers_for_names_its_package(tool: str) -> None:
    together = ("A-1", "CVE-2026-1")
    known = Known(record("L-1"), record("A-1", "AlmaLinux:9", "python3-lamp"), clusters={"A-1": together})
    known.ecosystems = {"PyPI", "AlmaLinux"}
    entries: list[Entry] = [("CVE-2026-1", [], "PyPI", "lamp", "1.0"), ("L-1", [], "PyPI", "lamp", "1.0")]
    rows = _rows(WRITERS[tool](*entries), known, *_owned())
    assert _told(rows) == [("only theirs", "owned", "CVE-2026-1", ("A-1",)), ("only theirs", "owned", "L-1", ())]
    assert "pkg:rpm/almalinux/python3-lamp@1.0-1.el9" in rows[0].because


def test_a_record_of_a_distribution_goes_by_the_cve_in_its_name() -> None:
    known = Known(record("DEBIAN-CVE-2026-7", "Debian:12", "lamp"))
    known.ecosystems = {"Debian"}
    source = Component("Debian:12", "liblamp1", "1.0", source_package="lamp", source_version="1.0")
    theirs = "pkg:deb/debian/liblamp1@1.0?distro=debian-12.4"
    document = {"matches": [{"vulnerability": {"id": "CVE-2026-7"}, "artifact": {"purl": theirs}}], "descriptor": {}}
    rows = _rows(document, known, Occurrence(source, (Location("status"),)))
    assert _told(rows) == [("same", "alias", "CVE-2026-7", ("DEBIAN-CVE-2026-7",))]


class Noticed(Known):
    """Advisories whose records are notices, each of these CVEs."""

    mends = ("CVE-2026-1", "CVE-2026-2")

    def facts(self, advisory_ids: Sequence[str]) -> Mapping[str, RecordFacts]:
        return {name: replace(one, mends=self.mends) for name, one in super().facts(advisory_ids).items()}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_notice_of_ours_is_the_same_as_each_cve_that_it_mends(tool: str) -> None:
    known = Noticed(record("A-1", "AlmaLinux:9", "lamp"))
    known.ecosystems = {"AlmaLinux"}
    cves = ("CVE-2026-1", "CVE-2026-2", "CVE-2026-3")
    entries: list[Entry] = [(one, [], "AlmaLinux:9", "lamp", "1.0-1.el9") for one in cves]
    rows = _rows(WRITERS[tool](*entries), known, _one("lamp", "1.0-1.el9", "AlmaLinux:9"))
    assert _told(rows) == [
        ("only theirs", "no-record", "CVE-2026-3", ()),
        ("same", "notice", "CVE-2026-1", ("A-1",)),
        ("same", "notice", "CVE-2026-2", ("A-1",)),
    ]


@pytest.mark.parametrize("written", ["1:1.0?distro=debian-12", "1.0?distro=debian-12&epoch=1"])
def test_an_epoch_counts_wherever_it_is_written(written: str) -> None:
    known = Known(record("D-1", "Debian:12", "lamp", fixed="1:1.5"))
    known.ecosystems = {"Debian"}
    artifact = {"purl": f"pkg:deb/debian/lamp@{written}"}
    document = {"matches": [{"vulnerability": {"id": "D-1"}, "artifact": artifact}], "descriptor": {}}
    assert _told(_rows(document, known, _one("lamp", "1:1.0", "Debian:12"))) == [("same", "id", "D-1", ("D-1",))]


def test_versions_without_a_place_are_the_same_as_they_are_written() -> None:
    entries: list[Entry] = [("L-1", [], "npm", "lamp", "latest"), ("L-1", [], "npm", "lamp", "newest")]
    rows = _rows(osv_scanner(*entries), Known(record("L-1", "npm")), _one("lamp", "latest", "npm"))
    assert [(row.version, row.standing, row.reason) for row in rows] == [
        ("newest", "only theirs", "other-version"),
        ("latest", "unknown", "unjudged"),
    ]


def test_what_only_we_have_says_what_they_lack() -> None:
    lookup = Known(record("L-1"), record("S-1", name="shade"), record("W-1", name="wire"))
    entries: list[Entry] = [("X-1", [], "PyPI", "lamp", "1.0"), ("S-1", [], "PyPI", "shade", "3.0")]
    rows = _rows(grype(*entries), lookup, _one("lamp", "1.0"), _one("shade", "1.0"), _one("wire", "1.0"))
    ours = [(row.package, row.ours, row.reason) for row in rows if row.standing is Standing.ONLY_OURS]
    assert ours == [
        ("lamp", ("L-1",), Reason.NOT_LISTED),
        ("shade", ("S-1",), Reason.THEIR_VERSION),
        ("wire", ("W-1",), Reason.UNLISTED),
    ]


def _listed(identifier: str, *versions: str, name: str = "lamp", ecosystem: str = "PyPI") -> dict[str, Any]:
    """A record with a range, and a list of versions."""
    whole = record(identifier, ecosystem, name)
    whole["affected"][0]["versions"] = list(versions)
    return whole


def test_what_our_range_alone_affects_is_told_from_what_our_list_names() -> None:
    lookup = Known(_listed("L-1", "0.9", "1.1"), _listed("L-2", "0.9", "1.0.0"), record("L-3"))
    rows = _rows(grype(("X-1", [], "PyPI", "lamp", "1.0")), lookup, _one("lamp", "1.0"))
    ours = [(row.ours, row.reason) for row in rows if row.standing is Standing.ONLY_OURS]
    assert ours == [(("L-1",), Reason.BY_RANGE), (("L-2",), Reason.NOT_LISTED), (("L-3",), Reason.NOT_LISTED)]


def test_a_tool_that_reads_our_records_differs_by_a_range_where_there_is_no_list() -> None:
    document = osv_scanner(("X-1", [], "PyPI", "lamp", "1.0"))
    rows = _rows(document, Known(record("L-1")), _one("lamp", "1.0"))
    assert [row.reason for row in rows if row.standing is Standing.ONLY_OURS] == [Reason.BY_RANGE]


def test_a_record_on_the_package_in_other_letters_is_told_from_one_that_is_withdrawn() -> None:
    lookup = Known(record("GO-1", "Go", "example.com/nginx-ui"), record("GO-2", "Go", "example.com/other"))
    lookup.ecosystems = {"Go"}
    entries: list[Entry] = [(name, [], "Go", "example.com/Nginx-UI", "1.0.0") for name in ("GO-1", "GO-2")]
    rows = _rows(grype(*entries), lookup, _one("example.com/Nginx-UI", "1.0.0", "Go"))
    assert [(row.theirs, row.reason, row.detail, row.ours) for row in rows] == [
        ("GO-1", Reason.SPELLING, "example.com/nginx-ui", ("GO-1",)),
        ("GO-2", Reason.ELSEWHERE, "", ("GO-2",)),
    ]


def test_what_came_with_a_distribution_may_be_left_to_it_by_them() -> None:
    place = Location("lamp/METADATA", 2, owner="pkg:deb/debian/l")
    owned = Occurrence(Component("PyPI", "lamp", "1.0"), (place,))
    (row,) = _rows(grype(), Known(record("L-1")), owned)
    assert (row.standing, row.reason, row.detail) == (Standing.ONLY_OURS, Reason.LEFT, "pkg:deb/debian/l")


def test_what_they_took_out_is_said_so_on_either_side() -> None:
    ignored: list[Entry] = [("L-1", [], "PyPI", "lamp", "1.0"), ("X-1", [], "PyPI", "lamp", "1.0")]
    rows = _rows(grype(ignored=ignored), Known(record("L-1")), _one("lamp", "1.0"))
    assert _told(rows) == [
        ("only theirs", "suppressed", "X-1", ()),
        ("only ours", "suppressed", "L-1", ("L-1",)),
    ]


def test_an_entry_without_package_makes_both_sides_unknown() -> None:
    document = {"SchemaVersion": 2, "Results": [{"Vulnerabilities": [{"VulnerabilityID": "L-1", "PkgName": "lamp"}]}]}
    rows = _rows(document, Known(record("L-1")), _one("lamp", "1.0"))
    assert _told(rows) == [("unknown", "no-package", "L-1", ()), ("unknown", "unnamed", "", ("L-1",))]


def test_secrets_and_the_like_are_of_another_kind() -> None:
    document = {"SchemaVersion": 2, "Results": [{"Target": "x", "Secrets": [{"RuleID": "aws", "Match": "AKIA"}]}]}
    (row,) = _rows(document, Known(), _one("lamp", "1.0"))
    assert (row.standing, row.reason, row.detail, row.package) == ("only theirs", "other-kind", "secret", "")


def test_rows_do_not_depend_on_the_order_of_a_report() -> None:
    lookup = Known(record("L-1"), record("S-1", name="shade"))
    composed = _one("lamp", "1.0"), _one("shade", "1.0")
    names = ("L-1", "L-2", "L-3", "L-1")
    entries: list[Entry] = [(name, ["CVE-2026-1"], "PyPI", "lamp", "1.0") for name in names]
    forth, back = (_rows(trivy(*one), lookup, *composed) for one in (entries, entries[::-1]))
    assert forth == back
    assert len(set(forth)) == len(forth)


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Reason)


def test_ranges_are_told_by_the_first_few() -> None:
    entries = [Pairwise("PyPI", "lamp", None, ("1", "2", "3", "4", "5"))]
    assert range_words(entries) == "1, 2, 3, 4, …"
    bounded = Range("ECOSYSTEM", (Event("introduced", "1"), Event("last_affected", "2")))
    assert range_words([Pairwise("PyPI", "lamp", bounded)]) == "introduced 1 last affected 2"


@pytest.mark.parametrize("tool", TOOLS)
def test_a_record_of_several_cves_is_the_same_as_one_of_them_and_the_row_names_the_others(tool: str) -> None:
    members = ("CVE-2026-1", "CVE-2026-2", "L-1")
    known = Known(record("L-1", aliases=["CVE-2026-1", "CVE-2026-2"]), clusters={"L-1": members})
    rows = _rows(WRITERS[tool](("CVE-2026-1", [], "PyPI", "lamp", "1.0")), known, _one("lamp", "1.0"))
    assert [(row.standing, row.reason, row.detail) for row in rows] == [
        (Standing.SAME, Reason.ALIAS, "ours is CVE-2026-2 as well")
    ]
